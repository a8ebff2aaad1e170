// Declarations that Swift's module of glibc omits.
#ifndef PEER_BENCHMARKS_HEAP_H
#define PEER_BENCHMARKS_HEAP_H

#include <stdint.h>
#include <stdlib.h>
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
#include <malloc.h>
// The bytes of heap in use; -1 if unknown.
static inline int64_t heap_bytes(void) {
  struct mallinfo2 information = mallinfo2();
  return (int64_t)(information.uordblks + information.hblkhd);
}
#else
static inline int64_t heap_bytes(void) { return -1; }
#endif

#endif
