// What the benchmarks count: instructions, heap allocations, bytes in use, CPU time. Each function that needs something
// of the platform says in its result where that is missing.
#ifndef BENCHMARKS_COUNTERS_H
#define BENCHMARKS_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// CPU time of the calling thread in nanoseconds.
int64_t counters_thread_cpu_time(void);

// Instructions that the calling thread retired in user mode since `counters_instructions_open`, by the processor's
// own counter. `open` is false where the kernel or the hypervisor offers none.
bool counters_instructions_open(void);
int64_t counters_instructions_read(void);

// Instructions by valgrind: runs `command` (a shell command that starts valgrind's callgrind) and returns the total
// that callgrind reports at its end; -1 where valgrind is missing or the command failed.
int64_t counters_callgrind(const char *command);

// Calls of malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign by the calling thread, while counting.
typedef struct {
  long library;  // by libcrypto and libssl
  long other;    // by everything else: Swift's runtime and the engine
} counters_allocations;

// Gives libcrypto a counted allocator of its own, so that its calls and those of everything else are told apart. To be
// called before libcrypto allocates anything; false otherwise, or where malloc cannot be interposed on.
bool counters_allocations_open(void);
void counters_allocations_start(void);
counters_allocations counters_allocations_stop(void);

// Bytes of heap in use (without the allocator's own slack) and resident set size; -1 where unknown. The resident set is
// read after the allocator has given its free pages back.
int64_t counters_heap_bytes(void);
int64_t counters_resident_bytes(void);

#endif
