// The executable's definitions of malloc and its relatives precede libc's in the lookup order of every shared library,
// including Swift's runtime. They call glibc's internal entry points, which need no lookup at start.
#define _GNU_SOURCE
#include "counters.h"
#include "process.h"

#include <openssl/crypto.h>

#if defined(__GLIBC__)
#include <errno.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static _Thread_local bool counting;
static _Thread_local counters_allocations counted;

static inline void count_other(void) {
  if (counting) counted.other++;
  process_count(&process_allocations);
}

void *malloc(size_t size) {
  count_other();
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  count_other();
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  count_other();
  return __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size) {
  count_other();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count_other();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  count_other();
  void *result = __libc_memalign(alignment, size);
  if (result == NULL) return ENOMEM;
  *memory = result;
  return 0;
}

void free(void *memory) { __libc_free(memory); }

static inline void count_library(void) {
  if (counting) counted.library++;
}

static void *library_malloc(size_t size, const char *file, int line) {
  (void)file;
  (void)line;
  count_library();
  return size == 0 ? NULL : __libc_malloc(size);
}

static void *library_realloc(void *memory, size_t size, const char *file, int line) {
  (void)file;
  (void)line;
  count_library();
  if (size != 0) return __libc_realloc(memory, size);
  __libc_free(memory);
  return NULL;
}

static void library_free(void *memory, const char *file, int line) {
  (void)file;
  (void)line;
  __libc_free(memory);
}

bool counters_allocations_open(void) {
  return CRYPTO_set_mem_functions(library_malloc, library_realloc, library_free) == 1;
}

void counters_allocations_start(void) {
  counted = (counters_allocations){0};
  counting = true;
}

counters_allocations counters_allocations_stop(void) {
  counting = false;
  return counted;
}
#else
bool counters_allocations_open(void) { return false; }
void counters_allocations_start(void) {}
counters_allocations counters_allocations_stop(void) { return (counters_allocations){0}; }
#endif
