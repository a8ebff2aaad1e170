#include "Inheritance.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { LIMIT = 1024 };

static unsigned char was_open[LIMIT];

int tlspipe_inherited_descriptor(int number) {
  return number >= 0 && number < LIMIT && was_open[number];
}

// Opens /dev/null for closed standard descriptors. Otherwise the next file that is opened would get their numbers, and
// receive output for standard output or standard error.
static void fill_standard_descriptors(void) {
  for (int number = 0; number <= 2; number++) {
    if (was_open[number]) continue;
    int null = open("/dev/null", O_RDWR);
    if (null >= 0 && null != number) {
      dup2(null, number);
      close(null);
    }
  }
}

// The disposition and the mask of SIGCHLD survive exec(2). If the parent ignores or blocks it, children leave no exit
// status, and the end of a program looks like a failure to start it.
static void expect_children(void) {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_UNBLOCK, &children, NULL);
  signal(SIGCHLD, SIG_DFL);
}

// Messages without a reader must not end a transfer: the writes fail, and the exit code reports it. COMMAND does not
// inherit this, because Subprocess sets default dispositions.
static void survive_broken_pipes(void) {
  signal(SIGPIPE, SIG_IGN);
}

static void record(void) {
  for (int number = 0; number < LIMIT; number++) was_open[number] = fcntl(number, F_GETFD) >= 0;
  fill_standard_descriptors();
  expect_children();
  survive_broken_pipes();
}

#if defined(__linux__) && defined(__GLIBC__)
// Before the initializers of the shared libraries, including the Swift runtime.
__attribute__((section(".preinit_array"), used)) static void (*const record_early)(void) = record;
#else
__attribute__((constructor(101))) static void record_early(void) { record(); }
#endif
