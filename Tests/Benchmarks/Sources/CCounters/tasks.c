// The executable's definition of swift_task_create precedes that of Swift's runtime in the lookup order, and compiled
// code creates every task by it. Enqueued jobs are counted by the hook that the runtime provides.
#define _GNU_SOURCE
#include "counters.h"
#include "process.h"

#include <dlfcn.h>

atomic_bool process_counting;
atomic_long process_allocations;

#if defined(__GLIBC__) && defined(__clang__)
static atomic_long process_tasks;
static atomic_long process_jobs;

#define SWIFT_CALL __attribute__((swiftcall))

typedef struct {
  void *task;
  void *context;
} task_and_context;

typedef SWIFT_CALL task_and_context (*task_create)(size_t, void *, const void *, void *, void *);
typedef SWIFT_CALL void (*enqueue_original)(void *);
typedef SWIFT_CALL void (*enqueue_hook)(void *, enqueue_original);

SWIFT_CALL task_and_context swift_task_create(
    size_t flags, void *options, const void *result_type, void *function, void *context) {
  static _Atomic(task_create) original;
  task_create create = atomic_load_explicit(&original, memory_order_acquire);
  if (create == NULL) {
    create = (task_create)dlsym(RTLD_NEXT, "swift_task_create");
    atomic_store_explicit(&original, create, memory_order_release);
  }
  process_count(&process_tasks);
  return create(flags, options, result_type, function, context);
}

static SWIFT_CALL void enqueue(void *job, enqueue_original original) {
  process_count(&process_jobs);
  original(job);
}

bool counters_task_work_open(void) {
  enqueue_hook *hook = dlsym(RTLD_DEFAULT, "swift_task_enqueueGlobal_hook");
  if (hook == NULL || dlsym(RTLD_NEXT, "swift_task_create") == NULL) return false;
  *hook = enqueue;
  return true;
}

void counters_task_work_start(void) {
  atomic_store(&process_allocations, 0);
  atomic_store(&process_tasks, 0);
  atomic_store(&process_jobs, 0);
  atomic_store(&process_counting, true);
}

counters_task_work counters_task_work_stop(void) {
  atomic_store(&process_counting, false);
  return (counters_task_work){
      .allocations = atomic_load(&process_allocations),
      .tasks = atomic_load(&process_tasks),
      .jobs = atomic_load(&process_jobs),
  };
}
#else
bool counters_task_work_open(void) { return false; }
void counters_task_work_start(void) {}
counters_task_work counters_task_work_stop(void) { return (counters_task_work){0}; }
#endif
