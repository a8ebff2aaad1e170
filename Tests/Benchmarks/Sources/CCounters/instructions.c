// popen is POSIX, syscall and perf_event are Linux.
#define _GNU_SOURCE
#include "counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

static int counter = -1;

bool counters_instructions_open(void) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  if (counter < 0) counter = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0UL);
  return counter >= 0;
}

int64_t counters_instructions_read(void) {
  int64_t count;
  return counter >= 0 && read(counter, &count, sizeof count) == (ssize_t)sizeof count ? count : -1;
}
#else
bool counters_instructions_open(void) { return false; }
int64_t counters_instructions_read(void) { return -1; }
#endif

int64_t counters_callgrind(const char *command) {
  FILE *output = popen(command, "r");
  if (output == NULL) return -1;
  int64_t total = -1;
  char line[512];
  while (fgets(line, sizeof line, output) != NULL) {
    // "==1234== Collected : 56789"
    const char *found = strstr(line, "Collected : ");
    if (found != NULL) total = strtoll(found + strlen("Collected : "), NULL, 10);
  }
  return pclose(output) == 0 ? total : -1;
}
