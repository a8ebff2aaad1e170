#include "Inheritance.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { LIMIT = 1024 };

static unsigned char was_open[LIMIT];

int tlspipe_inherited_descriptor(int number) {
  return number >= 0 && number < LIMIT && was_open[number];
}

// Standard descriptors that are closed stand for /dev/null from here on: whatever is opened next would otherwise get their
// numbers, and receive what is written to standard output or standard error.
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

// A parent that ignores SIGCHLD leaves it so over exec(2), and blocks it so, too. Children then leave no exit status,
// and the end of a program looks like a failure to start it.
static void expect_children(void) {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_UNBLOCK, &children, NULL);
  signal(SIGCHLD, SIG_DFL);
}

// Messages whose reader has gone must not end a transfer: the writes fail, and the exit code says so. COMMAND does not inherit
// this, because Subprocess gives it default dispositions.
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
// Before the initializers of the shared libraries, the Swift runtime's among them.
__attribute__((section(".preinit_array"), used)) static void (*const record_early)(void) = record;
#else
__attribute__((constructor(101))) static void record_early(void) { record(); }
#endif
