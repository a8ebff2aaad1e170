#include "counters.h"

#include <time.h>

static int64_t cpu_time(clockid_t clock) {
  struct timespec now;
  if (clock_gettime(clock, &now) != 0) return 0;
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t counters_thread_cpu_time(void) { return cpu_time(CLOCK_THREAD_CPUTIME_ID); }

int64_t counters_process_cpu_time(void) { return cpu_time(CLOCK_PROCESS_CPUTIME_ID); }
