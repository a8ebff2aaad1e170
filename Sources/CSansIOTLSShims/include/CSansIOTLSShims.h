// Macros (and variadic or callback-typed functions) of OpenSSL that the Swift importer leaves out, one static inline
// function each. Whatever a later or an earlier libssl may lack is found by feature tests here, so that no Swift file
// asks for a version.
#ifndef SANS_IO_TLS_SHIMS_H
#define SANS_IO_TLS_SHIMS_H

#if !__has_include(<openssl/ssl.h>)
#error "OpenSSL's headers are missing. Debian, Ubuntu: apt-get install libssl-dev pkg-config. Fedora: dnf install openssl-devel. macOS: brew install openssl@3 pkg-config."
#endif

#include "SignerProvider.h"

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/ct.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// MARK: SSL_CTX

static inline int sitls_ctx_set_min_version(SSL_CTX *ctx, int version) {
  return (int)SSL_CTX_set_min_proto_version(ctx, version);
}
static inline int sitls_ctx_set_max_version(SSL_CTX *ctx, int version) {
  return (int)SSL_CTX_set_max_proto_version(ctx, version);
}
static inline int sitls_ctx_min_version(SSL_CTX *ctx) { return (int)SSL_CTX_get_min_proto_version(ctx); }
static inline int sitls_ctx_max_version(SSL_CTX *ctx) { return (int)SSL_CTX_get_max_proto_version(ctx); }
static inline int sitls_ctx_set_groups(SSL_CTX *ctx, const char *list) {
  return (int)SSL_CTX_set1_groups_list(ctx, list);
}
static inline int sitls_ctx_set_signature_algorithms(SSL_CTX *ctx, const char *list) {
  return (int)SSL_CTX_set1_sigalgs_list(ctx, list);
}

static inline int sitls_ctx_cipher_count(SSL_CTX *ctx) { return sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(ctx)); }
static inline const SSL_CIPHER *sitls_ctx_cipher(SSL_CTX *ctx, int index) {
  return sk_SSL_CIPHER_value(SSL_CTX_get_ciphers(ctx), index);
}
static inline int sitls_cipher_count(SSL *ssl) {
  return SSL_get_ciphers(ssl) ? sk_SSL_CIPHER_num(SSL_get_ciphers(ssl)) : 0;
}
static inline const SSL_CIPHER *sitls_cipher(SSL *ssl, int index) {
  return sk_SSL_CIPHER_value(SSL_get_ciphers(ssl), index);
}
static inline void sitls_ctx_use_automatic_dh(SSL_CTX *ctx) { SSL_CTX_set_dh_auto(ctx, 1); }

static inline void sitls_ctx_set_mode(SSL_CTX *ctx, uint32_t mode) { SSL_CTX_set_mode(ctx, mode); }
static inline void sitls_ctx_clear_mode(SSL_CTX *ctx, uint32_t mode) { SSL_CTX_clear_mode(ctx, mode); }
static inline void sitls_ctx_set_read_ahead(SSL_CTX *ctx, int count) { SSL_CTX_set_read_ahead(ctx, count); }
static inline void sitls_ctx_set_session_cache_mode(SSL_CTX *ctx, int mode) {
  SSL_CTX_set_session_cache_mode(ctx, mode);
}
static inline void sitls_ctx_set_session_cache_size(SSL_CTX *ctx, long count) {
  SSL_CTX_sess_set_cache_size(ctx, count);
}

// MARK: Digests and tickets

static inline bool sitls_sha256(const unsigned char *bytes, size_t count, unsigned char digest[32]) {
  return EVP_Q_digest(NULL, "SHA256", NULL, bytes, count, digest, NULL) == 1;
}
static inline bool sitls_hmac_sha256(const unsigned char *key, size_t key_count, const unsigned char *bytes,
                                     size_t count, unsigned char code[32]) {
  return EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_count, bytes, count, code, 32, NULL) != NULL;
}
static inline EVP_CIPHER *sitls_fetch_ticket_cipher(OSSL_LIB_CTX *library) {
  return EVP_CIPHER_fetch(library, "AES-256-CBC", NULL);
}
// Prepares the encryption or decryption of a session ticket by 32 bytes for the cipher and 32 for HMAC-SHA-256.
static inline bool sitls_prepare_ticket(EVP_CIPHER_CTX *cipher_context, EVP_MAC_CTX *mac, const EVP_CIPHER *cipher,
                                        const unsigned char *keys, const unsigned char *vector, bool encrypts) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(keys + 32), 32),
                             OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                             OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1 &&
         EVP_CipherInit_ex(cipher_context, cipher, NULL, keys, vector, encrypts) == 1;
}
static inline void sitls_ctx_set_server_name_callback(SSL_CTX *ctx, int (*callback)(SSL *, int *, void *)) {
  SSL_CTX_set_tlsext_servername_callback(ctx, callback);
}

// The options' macros are casts, which Swift does not import. 0: this libssl does not define it.
static const uint64_t sitls_op_no_ticket = SSL_OP_NO_TICKET;
static const uint64_t sitls_op_no_anti_replay = SSL_OP_NO_ANTI_REPLAY;
static const uint64_t sitls_op_no_tls13 = SSL_OP_NO_TLSv1_3;
static const uint64_t sitls_op_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t sitls_op_no_resumption_on_renegotiation = SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION;
static const uint64_t sitls_op_no_compression = SSL_OP_NO_COMPRESSION;
static const uint64_t sitls_op_cipher_server_preference = SSL_OP_CIPHER_SERVER_PREFERENCE;
static const uint64_t sitls_op_allow_unsafe_legacy_renegotiation = SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION;
static const uint64_t sitls_op_allow_no_dhe_kex = SSL_OP_ALLOW_NO_DHE_KEX;
#ifdef SSL_OP_ALLOW_CLIENT_RENEGOTIATION
static const uint64_t sitls_op_allow_client_renegotiation = SSL_OP_ALLOW_CLIENT_RENEGOTIATION;
#else
static const uint64_t sitls_op_allow_client_renegotiation = 0;
#endif
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
static const uint64_t sitls_op_ignore_unexpected_eof = SSL_OP_IGNORE_UNEXPECTED_EOF;
#else
static const uint64_t sitls_op_ignore_unexpected_eof = 0;
#endif

// MARK: What providers declare

// Takes a name in TLS, the provider's own name for it, and its number.
typedef void (*sitls_name_taker)(void *taker, const char *name, const char *inner_name, uint32_t identifier);
struct sitls_name_visit {
  const char *capability, *name, *inner_name, *number;
  sitls_name_taker take;
  void *taker;
};
static inline int sitls_visit_name(const OSSL_PARAM parameters[], void *argument) {
  const struct sitls_name_visit *visit = argument;
  const char *name = NULL, *inner_name = NULL;
  uint32_t identifier = 0;
  const OSSL_PARAM *inner = OSSL_PARAM_locate_const(parameters, visit->inner_name);
  const OSSL_PARAM *number = OSSL_PARAM_locate_const(parameters, visit->number);
  const OSSL_PARAM *outer = OSSL_PARAM_locate_const(parameters, visit->name);
  if (outer && inner && number && OSSL_PARAM_get_utf8_string_ptr(outer, &name) &&
      OSSL_PARAM_get_utf8_string_ptr(inner, &inner_name) && OSSL_PARAM_get_uint32(number, &identifier)) {
    visit->take(visit->taker, name, inner_name, identifier);
  }
  return 1;
}
static inline int sitls_visit_provider(OSSL_PROVIDER *provider, void *argument) {
  const struct sitls_name_visit *visit = argument;
  OSSL_PROVIDER_get_capabilities(provider, visit->capability, sitls_visit_name, argument);
  return 1;
}
// The groups of all providers of a library context (NULL: the default one), in the order in which libssl looks through
// them.
static inline void sitls_declared_groups(OSSL_LIB_CTX *library, sitls_name_taker take, void *taker) {
  struct sitls_name_visit visit = {
    "TLS-GROUP", "tls-group-name", "tls-group-name-internal", "tls-group-id", take, taker};
  OSSL_PROVIDER_do_all(library, sitls_visit_provider, &visit);
}
// The signature schemes of all providers of a library context; none before 3.2, which has no such capability.
static inline void sitls_declared_signature_schemes(OSSL_LIB_CTX *library, sitls_name_taker take, void *taker) {
  struct sitls_name_visit visit = {
      "TLS-SIGALG", "tls-sigalg-iana-name", "tls-sigalg-name", "tls-sigalg-code-point", take, taker};
  OSSL_PROVIDER_do_all(library, sitls_visit_provider, &visit);
}

// MARK: Library contexts

// Keeps a library context for the life of the process (kept_libraries.c); false for lack of memory.
bool sitls_keep_library(OSSL_LIB_CTX *library);
// Creates a library context with the part of the default provider that TLS uses (lean_provider.c). It is called once:
// the algorithms are those of `full`, in which the default provider is loaded, and which is kept.
OSSL_LIB_CTX *sitls_lean_library(OSSL_LIB_CTX *full);

// MARK: Raw public keys (raw_public_keys.c)

bool sitls_has_raw_public_keys(void);
// Sets the types of certificates (IANA "TLS Certificate Types") that connections of a context, or one connection,
// negotiate for the server's and for the client's; none for X.509 alone.
bool sitls_ctx_set_certificate_types(
    SSL_CTX *ctx, const unsigned char *server, size_t server_count, const unsigned char *client, size_t client_count);
bool sitls_set_certificate_types(
    SSL *ssl, const unsigned char *server, size_t server_count, const unsigned char *client, size_t client_count);
// The key that a verification judges, and the one that a peer presented; NULL where it is a certificate.
EVP_PKEY *sitls_presented_key(const X509_STORE_CTX *store);
EVP_PKEY *sitls_peer_key(const SSL *ssl);

// MARK: Signatures

// The digest and the kind of a signature; false if there is none.
static inline bool sitls_own_signature(SSL *ssl, int *digest, int *kind) {
  return SSL_get_signature_nid(ssl, digest) == 1 && SSL_get_signature_type_nid(ssl, kind) == 1;
}
static inline bool sitls_peer_signature(SSL *ssl, int *digest, int *kind) {
  return SSL_get_peer_signature_nid(ssl, digest) == 1 && SSL_get_peer_signature_type_nid(ssl, kind) == 1;
}

// MARK: SSL

// The certificates that follow this side's own.
static inline STACK_OF(X509) *sitls_own_chain(SSL *ssl) {
  STACK_OF(X509) *chain = NULL;
  return SSL_get0_chain_certs(ssl, &chain) == 1 ? chain : NULL;
}
static inline int sitls_set_min_version(SSL *ssl, int version) { return (int)SSL_set_min_proto_version(ssl, version); }
static inline int sitls_set_max_version(SSL *ssl, int version) { return (int)SSL_set_max_proto_version(ssl, version); }
static inline int sitls_set_server_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }
static inline int sitls_set_groups(SSL *ssl, const char *list) { return (int)SSL_set1_groups_list(ssl, list); }
// The names of the authorities that the peer's request or ClientHello lists; they are the connection's own.
static inline int sitls_peer_authority_count(const SSL *ssl) {
  const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(ssl);
  return names ? sk_X509_NAME_num(names) : 0;
}
static inline X509_NAME *sitls_peer_authority(const SSL *ssl, int index) {
  return sk_X509_NAME_value(SSL_get0_peer_CA_list(ssl), index);
}
// The certificate types of a TLS 1.2 server's request, in the connection's own memory, and how many.
static inline int sitls_certificate_types(SSL *ssl, const unsigned char **types) {
  return (int)SSL_get0_certificate_types(ssl, types);
}
static inline int sitls_set_signature_algorithms(SSL *ssl, const char *list) {
  return (int)SSL_set1_sigalgs_list(ssl, list);
}
// The message that the state machine has read last, by libssl's name of the state: its number differs between versions.
static inline bool sitls_has_read_finished(const SSL *ssl) { return strcmp(SSL_state_string(ssl), "TRFIN") == 0; }
static inline bool sitls_has_read_certificate_request(const SSL *ssl) {
  return strcmp(SSL_state_string(ssl), "TRCR") == 0;
}
static inline bool sitls_has_extended_main_secret(SSL *ssl) { return SSL_get_extms_support(ssl) == 1; }

// Name of the negotiated key-exchange group, NULL where none was (RSA key exchange). Of a resumption in TLS 1.2 it is
// the one that the session was made with.
static inline const char *sitls_group_name(SSL *ssl) {
#ifdef SSL_CTRL_GET_NEGOTIATED_GROUP
  int identifier = (int)SSL_get_negotiated_group(ssl);
  return identifier ? SSL_group_to_name(ssl, identifier) : NULL;
#else
  return NULL;
#endif
}

// Suspends a client's certificate check (3.0.2 and later). False: this libssl cannot.
static inline bool sitls_can_suspend_verification(void) {
#ifdef SSL_CTRL_SET_RETRY_VERIFY
  return true;
#else
  return false;
#endif
}
static inline bool sitls_suspend_verification(SSL *ssl) {
#ifdef SSL_CTRL_SET_RETRY_VERIFY
  return SSL_set_retry_verify(ssl);
#else
  (void)ssl;
  return false;
#endif
}
#ifdef SSL_ERROR_WANT_RETRY_VERIFY
enum { sitls_error_want_retry_verify = SSL_ERROR_WANT_RETRY_VERIFY };
#else
enum { sitls_error_want_retry_verify = -1 };
#endif

// Where a client is in the handshake. By name: the numbers of states are others in later versions.
static inline bool sitls_has_written_client_hello(const SSL *ssl) { return strcmp(SSL_state_string(ssl), "TWCH") == 0; }
static inline bool sitls_has_read_server_hello(const SSL *ssl) { return strcmp(SSL_state_string(ssl), "TRSH") == 0; }

// True between records: libssl waits for a record header ("RH"), not for a body.
static inline bool sitls_awaits_header(SSL *ssl) { return SSL_rstate_string(ssl)[1] == 'H'; }

// MARK: SSL_SESSION

// When a session was made, in seconds of POSIX time. The functions of 3.0 end in 2038 where a long is short, and are
// deprecated from 3.4 on.
static inline int64_t sitls_session_time(const SSL_SESSION *session) {
#if OPENSSL_VERSION_PREREQ(3, 3)
  return (int64_t)SSL_SESSION_get_time_ex(session);
#else
  return (int64_t)SSL_SESSION_get_time(session);
#endif
}
static inline void sitls_set_session_time(SSL_SESSION *session, int64_t time) {
#if OPENSSL_VERSION_PREREQ(3, 3)
  (void)SSL_SESSION_set_time_ex(session, (time_t)time);
#else
  (void)SSL_SESSION_set_time(session, (long)time);
#endif
}

// MARK: BIO

static inline BIO *sitls_open_file(const char *path) { return BIO_new_file(path, "rb"); }

static inline void sitls_end_of_input(BIO *network) { (void)BIO_shutdown_wr(network); }

// MARK: Keys

// What a decoder looks for: a private key with its public one.
enum { sitls_key_pair = EVP_PKEY_KEYPAIR };
// The reason of every library for what it, or its providers, do not have.
enum { sitls_reason_unsupported = ERR_R_UNSUPPORTED };

// MARK: X.509

static inline int sitls_x509_count(const STACK_OF(X509) *stack) { return stack ? sk_X509_num(stack) : 0; }
static inline X509 *sitls_x509_at(const STACK_OF(X509) *stack, int index) { return sk_X509_value(stack, index); }
static inline STACK_OF(X509) *sitls_x509_stack(void) { return sk_X509_new_null(); }
static inline int sitls_x509_push(STACK_OF(X509) *stack, X509 *certificate) { return sk_X509_push(stack, certificate); }
static inline void sitls_x509_stack_free(STACK_OF(X509) *stack) { sk_X509_free(stack); }
static inline void sitls_x509_stack_free_all(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }
static inline STACK_OF(X509) *sitls_sent_chain(const X509_STORE_CTX *store) {
  return X509_STORE_CTX_get0_untrusted((X509_STORE_CTX *)store);
}
// How many certificates and CRLs the context's store holds; those of its directories are not among them.
static inline int sitls_ctx_trusted_objects(SSL_CTX *ctx) {
  return sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx)));
}
// MARK: Revocation

static inline void sitls_ctx_ask_for_staple(SSL_CTX *ctx) { SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp); }
static inline void sitls_ctx_set_staple_callback(SSL_CTX *ctx, int (*callback)(SSL *, void *)) {
  SSL_CTX_set_tlsext_status_cb(ctx, callback);
}
// The staple that a client received, in the connection's own memory, and its length; -1 if there is none.
static inline int sitls_staple(SSL *ssl, const unsigned char **bytes) {
  return (int)SSL_get_tlsext_status_ocsp_resp(ssl, bytes);
}
// Copies a staple that a server sends in the handshake under way.
static inline bool sitls_set_staple(SSL *ssl, const unsigned char *bytes, int count) {
  unsigned char *copy = OPENSSL_memdup(bytes, (size_t)count);
  if (!copy) return false;
  if (SSL_set_tlsext_status_ocsp_resp(ssl, copy, count) == 1) return true;
  OPENSSL_free(copy);
  return false;
}
static inline int sitls_timestamp_count(const STACK_OF(SCT) *list) { return list ? sk_SCT_num(list) : 0; }
static inline const SCT *sitls_timestamp_at(const STACK_OF(SCT) *list, int index) { return sk_SCT_value(list, index); }
// Asks for timestamps.
static inline bool sitls_ctx_collect_timestamps(SSL_CTX *ctx, ssl_ct_validation_cb callback) {
  return SSL_CTX_set_ct_validation_callback(ctx, callback, NULL) == 1;
}
static inline const EVP_MD *sitls_digest_of(const ASN1_OBJECT *algorithm) { return EVP_get_digestbyobj(algorithm); }

// MARK: Names

// RFC 2253, but UTF-8 as it is instead of escaped.
static inline bool sitls_name_print(BIO *sink, const X509_NAME *name) {
  return X509_NAME_print_ex(sink, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0;
}

#endif
