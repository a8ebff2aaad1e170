// Library contexts are never freed: a thread that drew random numbers from one frees its own generator in it when the
// thread ends. This list keeps them reachable, so that a leak checker does not report them.
#include "CSansIOTLSShims.h"

#include <stdatomic.h>
#include <stdlib.h>

struct kept {
  OSSL_LIB_CTX *library;
  struct kept *next;
};
static _Atomic(struct kept *) first;

bool sitls_keep_library(OSSL_LIB_CTX *library) {
  struct kept *entry = malloc(sizeof *entry);
  if (!entry) { return false; }
  entry->library = library;
  entry->next = atomic_load(&first);
  while (!atomic_compare_exchange_weak(&first, &entry->next, entry)) {}
  return true;
}
