// The loop. It is fast because it follows the manual pages: the error queue is cleared only if it is not empty,
// ciphertext is copied from one buffer's window to the other's with a single memcpy, and libssl is not called if it
// could only return WANT_READ.
#include "internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { ring_size = 17 * 1024, largest_message = 65536 };

typedef struct {
  SSL *ssl;
  BIO *network;
} endpoint;

struct reference_pair {
  endpoint client;
  endpoint server;
  unsigned char outgoing[largest_message];
  unsigned char incoming[largest_message];
};

static inline void clear_errors(void) {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

static bool endpoint_open(endpoint *self, SSL_CTX *context) {
  self->ssl = SSL_new(context);
  BIO *internal = NULL;
  if (self->ssl == NULL || !BIO_new_bio_pair(&internal, ring_size, &self->network, ring_size)) return false;
  SSL_set_bio(self->ssl, internal, internal);
  return true;
}

static void endpoint_close(endpoint *self) {
  if (self->ssl != NULL) SSL_set_shutdown(self->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(self->ssl);
  BIO_free(self->network);
}

// Moves all pending ciphertext of `source` into the buffer of `target`, at most two windows on either side.
static inline bool move(endpoint *source, endpoint *target) {
  char *from, *to;
  int waiting;
  while ((waiting = BIO_nread0(source->network, &from)) > 0) {
    int count = BIO_nwrite(target->network, &to, waiting);
    if (count <= 0) return false;
    memcpy(to, from, (size_t)count);
    BIO_nread(source->network, &from, count);
  }
  return true;
}

static inline bool wants_read(const endpoint *self, int result) {
  return SSL_get_error(self->ssl, result) == SSL_ERROR_WANT_READ;
}

// Transfers one message from `source` to `target`.
static inline bool pass(endpoint *source, endpoint *target, const unsigned char *message, unsigned char *received,
                        size_t size) {
  size_t sent = 0, arrived = 0, count;
  while (sent < size) {
    clear_errors();
    int result = SSL_write_ex(source->ssl, message + sent, size - sent, &count);
    if (result == 1)
      sent += count;
    else if (SSL_get_error(source->ssl, result) != SSL_ERROR_WANT_WRITE)
      return false;
    if (!move(source, target)) return false;
    while (arrived < sent) {
      clear_errors();
      result = SSL_read_ex(target->ssl, received + arrived, size - arrived, &count);
      if (result == 1)
        arrived += count;
      else if (wants_read(target, result))
        break;
      else
        return false;
    }
  }
  return arrived == size;
}

// Runs SSL_connect and SSL_accept until both complete, then reads the server's tickets.
static bool handshake(endpoint *client, endpoint *server, unsigned char *scratch, size_t capacity) {
  bool client_done = false, server_done = false;
  while (!client_done || !server_done) {
    if (!client_done) {
      clear_errors();
      int result = SSL_do_handshake(client->ssl);
      client_done = result == 1;
      if (!client_done && !wants_read(client, result)) return false;
      if (!move(client, server)) return false;
    }
    if (!server_done) {
      clear_errors();
      int result = SSL_do_handshake(server->ssl);
      server_done = result == 1;
      if (!server_done && !wants_read(server, result)) return false;
      if (!move(server, client)) return false;
    }
  }
  // Without AUTO_RETRY each ticket returns WANT_READ once.
  while (BIO_ctrl_wpending(client->network) > 0) {
    size_t count;
    clear_errors();
    int result = SSL_read_ex(client->ssl, scratch, capacity, &count);
    if (result == 1 || !wants_read(client, result)) return false;
  }
  return true;
}

static bool connection_open(const reference_contexts *contexts, SSL_SESSION *session, endpoint *client,
                            endpoint *server, unsigned char *scratch, size_t capacity) {
  if (!endpoint_open(client, contexts->client) || !endpoint_open(server, contexts->server)) return false;
  SSL_set_connect_state(client->ssl);
  SSL_set_accept_state(server->ssl);
  SSL_set_hostflags(client->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set_tlsext_host_name(client->ssl, contexts->server_name) &&
         SSL_set1_host(client->ssl, contexts->server_name) && (session == NULL || SSL_set_session(client->ssl, session)) &&
         handshake(client, server, scratch, capacity);
}

reference_pair *reference_pair_new(const reference_contexts *contexts) {
  reference_pair *pair = calloc(1, sizeof *pair);
  if (pair == NULL) return NULL;
  memset(pair->outgoing, 0x5a, sizeof pair->outgoing);
  if (connection_open(contexts, NULL, &pair->client, &pair->server, pair->incoming, sizeof pair->incoming)) return pair;
  reference_pair_free(pair);
  return NULL;
}

void reference_pair_free(reference_pair *pair) {
  if (pair == NULL) return;
  endpoint_close(&pair->client);
  endpoint_close(&pair->server);
  free(pair);
}

static bool handshakes(const reference_contexts *contexts, bool resumed, long count) {
  unsigned char scratch[64];
  for (long index = 0; index < count; index++) {
    endpoint client = {0}, server = {0};
    bool ok =
        connection_open(contexts, resumed ? contexts->session : NULL, &client, &server, scratch, sizeof scratch) &&
        SSL_session_reused(client.ssl) == resumed;
    endpoint_close(&client);
    endpoint_close(&server);
    if (!ok) return false;
  }
  return true;
}

bool reference_handshakes(const reference_contexts *contexts, long count) { return handshakes(contexts, false, count); }

bool reference_resumed_handshakes(const reference_contexts *contexts, long count) {
  return (contexts->session != NULL || handshakes(contexts, false, 1)) && handshakes(contexts, true, count);
}

bool reference_messages(reference_pair *pair, size_t size, long count) {
  if (size > largest_message) return false;
  for (long index = 0; index < count; index++)
    if (!pass(&pair->client, &pair->server, pair->outgoing, pair->incoming, size)) return false;
  return true;
}

bool reference_round_trips(reference_pair *pair, size_t size, long count) {
  if (size > largest_message) return false;
  for (long index = 0; index < count; index++) {
    if (!pass(&pair->client, &pair->server, pair->outgoing, pair->incoming, size)) return false;
    if (!pass(&pair->server, &pair->client, pair->outgoing, pair->incoming, size)) return false;
  }
  return true;
}

struct reference_idle {
  SSL *ssl;
};

static SSL *endpoint_hibernate(endpoint *self) {
  if (!SSL_free_buffers(self->ssl)) return NULL;
  SSL_set_bio(self->ssl, NULL, NULL);
  BIO_free(self->network);
  self->network = NULL;
  return self->ssl;
}

reference_idle *reference_idle_new(const reference_contexts *contexts, bool server) {
  unsigned char message[1000] = {0}, received[1000];
  endpoint sides[2] = {{0}, {0}};
  endpoint *kept = &sides[server], *peer = &sides[!server];
  reference_idle *idle = malloc(sizeof *idle);
  if (idle != NULL && connection_open(contexts, NULL, &sides[0], &sides[1], received, sizeof received) &&
      pass(&sides[0], &sides[1], message, received, sizeof message) &&
      pass(&sides[1], &sides[0], message, received, sizeof message) &&
      (idle->ssl = endpoint_hibernate(kept)) != NULL) {
    endpoint_close(peer);
    return idle;
  }
  endpoint_close(&sides[0]);
  endpoint_close(&sides[1]);
  free(idle);
  return NULL;
}

void reference_idle_free(reference_idle *idle) {
  if (idle == NULL) return;
  SSL_free(idle->ssl);
  free(idle);
}
