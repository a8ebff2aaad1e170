// A provider that passes on the algorithms of libcrypto's own default provider, and leaves out the types of keys that
// TLS does not use and the decoders of files. Whenever a certificate arrives, libcrypto 3.0 collects all types of keys
// and all decoders of the library context before it decodes the public key: a sixth of a handshake's instructions.
#include "CSansIOTLSShims.h"

#include <openssl/core_dispatch.h>

// More than the default provider of 4.0 has.
enum { capacity = 256 };
static OSSL_ALGORITHM keys[capacity], decoders[capacity];
static OSSL_PROVIDER *inner;

// The names of an algorithm are separated by colons.
static bool is_named(const OSSL_ALGORITHM *algorithm, const char *name) {
  size_t length = strlen(name);
  const char *names = algorithm->algorithm_names;
  return strncmp(names, name, length) == 0 && (names[length] == ':' || names[length] == 0);
}

static bool is_in(const OSSL_ALGORITHM *algorithm, const char *const *names) {
  for (; *names; names++) {
    if (is_named(algorithm, *names)) { return true; }
  }
  return false;
}

// Keys for other protocols, and key types that carry the parameters of a derivation or a MAC that libssl computes in
// other ways. What is not listed, such as a type that a later libcrypto adds, stays.
static const char *const unused_keys[] = {
    "DSA", "DHX", "SM2", "SCRYPT", "id-scrypt", "HKDF", "TLS1-PRF", "SIPHASH", "POLY1305", "CMAC", NULL};
// Keys that a certificate cannot have, or that cannot sign a handshake.
static const char *const unused_decoders[] = {"DSA", "DHX", "DH", "SM2", "X25519", "X448", NULL};

static bool is_key_of_tls(const OSSL_ALGORITHM *algorithm) { return !is_in(algorithm, unused_keys); }

// A certificate's public key, and a private key that another library context hands over.
static bool is_decoder_of_tls(const OSSL_ALGORITHM *algorithm) {
  const char *properties = algorithm->property_definition;
  return strstr(properties, "input=der") &&
         (strstr(properties, "structure=SubjectPublicKeyInfo") || strstr(properties, "structure=PrivateKeyInfo")) &&
         !is_in(algorithm, unused_decoders);
}

// Copies the algorithms of an operation that a rule keeps; false if there is no room, or nothing to copy.
static bool copy(OSSL_ALGORITHM *to, int operation, bool (*is_kept)(const OSSL_ALGORITHM *)) {
  int no_cache = 0, count = 0;
  const OSSL_ALGORITHM *algorithm = OSSL_PROVIDER_query_operation(inner, operation, &no_cache);
  for (; algorithm && algorithm->algorithm_names; algorithm++) {
    if (!is_kept(algorithm)) { continue; }
    if (count == capacity - 1) { return false; }
    to[count++] = *algorithm;
  }
  return count > 0;
}

static const OSSL_ALGORITHM *query(void *context, int operation, int *no_cache) {
  (void)context;
  *no_cache = 0;
  switch (operation) {
    case OSSL_OP_KEYMGMT: return keys;
    case OSSL_OP_DECODER: return decoders;
    default: return OSSL_PROVIDER_query_operation(inner, operation, no_cache);
  }
}

static int get_capabilities(void *context, const char *capability, OSSL_CALLBACK *callback, void *argument) {
  (void)context;
  return OSSL_PROVIDER_get_capabilities(inner, capability, callback, argument);
}

static int start(
    const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core, const OSSL_DISPATCH **functions, void **context) {
  static const OSSL_DISPATCH table[] = {
      {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
      {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))get_capabilities},
      {0, NULL}};
  (void)handle;
  (void)core;
  *functions = table;
  // The algorithms are the inner provider's, and expect its context.
  *context = OSSL_PROVIDER_get0_provider_ctx(inner);
  return 1;
}

OSSL_LIB_CTX *sitls_lean_library(OSSL_LIB_CTX *full) {
  if (!inner) { inner = OSSL_PROVIDER_load(full, "default"); }
  if (!inner || !copy(keys, OSSL_OP_KEYMGMT, is_key_of_tls) || !copy(decoders, OSSL_OP_DECODER, is_decoder_of_tls)) {
    return NULL;
  }
  OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
  if (!library) { return NULL; }
  if (OSSL_PROVIDER_add_builtin(library, "lean", start) == 1 && OSSL_PROVIDER_load(library, "lean") &&
      sitls_keep_library(library)) {
    return library;
  }
  OSSL_LIB_CTX_free(library);
  return NULL;
}
