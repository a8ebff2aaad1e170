// Raw public keys (RFC 7250), which libssl has from 3.2 on. The references are weak: one program runs with a libssl
// that lacks the functions, and uses them where it has them, whichever it was compiled against.
#include "CSansIOTLSShims.h"

#if defined(__APPLE__)
#define WEAK __attribute__((weak_import))
#else
#define WEAK __attribute__((weak))
#endif

#if defined(__APPLE__) && !OPENSSL_VERSION_PREREQ(3, 2)
// The linker there accepts no reference to a function that the library lacks.
bool sitls_has_raw_public_keys(void) { return false; }
bool sitls_ctx_set_certificate_types(
    SSL_CTX *ctx, const unsigned char *server, size_t server_count, const unsigned char *client, size_t client_count) {
  return false;
}
bool sitls_set_certificate_types(
    SSL *ssl, const unsigned char *server, size_t server_count, const unsigned char *client, size_t client_count) {
  return false;
}
EVP_PKEY *sitls_presented_key(const X509_STORE_CTX *store) { return NULL; }
EVP_PKEY *sitls_peer_key(const SSL *ssl) { return NULL; }
#else
extern int SSL_CTX_set1_server_cert_type(SSL_CTX *ctx, const unsigned char *types, size_t count) WEAK;
extern int SSL_CTX_set1_client_cert_type(SSL_CTX *ctx, const unsigned char *types, size_t count) WEAK;
extern int SSL_set1_server_cert_type(SSL *ssl, const unsigned char *types, size_t count) WEAK;
extern int SSL_set1_client_cert_type(SSL *ssl, const unsigned char *types, size_t count) WEAK;
extern EVP_PKEY *SSL_get0_peer_rpk(const SSL *ssl) WEAK;
extern EVP_PKEY *X509_STORE_CTX_get0_rpk(const X509_STORE_CTX *store) WEAK;

bool sitls_has_raw_public_keys(void) {
  return SSL_CTX_set1_server_cert_type && SSL_CTX_set1_client_cert_type && SSL_set1_server_cert_type &&
         SSL_set1_client_cert_type && SSL_get0_peer_rpk && X509_STORE_CTX_get0_rpk;
}

// No types are set as NULL, which is the default.
bool sitls_ctx_set_certificate_types(
    SSL_CTX *ctx, const unsigned char *server, size_t server_count, const unsigned char *client, size_t client_count) {
  return sitls_has_raw_public_keys() &&
         SSL_CTX_set1_server_cert_type(ctx, server_count ? server : NULL, server_count) == 1 &&
         SSL_CTX_set1_client_cert_type(ctx, client_count ? client : NULL, client_count) == 1;
}
bool sitls_set_certificate_types(
    SSL *ssl, const unsigned char *server, size_t server_count, const unsigned char *client, size_t client_count) {
  return sitls_has_raw_public_keys() &&
         SSL_set1_server_cert_type(ssl, server_count ? server : NULL, server_count) == 1 &&
         SSL_set1_client_cert_type(ssl, client_count ? client : NULL, client_count) == 1;
}
EVP_PKEY *sitls_presented_key(const X509_STORE_CTX *store) {
  return sitls_has_raw_public_keys() ? X509_STORE_CTX_get0_rpk(store) : NULL;
}
EVP_PKEY *sitls_peer_key(const SSL *ssl) { return sitls_has_raw_public_keys() ? SSL_get0_peer_rpk(ssl) : NULL; }
#endif
