// Counts by all threads of the process.
#ifndef BENCHMARKS_PROCESS_H
#define BENCHMARKS_PROCESS_H

#include <stdatomic.h>
#include <stdbool.h>

extern atomic_bool process_counting;
extern atomic_long process_allocations;

static inline void process_count(atomic_long *counter) {
  if (atomic_load_explicit(&process_counting, memory_order_relaxed)) {
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
  }
}

#endif
