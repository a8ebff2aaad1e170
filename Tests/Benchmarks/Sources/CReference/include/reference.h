// The reference: a careful loop in C over libssl with one BIO pair per endpoint, a client and a server in one thread,
// and ciphertext moved by memcpy from window to window. It does not depend on the engine.
#ifndef BENCHMARKS_REFERENCE_H
#define BENCHMARKS_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct reference_contexts reference_contexts;
typedef struct reference_pair reference_pair;

// A client's and a server's SSL_CTX for exactly one protocol version (0x0303 or 0x0304), NULL if libssl refuses.
// Three credentials are PEM text: the authority that the client trusts, the server's chain and its key; `server_name`
// is the name that the client checks.
reference_contexts *reference_contexts_new(int version, const char *authority, const char *chain,
                                           const char *private_key, const char *server_name);
void reference_contexts_free(reference_contexts *contexts);

// A connected pair: the handshake is complete, and the client has read the server's tickets.
reference_pair *reference_pair_new(const reference_contexts *contexts);
void reference_pair_free(reference_pair *pair);

// Performs `count` successive connections, each from SSL_new to SSL_free.
bool reference_handshakes(const reference_contexts *contexts, long count);

// The same with the session of the connection before, which the client offers and the server resumes.
bool reference_resumed_handshakes(const reference_contexts *contexts, long count);

// Transfers `count` messages of `size` bytes (at most 65,536), each received before the next is sent.
bool reference_messages(reference_pair *pair, size_t size, long count);

// Transfers `count` times a message of `size` bytes to the server and one back.
bool reference_round_trips(reference_pair *pair, size_t size, long count);

// One side of an idle connection, after a message in each direction, without libssl's buffers, BIO pair and peer. NULL
// on failure.
typedef struct reference_idle reference_idle;
reference_idle *reference_idle_new(const reference_contexts *contexts, bool server);
void reference_idle_free(reference_idle *idle);

#endif
