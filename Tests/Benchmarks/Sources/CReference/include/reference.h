// The yardstick: the loop that a careful C programmer writes against libssl with one BIO pair per endpoint, a client
// and a server in one thread, ciphertext moved by memcpy from window to window. Nothing here knows of the engine.
#ifndef BENCHMARKS_REFERENCE_H
#define BENCHMARKS_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct reference_contexts reference_contexts;
typedef struct reference_pair reference_pair;

// A client's and a server's SSL_CTX for exactly one protocol version (0x0303 or 0x0304), NULL where libssl refuses.
// Three credentials are PEM text: the authority that the client trusts, the server's chain and its key; `server_name`
// is the name that the client checks.
reference_contexts *reference_contexts_new(int version, const char *authority, const char *chain,
                                           const char *private_key, const char *server_name);
void reference_contexts_free(reference_contexts *contexts);

// A connected pair: handshake done and the server's tickets read by the client.
reference_pair *reference_pair_new(const reference_contexts *contexts);
void reference_pair_free(reference_pair *pair);

// `count` connections one after the other, each from SSL_new to SSL_free.
bool reference_handshakes(const reference_contexts *contexts, long count);

// `count` messages of `size` bytes (at most 65,536), each received whole before the next is sent.
bool reference_messages(reference_pair *pair, size_t size, long count);

// `count` times a message of `size` bytes to the server and one back.
bool reference_round_trips(reference_pair *pair, size_t size, long count);

// One side of a connection at rest: a message passed each way, libssl's buffers freed, the BIO pair removed, the peer
// gone. NULL where that failed.
typedef struct reference_idle reference_idle;
reference_idle *reference_idle_new(const reference_contexts *contexts, bool server);
void reference_idle_free(reference_idle *idle);

#endif
