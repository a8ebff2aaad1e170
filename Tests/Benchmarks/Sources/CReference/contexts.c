// Configures both SSL_CTX with the same options as the engine's TLSContext: a comparison of loops, not of settings.
#include "internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char session_context[] = "benchmarks";

// Takes ownership of the last session, as the engine does for its event.
static int take_session(SSL *ssl, SSL_SESSION *session) {
  reference_contexts *contexts = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
  SSL_SESSION_free(contexts->session);
  contexts->session = session;
  return 1;
}

static int acknowledge_server_name(SSL *ssl, int *alert, void *unused) {
  (void)alert;
  (void)unused;
  return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *context_new(int version) {
  SSL_CTX *context = SSL_CTX_new(TLS_method());
  if (context == NULL) return NULL;
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context, 0);
  if (!SSL_CTX_set_min_proto_version(context, version) || !SSL_CTX_set_max_proto_version(context, version)) {
    SSL_CTX_free(context);
    return NULL;
  }
  return context;
}

static bool trust(SSL_CTX *context, const char *pem) {
  BIO *text = BIO_new_mem_buf(pem, -1);
  X509 *authority = PEM_read_bio_X509(text, NULL, NULL, NULL);
  bool ok = authority != NULL && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
  X509_free(authority);
  BIO_free(text);
  return ok;
}

static bool identify(SSL_CTX *context, const char *chain, const char *private_key) {
  BIO *text = BIO_new_mem_buf(chain, -1);
  X509 *certificate = PEM_read_bio_X509(text, NULL, NULL, NULL);
  bool ok = certificate != NULL && SSL_CTX_use_certificate(context, certificate);
  X509_free(certificate);
  while (ok && (certificate = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL) {
    ok = SSL_CTX_add1_chain_cert(context, certificate);
    X509_free(certificate);
  }
  BIO_free(text);
  ERR_clear_error();  // the end of the PEM text is an entry in the queue

  BIO *key_text = BIO_new_mem_buf(private_key, -1);
  EVP_PKEY *key = PEM_read_bio_PrivateKey(key_text, NULL, NULL, NULL);
  ok = ok && key != NULL && SSL_CTX_use_PrivateKey(context, key) && SSL_CTX_check_private_key(context);
  EVP_PKEY_free(key);
  BIO_free(key_text);
  return ok;
}

reference_contexts *reference_contexts_new(int version, const char *authority, const char *chain,
                                           const char *private_key, const char *server_name) {
  reference_contexts *contexts = calloc(1, sizeof *contexts);
  if (contexts == NULL) return NULL;
  contexts->client = context_new(version);
  contexts->server = context_new(version);
  contexts->server_name = strdup(server_name);
  if (contexts->client == NULL || contexts->server == NULL || contexts->server_name == NULL ||
      !trust(contexts->client, authority) ||
      !identify(contexts->server, chain, private_key)) {
    reference_contexts_free(contexts);
    return NULL;
  }
  SSL_CTX_set_verify(contexts->client, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_session_cache_mode(contexts->client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(contexts->client, take_session);
  SSL_CTX_set_app_data(contexts->client, contexts);

  SSL_CTX_set_session_cache_mode(contexts->server, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(contexts->server, session_context, sizeof session_context - 1);
  SSL_CTX_set_num_tickets(contexts->server, 1);
  SSL_CTX_set_tlsext_servername_callback(contexts->server, acknowledge_server_name);
  return contexts;
}

void reference_contexts_free(reference_contexts *contexts) {
  if (contexts == NULL) return;
  SSL_SESSION_free(contexts->session);
  SSL_CTX_free(contexts->client);
  SSL_CTX_free(contexts->server);
  free(contexts->server_name);
  free(contexts);
}
