#ifndef BENCHMARKS_REFERENCE_INTERNAL_H
#define BENCHMARKS_REFERENCE_INTERNAL_H

#include "reference.h"

#include <openssl/ssl.h>

struct reference_contexts {
  SSL_CTX *client;
  SSL_CTX *server;
  char *server_name;
  // The last session that the client received.
  SSL_SESSION *session;
};

#endif
