import Synchronization

/// Runs each job on a thread of its own: what a test blocks on purpose then occupies no thread of Swift's pool,
/// on which all the other tests run.
final class ThreadExecutor: TaskExecutor {
  private let threads = Mutex<[BackgroundThread<Void>]>([])

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // Sound: the threads hold it no longer than the test that joins them.
    let executor = unsafe asUnownedTaskExecutor()
    threads.withLock { $0.append(BackgroundThread { unsafe job.runSynchronously(on: executor) }) }
  }

  /// Waits for the ends of the threads; to be called after the last job.
  func join() { for thread in threads.withLock({ $0 }) { thread.value() } }
}
