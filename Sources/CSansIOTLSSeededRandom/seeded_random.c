// A provider with one algorithm, a random generator that a seed determines, built in: see provider-rand(7).
//
// All generators that libcrypto makes of it in one library context (the primary one, and a public and a private one for
// each thread) draw from the same seed, whichever thread asks. Draws of different lengths have numbers of their own:
// the n-th draw of 32 bytes is the same however many draws of 256 bytes came before it. That matters because libcrypto
// blinds RSA operations once for each thread that uses a key, and so draws numbers as long as the modulus whenever the
// caller changes threads; those numbers do not show in any result.
#include "CSansIOTLSSeededRandom.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { lane_count = 1024 };  // lengths beyond share a lane with a smaller one

struct sitls_seeded_library {
  pthread_mutex_t mutex;
  OSSL_LIB_CTX *context;
  uint64_t seed;
  uint64_t draws;
  uint64_t lanes[lane_count];
};

// SplitMix64 (Steele, Lea and Flood, 2014).
static uint64_t mix(uint64_t *state) {
  uint64_t mixed = (*state += 0x9E3779B97F4A7C15u);
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return mixed ^ (mixed >> 31);
}

static void draw(sitls_seeded_library *library, unsigned char *out, size_t count) {
  size_t lane = count % lane_count;
  pthread_mutex_lock(&library->mutex);
  uint64_t number = library->lanes[lane]++;
  uint64_t state = library->seed;
  library->draws++;
  pthread_mutex_unlock(&library->mutex);
  state = mix(&state) ^ (uint64_t)lane;
  state = mix(&state) ^ number;
  state = mix(&state);
  for (size_t done = 0; done < count;) {
    uint64_t word = mix(&state);
    for (size_t shift = 0; shift < 64 && done < count; shift += 8) out[done++] = (unsigned char)(word >> shift);
  }
}

// MARK: The generator

typedef struct {
  sitls_seeded_library *library;
  int state;
} generator;

static void *generator_new(void *provider, void *parent, const OSSL_DISPATCH *parent_calls) {
  (void)parent;
  (void)parent_calls;
  generator *made = calloc(1, sizeof *made);
  if (made != NULL) {
    made->library = provider;
    made->state = EVP_RAND_STATE_UNINITIALISED;
  }
  return made;
}

static void generator_free(void *self) { free(self); }

static int generator_instantiate(
    void *self, unsigned int strength, int prediction_resistance, const unsigned char *text, size_t count,
    const OSSL_PARAM parameters[]) {
  (void)strength, (void)prediction_resistance, (void)text, (void)count, (void)parameters;
  ((generator *)self)->state = EVP_RAND_STATE_READY;
  return 1;
}

static int generator_uninstantiate(void *self) {
  ((generator *)self)->state = EVP_RAND_STATE_UNINITIALISED;
  return 1;
}

static int generator_generate(
    void *self, unsigned char *out, size_t count, unsigned int strength, int prediction_resistance,
    const unsigned char *text, size_t text_count) {
  (void)strength, (void)prediction_resistance, (void)text, (void)text_count;
  draw(((generator *)self)->library, out, count);
  return 1;
}

static int generator_reseed(
    void *self, int prediction_resistance, const unsigned char *entropy, size_t count, const unsigned char *text,
    size_t text_count) {
  (void)self, (void)prediction_resistance, (void)entropy, (void)count, (void)text, (void)text_count;
  return 1;
}

static int generator_enable_locking(void *self) {
  (void)self;
  return 1;
}

// The draw locks by itself; nothing else of a generator changes once it is instantiated.
static int generator_lock(void *self) {
  (void)self;
  return 1;
}

static void generator_unlock(void *self) { (void)self; }

static int generator_get(void *self, OSSL_PARAM parameters[]) {
  OSSL_PARAM *parameter = OSSL_PARAM_locate(parameters, OSSL_RAND_PARAM_STATE);
  if (parameter != NULL && !OSSL_PARAM_set_int(parameter, ((generator *)self)->state)) return 0;
  parameter = OSSL_PARAM_locate(parameters, OSSL_RAND_PARAM_STRENGTH);
  if (parameter != NULL && !OSSL_PARAM_set_uint(parameter, 256)) return 0;
  parameter = OSSL_PARAM_locate(parameters, OSSL_RAND_PARAM_MAX_REQUEST);
  if (parameter != NULL && !OSSL_PARAM_set_size_t(parameter, 1 << 20)) return 0;
  return 1;
}

static const OSSL_PARAM *generator_gettable(void *self, void *provider) {
  static const OSSL_PARAM known[] = {
    OSSL_PARAM_int(OSSL_RAND_PARAM_STATE, NULL), OSSL_PARAM_uint(OSSL_RAND_PARAM_STRENGTH, NULL),
    OSSL_PARAM_size_t(OSSL_RAND_PARAM_MAX_REQUEST, NULL), OSSL_PARAM_END,
  };
  (void)self, (void)provider;
  return known;
}

static const OSSL_DISPATCH generator_calls[] = {
  {OSSL_FUNC_RAND_NEWCTX, (void (*)(void))generator_new},
  {OSSL_FUNC_RAND_FREECTX, (void (*)(void))generator_free},
  {OSSL_FUNC_RAND_INSTANTIATE, (void (*)(void))generator_instantiate},
  {OSSL_FUNC_RAND_UNINSTANTIATE, (void (*)(void))generator_uninstantiate},
  {OSSL_FUNC_RAND_GENERATE, (void (*)(void))generator_generate},
  {OSSL_FUNC_RAND_RESEED, (void (*)(void))generator_reseed},
  {OSSL_FUNC_RAND_ENABLE_LOCKING, (void (*)(void))generator_enable_locking},
  {OSSL_FUNC_RAND_LOCK, (void (*)(void))generator_lock},
  {OSSL_FUNC_RAND_UNLOCK, (void (*)(void))generator_unlock},
  {OSSL_FUNC_RAND_GET_CTX_PARAMS, (void (*)(void))generator_get},
  {OSSL_FUNC_RAND_GETTABLE_CTX_PARAMS, (void (*)(void))generator_gettable},
  {0, NULL},
};

// MARK: The provider

#define GENERATOR_NAME "SANS-IO-TLS-SEEDED"
#define PROVIDER_NAME "sans-io-tls-seeded"

static const OSSL_ALGORITHM generators[] = {
  {GENERATOR_NAME, "provider=" PROVIDER_NAME, generator_calls, "a generator that a seed determines"},
  {NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *provider_query(void *provider, int operation, int *no_cache) {
  (void)provider;
  *no_cache = 0;
  return operation == OSSL_OP_RAND ? generators : NULL;
}

static const OSSL_DISPATCH provider_calls[] = {
  {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))provider_query},
  {0, NULL},
};

// libcrypto calls this inside OSSL_PROVIDER_load, on the thread that called it; it takes no argument of ours.
static _Thread_local sitls_seeded_library *being_made;

static int provider_init(
    const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *core, const OSSL_DISPATCH **calls, void **provider) {
  (void)handle, (void)core;
  *provider = being_made;
  *calls = provider_calls;
  return being_made != NULL;
}

sitls_seeded_library *sitls_seeded_library_new(void) {
  sitls_seeded_library *library = calloc(1, sizeof *library);
  if (library == NULL) return NULL;
  pthread_mutex_init(&library->mutex, NULL);
  library->context = OSSL_LIB_CTX_new();
  being_made = library;
  int made = library->context != NULL &&
             OSSL_PROVIDER_add_builtin(library->context, PROVIDER_NAME, provider_init) == 1 &&
             OSSL_PROVIDER_load(library->context, "default") != NULL &&
             OSSL_PROVIDER_load(library->context, PROVIDER_NAME) != NULL &&
             RAND_set_DRBG_type(library->context, GENERATOR_NAME, NULL, NULL, NULL) == 1;
  being_made = NULL;
  if (made) return library;
  // No generator of it was made yet, so it can still be freed.
  OSSL_LIB_CTX_free(library->context);
  pthread_mutex_destroy(&library->mutex);
  free(library);
  return NULL;
}

void sitls_seeded_library_reset(sitls_seeded_library *library, uint64_t seed) {
  pthread_mutex_lock(&library->mutex);
  library->seed = seed;
  library->draws = 0;
  memset(library->lanes, 0, sizeof library->lanes);
  pthread_mutex_unlock(&library->mutex);
}

OSSL_LIB_CTX *sitls_seeded_library_context(const sitls_seeded_library *library) { return library->context; }

uint64_t sitls_seeded_library_draws(sitls_seeded_library *library) {
  pthread_mutex_lock(&library->mutex);
  uint64_t draws = library->draws;
  pthread_mutex_unlock(&library->mutex);
  return draws;
}
