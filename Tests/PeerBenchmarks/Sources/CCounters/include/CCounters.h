// Counters of this process, by functions that Swift's module of glibc omits or that are macros.
#ifndef PEER_BENCHMARKS_COUNTERS_H
#define PEER_BENCHMARKS_COUNTERS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// The CPU time of all threads, user and system, in seconds.
static inline double counters_cpu_time(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0) return 0;
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
#include <malloc.h>
// The bytes of heap in use; -1 if unknown.
static inline int64_t counters_heap_bytes(void) {
  struct mallinfo2 information = mallinfo2();
  return (int64_t)(information.uordblks + information.hblkhd);
}

// The bytes of memory that are resident, without free pages of the heap; -1 if unknown.
static inline int64_t counters_resident_bytes(void) {
  malloc_trim(0);
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return -1;
  long total, resident;
  int read = fscanf(file, "%ld %ld", &total, &resident);
  fclose(file);
  return read == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : -1;
}
#else
static inline int64_t counters_heap_bytes(void) { return -1; }
static inline int64_t counters_resident_bytes(void) { return -1; }
#endif

#endif
