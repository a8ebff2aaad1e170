// Declarations that Swift's module of glibc omits.
#ifndef STREAMS_HEAP_H
#define STREAMS_HEAP_H

#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
static inline void heap_trim(void) { malloc_trim(0); }
#else
static inline void heap_trim(void) {}
#endif

#endif
