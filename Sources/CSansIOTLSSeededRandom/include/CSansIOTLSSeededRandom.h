// An isolated library context of libcrypto whose random numbers come from a seed. FOR TESTS ONLY: anyone who knows the
// seed knows every key. Nothing of it touches the default library context, whose randomness stays what it was.
#ifndef SANS_IO_TLS_SEEDED_RANDOM_H
#define SANS_IO_TLS_SEEDED_RANDOM_H

#include <openssl/types.h>
#include <stdint.h>

typedef struct sitls_seeded_library sitls_seeded_library;

// Makes a library context with libcrypto's default provider and a generator of its own; NULL if libcrypto refuses. It
// is never to be freed: a thread that drew from it still holds a generator of it, which it releases when it ends.
sitls_seeded_library *sitls_seeded_library_new(void);

// Restarts all draws from a seed.
void sitls_seeded_library_reset(sitls_seeded_library *library, uint64_t seed);

// The library context, to be handed to libcrypto and libssl.
OSSL_LIB_CTX *sitls_seeded_library_context(const sitls_seeded_library *library);

// How many times random bytes were drawn since the last reset: two runs that part ways here differ in what they asked
// for.
uint64_t sitls_seeded_library_draws(sitls_seeded_library *library);

#endif
