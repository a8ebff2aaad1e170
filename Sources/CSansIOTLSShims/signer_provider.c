// A provider of libcrypto, built in, whose keys are held elsewhere: see provider-keymgmt(7), provider-signature(7).
//
// What anyone asks about such a key (its size, its curve, whether it is a certificate's) is answered by the public key,
// which another provider holds. To sign means to call the function that the key was made with. There is nothing else:
// no key is generated, loaded or decrypted, and none leaves.
//
// The provider lives in a library context of its own. Beside others, it would be found by everyone who looks for a key
// type without naming a provider, and would be handed keys that it cannot hold.
//
// libcrypto's types for the functions of a provider do not name their structures, hence the void pointers.
#include "SignerProvider.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <string.h>

// MARK: Errors

static int error_library;
static ERR_STRING_DATA error_texts[] = {
    {ERR_PACK(0, 0, sitls_signer_failed), "the signer failed"},
    {ERR_PACK(0, 0, sitls_signer_wrong_signature), "not a signature by the key of the certificate"},
    {ERR_PACK(0, 0, sitls_signer_unknown_scheme), "no signature scheme of TLS"},
    {0, NULL}};

static void note(int reason, const char *words) {
  ERR_new();
  ERR_set_debug(__FILE_NAME__, __LINE__, "sign");
  ERR_set_error(error_library, reason, "%s", words);
}

void sitls_signer_refused(const char *words) { note(sitls_signer_failed, words); }

// MARK: Keys

typedef struct {
  EVP_PKEY *public_key;
  // NULL in a key without a private part, which libcrypto makes of a certificate's key to compare the two.
  sitls_sign sign;
  sitls_signer_release release;
  void *signer;
} external_key;

// The parameter by which a new key receives the address of its contents.
static const char contents_name[] = "sansio-key";

static void *key_new(void *provider) {
  (void)provider;
  return OPENSSL_zalloc(sizeof(external_key));
}

static void key_free(void *self) {
  external_key *key = self;
  if (key == NULL) return;
  EVP_PKEY_free(key->public_key);
  if (key->release != NULL) key->release(key->signer);
  OPENSSL_free(key);
}

static int key_has(const void *self, int selection) {
  const external_key *key = self;
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && key->sign == NULL) return 0;
  return key->public_key != NULL;
}

static int key_match(const void *self, const void *other, int selection) {
  (void)selection;
  return EVP_PKEY_eq(((const external_key *)self)->public_key, ((const external_key *)other)->public_key) == 1;
}

static int key_get_parameters(void *self, OSSL_PARAM parameters[]) {
  return EVP_PKEY_get_params(((external_key *)self)->public_key, parameters);
}

static const OSSL_PARAM *key_gettable(void *provider) {
  (void)provider;
  static const OSSL_PARAM names[] = {
      OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
      OSSL_PARAM_END};
  return names;
}

// Another provider asks for a copy: of the public part it gets one. libcrypto looks among the others first for one that
// can sign with the key, and comes back to this provider because they cannot get the private part.
static int key_export(void *self, int selection, OSSL_CALLBACK *take, void *taker) {
  if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) return 0;
  OSSL_PARAM *parameters = NULL;
  int is_done = EVP_PKEY_todata(((external_key *)self)->public_key, EVP_PKEY_PUBLIC_KEY, &parameters) == 1 &&
                take(parameters, taker) == 1;
  OSSL_PARAM_free(parameters);
  return is_done;
}

static int key_import(external_key *key, const char *type, const OSSL_PARAM parameters[]) {
  const OSSL_PARAM *contents = OSSL_PARAM_locate_const(parameters, contents_name);
  if (contents != NULL) {
    external_key *made = *(external_key *const *)contents->data;
    if (EVP_PKEY_up_ref(made->public_key) != 1) return 0;
    *key = *made;
    // The signer is released once, by the key.
    made->release = NULL;
    return 1;
  }
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
  int is_done = context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, &key->public_key, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)parameters) == 1;
  EVP_PKEY_CTX_free(context);
  return is_done;
}

static const OSSL_PARAM *key_portable(int selection) {
  (void)selection;
  static const OSSL_PARAM names[] = {
      OSSL_PARAM_octet_string(contents_name, NULL, 0),
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
      OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
      OSSL_PARAM_END};
  return names;
}

#define FUNCTION(number, name) {number, (void (*)(void))name}

// The functions for one type of key: they differ in its name, and in that of its signatures.
#define KEY_TYPE(suffix, type, signature)                                                        \
  static int import_##suffix(void *self, int selection, const OSSL_PARAM parameters[]) {         \
    (void)selection;                                                                             \
    return key_import(self, type, parameters);                                                   \
  }                                                                                              \
  static const char *operation_##suffix(int operation) {                                         \
    return operation == OSSL_OP_SIGNATURE ? signature : NULL;                                    \
  }                                                                                              \
  static const OSSL_DISPATCH key_functions_##suffix[] = {                                        \
      FUNCTION(OSSL_FUNC_KEYMGMT_NEW, key_new),                                                  \
      FUNCTION(OSSL_FUNC_KEYMGMT_FREE, key_free),                                                \
      FUNCTION(OSSL_FUNC_KEYMGMT_HAS, key_has),                                                  \
      FUNCTION(OSSL_FUNC_KEYMGMT_MATCH, key_match),                                              \
      FUNCTION(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_parameters),                                \
      FUNCTION(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable),                                 \
      FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT, key_export),                                            \
      FUNCTION(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_portable),                                    \
      FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT, import_##suffix),                                       \
      FUNCTION(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_portable),                                    \
      FUNCTION(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, operation_##suffix),                      \
      {0, NULL}};

KEY_TYPE(rsa, "RSA", "RSA")
KEY_TYPE(ec, "EC", "ECDSA")
KEY_TYPE(ed25519, "ED25519", "ED25519")
KEY_TYPE(ed448, "ED448", "ED448")

// MARK: Signatures

typedef struct {
  // The EVP_PKEY that libcrypto signs with keeps it.
  const external_key *key;
  char digest[16];
  int is_pss;
} operation;

static void *operation_new(void *provider, const char *properties) {
  (void)provider;
  (void)properties;
  return OPENSSL_zalloc(sizeof(operation));
}

static void operation_free(void *self) { OPENSSL_free(self); }

static void *operation_copy(void *self) { return OPENSSL_memdup(self, sizeof(operation)); }

static int operation_begin(void *self, const char *digest, void *key, const OSSL_PARAM parameters[]) {
  (void)parameters;
  operation *signing = self;
  signing->key = key;
  signing->is_pss = 0;
  OPENSSL_strlcpy(signing->digest, digest == NULL ? "" : digest, sizeof signing->digest);
  return signing->key->sign != NULL;
}

// Of the parameters only the padding of RSA decides anything: TLS has one salt length for PSS, and one digest for all.
static int operation_set(void *self, const OSSL_PARAM parameters[]) {
  operation *signing = self;
  const OSSL_PARAM *padding =
      parameters == NULL ? NULL : OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_PAD_MODE);
  int number = 0;
  if (padding == NULL) return 1;
  signing->is_pss = padding->data_type == OSSL_PARAM_UTF8_STRING
                        ? strcmp(padding->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0
                        : OSSL_PARAM_get_int(padding, &number) == 1 && number == RSA_PKCS1_PSS_PADDING;
  return 1;
}

static const OSSL_PARAM *operation_settable(void *self, void *provider) {
  (void)self;
  (void)provider;
  static const OSSL_PARAM names[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
      OSSL_PARAM_END};
  return names;
}

// The number of a digest in the schemes of TLS (RFC 5246, section 7.4.1.4.1); 0 if it has none.
static uint16_t digest_number(const char *name) {
  static const struct {
    const char *name, *other_name;
    uint16_t number;
  } digests[] = {{"SHA1", "SHA-1", 2},
                 {"SHA224", "SHA2-224", 3},
                 {"SHA256", "SHA2-256", 4},
                 {"SHA384", "SHA2-384", 5},
                 {"SHA512", "SHA2-512", 6}};
  for (size_t index = 0; index < sizeof digests / sizeof *digests; index++) {
    if (strcmp(name, digests[index].name) == 0 || strcmp(name, digests[index].other_name) == 0) {
      return digests[index].number;
    }
  }
  return 0;
}

// The scheme's number in the IANA registry; 0 if TLS has none. RFC 8446 numbers the schemes of TLS 1.2 as that version
// wrote them, the digest before the kind of key, and those of RSA-PSS by their digest too.
static uint16_t scheme_of(const operation *signing) {
  const EVP_PKEY *key = signing->key->public_key;
  if (EVP_PKEY_is_a(key, "ED25519")) return 0x0807;
  if (EVP_PKEY_is_a(key, "ED448")) return 0x0808;
  uint16_t digest = digest_number(signing->digest);
  if (digest == 0) return 0;
  if (EVP_PKEY_is_a(key, "EC")) return (uint16_t)(digest << 8 | 3);
  if (!signing->is_pss) return (uint16_t)(digest << 8 | 1);
  return digest < 4 ? 0 : (uint16_t)(0x0800 | digest);
}

// Whether the bytes are a signature by the key. A signer that works with another key, in another form, or wrongly is
// found here and not by the peer; a faulty RSA signature, sent to anyone, may reveal the key (Boneh, DeMillo and
// Lipton, 1997).
static int is_signature(
    const operation *signing, const unsigned char *signature, size_t length, const unsigned char *bytes, size_t count) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *key = NULL;
  const char *digest = signing->digest[0] == 0 ? NULL : signing->digest;
  int is_valid =
      context != NULL &&
      EVP_DigestVerifyInit_ex(context, &key, digest, NULL, NULL, signing->key->public_key, NULL) == 1 &&
      (!signing->is_pss || (EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING) == 1 &&
                            EVP_PKEY_CTX_set_rsa_pss_saltlen(key, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
      EVP_DigestVerify(context, signature, length, bytes, count) == 1;
  EVP_MD_CTX_free(context);
  return is_valid;
}

static int operation_sign(
    void *self, unsigned char *signature, size_t *length, size_t room, const unsigned char *bytes, size_t count) {
  const operation *signing = self;
  const external_key *key = signing->key;
  if (signature == NULL) {
    *length = (size_t)EVP_PKEY_get_size(key->public_key);
    return 1;
  }
  uint16_t scheme = scheme_of(signing);
  if (scheme == 0) {
    note(sitls_signer_unknown_scheme, signing->digest);
    return 0;
  }
  *length = room;
  if (key->sign(key->signer, scheme, bytes, count, signature, length) != 1) {
    if (*length > room) note(sitls_signer_wrong_signature, "it is longer than signatures of this key");
    return 0;
  }
  if (is_signature(signing, signature, *length, bytes, count)) return 1;
  note(sitls_signer_wrong_signature, "it does not verify");
  // What the signer returned leaves in no other way either.
  OPENSSL_cleanse(signature, room);
  return 0;
}

static const OSSL_DISPATCH operation_functions[] = {
    FUNCTION(OSSL_FUNC_SIGNATURE_NEWCTX, operation_new),
    FUNCTION(OSSL_FUNC_SIGNATURE_FREECTX, operation_free),
    FUNCTION(OSSL_FUNC_SIGNATURE_DUPCTX, operation_copy),
    FUNCTION(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, operation_set),
    FUNCTION(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, operation_settable),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, operation_begin),
    FUNCTION(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, operation_sign),
    {0, NULL}};

// MARK: The provider

static const char provider_name[] = "sansio-signer";
static const char properties[] = "provider=sansio-signer";

static const OSSL_ALGORITHM key_types[] = {
    {"RSA:rsaEncryption", properties, key_functions_rsa, NULL},
    {"EC:id-ecPublicKey", properties, key_functions_ec, NULL},
    {"ED25519", properties, key_functions_ed25519, NULL},
    {"ED448", properties, key_functions_ed448, NULL},
    {NULL, NULL, NULL, NULL}};

static const OSSL_ALGORITHM signatures[] = {
    {"RSA:rsaEncryption", properties, operation_functions, NULL},
    {"ECDSA", properties, operation_functions, NULL},
    {"ED25519", properties, operation_functions, NULL},
    {"ED448", properties, operation_functions, NULL},
    {NULL, NULL, NULL, NULL}};

static const OSSL_ALGORITHM *provider_query(void *provider, int operation_number, int *is_not_cached) {
  (void)provider;
  *is_not_cached = 0;
  switch (operation_number) {
    case OSSL_OP_KEYMGMT: return key_types;
    case OSSL_OP_SIGNATURE: return signatures;
    default: return NULL;
  }
}

static const OSSL_DISPATCH provider_functions[] = {
    FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, provider_query), {0, NULL}};

static int provider_init(
    const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *offered, const OSSL_DISPATCH **functions, void **provider) {
  (void)offered;
  *functions = provider_functions;
  *provider = (void *)handle;
  return 1;
}

OSSL_LIB_CTX *sitls_signer_library_new(void) {
  error_library = ERR_get_next_error_library();
  // A text without a reason is the library's name. It is apart, because an entry of 0 ends a list.
  static ERR_STRING_DATA name[] = {{0, "signer"}, {0, NULL}};
  name[0].error = ERR_PACK(error_library, 0, 0);
  ERR_load_strings(error_library, name);
  ERR_load_strings(error_library, error_texts);
  OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
  if (library == NULL) return NULL;
  if (OSSL_PROVIDER_add_builtin(library, provider_name, provider_init) == 1 &&
      OSSL_PROVIDER_load(library, provider_name) != NULL) {
    return library;
  }
  OSSL_LIB_CTX_free(library);
  return NULL;
}

EVP_PKEY *sitls_signer_key_new(
    OSSL_LIB_CTX *library, EVP_PKEY *public_key, sitls_sign sign, sitls_signer_release release, void *signer) {
  const char *type = NULL;
  if (EVP_PKEY_is_a(public_key, "RSA")) type = "RSA";
  if (EVP_PKEY_is_a(public_key, "EC")) type = "EC";
  if (EVP_PKEY_is_a(public_key, "ED25519")) type = "ED25519";
  if (EVP_PKEY_is_a(public_key, "ED448")) type = "ED448";

  external_key contents = {public_key, sign, release, signer};
  external_key *address = &contents;
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(contents_name, &address, sizeof address), OSSL_PARAM_construct_end()};
  EVP_PKEY_CTX *context = type == NULL ? NULL : EVP_PKEY_CTX_new_from_name(library, type, NULL);
  EVP_PKEY *key = NULL;
  if (context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
      EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters) != 1) {
    key = NULL;
  }
  EVP_PKEY_CTX_free(context);
  if (contents.release != NULL) contents.release(contents.signer);
  return key;
}
