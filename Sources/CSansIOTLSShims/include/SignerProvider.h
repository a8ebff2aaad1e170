// Private keys that libcrypto does not hold: an EVP_PKEY made of a public key and of a function that signs.
#ifndef SANS_IO_TLS_SIGNER_PROVIDER_H
#define SANS_IO_TLS_SIGNER_PROVIDER_H

#include <openssl/types.h>
#include <stddef.h>
#include <stdint.h>

// Signs bytes by a scheme of TLS (its IANA number). `length` is the room in `signature`, then the signature's length.
// Returns 1; or 0 after sitls_signer_refused, or if the signature is longer than the room. It is called on the thread
// that is inside libssl, from several threads at once.
typedef int (*sitls_sign)(
    void *signer, uint16_t scheme, const unsigned char *bytes, size_t count, unsigned char *signature, size_t *length);
typedef void (*sitls_signer_release)(void *signer);

// The reasons of what this provider notes in the error queue, where its library is "signer".
enum { sitls_signer_failed = 100, sitls_signer_wrong_signature = 101, sitls_signer_unknown_scheme = 102 };

// A library context that holds the provider of these keys and nothing else. It is made once and never freed, because
// keys may outlive everything else. NULL if libcrypto refuses. A key of it works in an SSL_CTX of any library context.
OSSL_LIB_CTX *sitls_signer_library_new(void);

// A key pair whose public part is `public_key`, of which it takes a reference. The key owns `signer` from here on, even
// if this fails: `release` is called once. NULL if the type of key is another than RSA, EC, Ed25519 and Ed448.
EVP_PKEY *sitls_signer_key_new(
    OSSL_LIB_CTX *library, EVP_PKEY *public_key, sitls_sign sign, sitls_signer_release release, void *signer);

// Notes in the error queue that a signer refused, and its words.
void sitls_signer_refused(const char *words);

#endif
