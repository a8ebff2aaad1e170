// Macros (and variadic or callback-typed functions) of OpenSSL that the Swift importer leaves out, one static inline
// function each. Whatever a later or an earlier libssl may lack is found by feature tests here, so that no Swift file
// asks for a version.
#ifndef SANS_IO_TLS_SHIMS_H
#define SANS_IO_TLS_SHIMS_H

#if !__has_include(<openssl/ssl.h>)
#error "OpenSSL's headers are missing. Debian, Ubuntu: apt-get install libssl-dev pkg-config. Fedora: dnf install openssl-devel. macOS: brew install openssl@3 pkg-config."
#endif

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
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

static inline int sitls_ctx_set_min_version(SSL_CTX *ctx, int version) { return (int)SSL_CTX_set_min_proto_version(ctx, version); }
static inline int sitls_ctx_set_max_version(SSL_CTX *ctx, int version) { return (int)SSL_CTX_set_max_proto_version(ctx, version); }
static inline int sitls_ctx_min_version(SSL_CTX *ctx) { return (int)SSL_CTX_get_min_proto_version(ctx); }
static inline int sitls_ctx_max_version(SSL_CTX *ctx) { return (int)SSL_CTX_get_max_proto_version(ctx); }
static inline int sitls_ctx_set_groups(SSL_CTX *ctx, const char *list) { return (int)SSL_CTX_set1_groups_list(ctx, list); }
static inline int sitls_ctx_set_signature_algorithms(SSL_CTX *ctx, const char *list) {
  return (int)SSL_CTX_set1_sigalgs_list(ctx, list);
}

static inline int sitls_ctx_cipher_count(SSL_CTX *ctx) { return sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(ctx)); }
static inline const SSL_CIPHER *sitls_ctx_cipher(SSL_CTX *ctx, int index) {
  return sk_SSL_CIPHER_value(SSL_CTX_get_ciphers(ctx), index);
}
// The name of a context's TLS 1.3 suite, counted from 0 in the order of preference; NULL past the last.
static inline const char *sitls_ctx_tls13_suite(SSL_CTX *ctx, int position) {
  STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
  for (int index = 0; index < sk_SSL_CIPHER_num(ciphers); index++) {
    const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, index);
    // 0x13..: the suites of TLS 1.3 (RFC 8446, appendix B.4).
    if (SSL_CIPHER_get_protocol_id(cipher) >> 8 == 0x13 && position-- == 0) return SSL_CIPHER_get_name(cipher);
  }
  return NULL;
}
// Whether a suite of TLS 1.2 in the context's list is authenticated by this kind of key (NID_auth_…).
static inline bool sitls_ctx_has_suites_for(SSL_CTX *ctx, int authentication) {
  STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
  for (int index = 0; index < sk_SSL_CIPHER_num(ciphers); index++) {
    if (SSL_CIPHER_get_auth_nid(sk_SSL_CIPHER_value(ciphers, index)) == authentication) return true;
  }
  return false;
}
static inline void sitls_ctx_use_automatic_dh(SSL_CTX *ctx) { SSL_CTX_set_dh_auto(ctx, 1); }

// Safe defaults that no configuration switches off: no renegotiation, no compression, neither of records nor of
// certificates (what a peer sends must not grow past the limits by unpacking), an end without close_notify stays
// an error, no read-ahead (bytes behind close_notify stay in the ring), one libssl return per post-handshake message
// (AUTO_RETRY off: the engine counts and answers each by itself), no chain guessed from the trust store.
static inline void sitls_ctx_apply_defaults(SSL_CTX *ctx, bool release_buffers) {
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // SSL_OP_NO_TX_CERTIFICATE_COMPRESSION and …_RX_… of 3.2, by number: a program may run with a later libssl than it was
  // compiled against, and an earlier one passes over options that it does not know.
  SSL_CTX_set_options(ctx, UINT64_C(3) << 32);
  SSL_CTX_clear_options(ctx, SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
#ifdef SSL_OP_ALLOW_CLIENT_RENEGOTIATION
  SSL_CTX_clear_options(ctx, SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
#endif
#ifdef SSL_OP_IGNORE_UNEXPECTED_EOF
  SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
#endif
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
  if (release_buffers) SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(ctx, 0);
  // Padding to blocks, which openssl.cnf may ask for, would pad alerts past the room that is kept for them.
  SSL_CTX_set_block_padding(ctx, 0);
}

// No tickets in TLS 1.2; in TLS 1.3 their number says so too.
static const uint64_t sitls_no_ticket = SSL_OP_NO_TICKET;

// A server resumes by tickets alone and a client's sessions belong to its application: libssl's own caches stay empty.
static inline void sitls_ctx_set_session_policy(SSL_CTX *ctx, bool server) {
  SSL_CTX_set_session_cache_mode(
      ctx, server ? SSL_SESS_CACHE_OFF : SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}

// SNI is acknowledged and tied to the session; which context serves a name is decided by the ClientHello question. A server
// that resumes does not acknowledge it (RFC 6066, section 3); in TLS 1.2 libssl sees to that itself.
static inline int sitls_acknowledge_server_name(SSL *ssl, int *alert, void *arg) {
  (void)alert;
  (void)arg;
  if (SSL_session_reused(ssl)) return SSL_TLSEXT_ERR_NOACK;
  return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}
static inline void sitls_ctx_acknowledge_server_name(SSL_CTX *ctx) {
  SSL_CTX_set_tlsext_servername_callback(ctx, sitls_acknowledge_server_name);
}

// MARK: Groups

// Takes a group's name in TLS, the provider's own name for it, and its number.
typedef void (*sitls_group_taker)(void *taker, const char *name, const char *inner_name, uint32_t identifier);
struct sitls_group_visit {
  sitls_group_taker take;
  void *taker;
};
static inline int sitls_visit_group(const OSSL_PARAM parameters[], void *argument) {
  const struct sitls_group_visit *visit = argument;
  const char *name = NULL, *inner_name = NULL;
  uint32_t identifier = 0;
  const OSSL_PARAM *inner = OSSL_PARAM_locate_const(parameters, OSSL_CAPABILITY_TLS_GROUP_NAME_INTERNAL);
  const OSSL_PARAM *number = OSSL_PARAM_locate_const(parameters, OSSL_CAPABILITY_TLS_GROUP_ID);
  const OSSL_PARAM *outer = OSSL_PARAM_locate_const(parameters, OSSL_CAPABILITY_TLS_GROUP_NAME);
  if (outer && inner && number && OSSL_PARAM_get_utf8_string_ptr(outer, &name) &&
      OSSL_PARAM_get_utf8_string_ptr(inner, &inner_name) && OSSL_PARAM_get_uint32(number, &identifier)) {
    visit->take(visit->taker, name, inner_name, identifier);
  }
  return 1;
}
static inline int sitls_visit_provider(OSSL_PROVIDER *provider, void *visit) {
  OSSL_PROVIDER_get_capabilities(provider, "TLS-GROUP", sitls_visit_group, visit);
  return 1;
}
// The groups of all providers of the default library context, in the order in which libssl looks through them.
static inline void sitls_declared_groups(sitls_group_taker take, void *taker) {
  struct sitls_group_visit visit = {take, taker};
  OSSL_PROVIDER_do_all(NULL, sitls_visit_provider, &visit);
}

// MARK: SSL

static inline int sitls_set_min_version(SSL *ssl, int version) { return (int)SSL_set_min_proto_version(ssl, version); }
static inline int sitls_set_max_version(SSL *ssl, int version) { return (int)SSL_set_max_proto_version(ssl, version); }
static inline int sitls_set_server_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }
static inline int sitls_set_groups(SSL *ssl, const char *list) { return (int)SSL_set1_groups_list(ssl, list); }
// The certificate types of a TLS 1.2 server's request, in the connection's own memory, and how many.
static inline int sitls_certificate_types(SSL *ssl, const unsigned char **types) {
  return (int)SSL_get0_certificate_types(ssl, types);
}
static inline int sitls_set_signature_algorithms(SSL *ssl, const char *list) { return (int)SSL_set1_sigalgs_list(ssl, list); }
// The other context's TLS 1.3 suites: those that it names, or else the system's.
static inline bool sitls_adopt_suites(SSL *ssl, SSL_CTX *other) {
  char names[1024];
  size_t used = 0;
  STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(other);
  for (int index = 0; index < sk_SSL_CIPHER_num(ciphers); index++) {
    const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, index);
    const char *name = SSL_CIPHER_get_name(cipher);
    // 0x13..: the suites of TLS 1.3 (RFC 8446, appendix B.4).
    if (SSL_CIPHER_get_protocol_id(cipher) >> 8 != 0x13) continue;
    size_t length = strlen(name);
    if (used + length + 2 > sizeof names) return false;
    if (used > 0) names[used++] = ':';
    memcpy(names + used, name, length);
    used += length;
  }
  names[used] = 0;
  return SSL_set_ciphersuites(ssl, names) == 1;
}
// Replaces all that certificates are checked by. SSL_set1_param alone fills in what is not set, and keeps the rest.
static inline bool sitls_replace_parameters(SSL *ssl, const X509_VERIFY_PARAM *parameters) {
  X509_VERIFY_PARAM *own = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_inh_flags(own, X509_VP_FLAG_OVERWRITE | X509_VP_FLAG_RESET_FLAGS);
  bool isReplaced = X509_VERIFY_PARAM_set1(own, parameters) == 1;
  X509_VERIFY_PARAM_set_inh_flags(own, 0);
  return isReplaced;
}
static inline bool sitls_has_extended_main_secret(SSL *ssl) { return SSL_get_extms_support(ssl) == 1; }
static inline unsigned int sitls_host_flags(const X509 *leaf);
// Checks the certificates of the session that is set by the context's trust and the connection's parameters, the name among
// them, as a full handshake would.
static inline bool sitls_verify_session(SSL *ssl, SSL_CTX *ctx) {
  X509 *leaf = SSL_SESSION_get0_peer(SSL_get0_session(ssl));
  X509_STORE_CTX *check = leaf ? X509_STORE_CTX_new() : NULL;
  bool isAccepted = false;
  if (check && X509_STORE_CTX_init(check, SSL_CTX_get_cert_store(ctx), leaf, SSL_get_peer_cert_chain(ssl)) == 1 &&
      X509_STORE_CTX_set_default(check, "ssl_server") == 1) {
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(check);
    X509_VERIFY_PARAM_set_auth_level(parameters, SSL_get_security_level(ssl));
    isAccepted = X509_VERIFY_PARAM_set1(parameters, SSL_get0_param(ssl)) == 1;
    X509_VERIFY_PARAM_set_hostflags(parameters, sitls_host_flags(leaf));
    isAccepted = isAccepted && X509_verify_cert(check) == 1;
  }
  X509_STORE_CTX_free(check);
  return isAccepted;
}

// Name of the negotiated key-exchange group, NULL where none was (RSA key exchange). Of a resumption in TLS 1.2 it is the
// one that the session was made with.
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

// True between records: libssl waits for a record header ("RH"), not for a body.
static inline bool sitls_awaits_header(SSL *ssl) { return SSL_rstate_string(ssl)[1] == 'H'; }

// SSL_free without the flags would mark the session non-resumable, although nothing is wrong with it.
static inline void sitls_free_quietly(SSL *ssl) {
  SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl);
}

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
static inline size_t sitls_write_room(BIO *bio) { return BIO_get_write_guarantee(bio); }

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
// How a name is looked for in a certificate: a wildcard stands for a whole label, and the subject's common name counts only in a
// certificate without subject alternative names of any kind (libcrypto alone would take it beside an address or a URI too).
static inline unsigned int sitls_host_flags(const X509 *leaf) {
  bool hasNames = leaf && X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) >= 0;
  return X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | (hasNames ? X509_CHECK_FLAG_NEVER_CHECK_SUBJECT : 0);
}
// Before X509_verify_cert, which looks for the name too.
static inline void sitls_set_host_flags(X509_STORE_CTX *check) {
  X509_VERIFY_PARAM_set_hostflags(X509_STORE_CTX_get0_param(check), sitls_host_flags(X509_STORE_CTX_get0_cert(check)));
}
// RFC 2253, but UTF-8 as it is instead of escaped.
static inline bool sitls_name_print(BIO *sink, const X509_NAME *name) {
  return X509_NAME_print_ex(sink, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0;
}

#endif
