#define _GNU_SOURCE
#include "counters.h"

#include <stdlib.h>

#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

int64_t counters_heap_bytes(void) {
  struct mallinfo2 information = mallinfo2();
  return (int64_t)(information.uordblks + information.hblkhd);
}

int64_t counters_resident_bytes(void) {
  malloc_trim(0);
  return counters_untrimmed_resident_bytes();
}

int64_t counters_untrimmed_resident_bytes(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return -1;
  long total, resident;
  int read = fscanf(file, "%ld %ld", &total, &resident);
  fclose(file);
  return read == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : -1;
}
#else
int64_t counters_heap_bytes(void) { return -1; }
int64_t counters_resident_bytes(void) { return -1; }
int64_t counters_untrimmed_resident_bytes(void) { return -1; }
#endif
