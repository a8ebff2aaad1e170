// The counters of the benchmarks: instructions, heap allocations, bytes in use, CPU time. The result of each function
// that depends on the platform reports whether it is supported.
#ifndef BENCHMARKS_COUNTERS_H
#define BENCHMARKS_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// CPU time of the calling thread in nanoseconds.
int64_t counters_thread_cpu_time(void);

// CPU time of the process in nanoseconds, in user mode and in the kernel, of all threads.
int64_t counters_process_cpu_time(void);

// Instructions that the calling thread retired in user mode since `counters_instructions_open`, by the processor's
// own counter. `open` returns false if the kernel or the hypervisor provides none.
bool counters_instructions_open(void);
int64_t counters_instructions_read(void);

// Instructions by valgrind: runs `command` (a shell command that starts valgrind's callgrind) and returns the total
// that callgrind reports at its end; -1 if valgrind is missing or the command failed.
int64_t counters_callgrind(const char *command);

// Calls of malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign by the calling thread, while counting.
typedef struct {
  long library;  // by libcrypto and libssl
  long other;    // by everything else: Swift's runtime and the engine
} counters_allocations;

// Sets a counted allocator for libcrypto, so that its calls are counted separately. Call it before libcrypto allocates
// memory; otherwise, or if malloc cannot be interposed, it returns false.
bool counters_allocations_open(void);
void counters_allocations_start(void);
counters_allocations counters_allocations_stop(void);

// The work of tasks, by all threads, while counting.
typedef struct {
  long allocations;  // calls of malloc and its relatives by everything except libcrypto and libssl
  long tasks;        // tasks created
  long jobs;         // jobs enqueued for the threads of Swift's pool: starts and resumptions of tasks
} counters_task_work;

// Returns false if the calls of Swift's runtime cannot be interposed.
bool counters_task_work_open(void);
void counters_task_work_start(void);
counters_task_work counters_task_work_stop(void);

// Bytes of heap in use (without the allocator's own slack) and resident set size; -1 if unknown. The resident set is
// read after the allocator has released its free pages, except by `counters_untrimmed_resident_bytes`.
int64_t counters_heap_bytes(void);
int64_t counters_resident_bytes(void);
int64_t counters_untrimmed_resident_bytes(void);

#endif
