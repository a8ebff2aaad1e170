import Glibc
import Synchronization

/// A closure on a thread of its own, because a relay blocks its caller and Swift's own pool has few threads.
final class BackgroundThread<Value: Sendable>: Sendable {
  private let result: Result
  let identifier: pthread_t

  private final class Result: Sendable {
    let value = Mutex<Value?>(nil)
  }

  init(_ body: @escaping @Sendable () -> Value) {
    let result = Result()
    self.result = result
    identifier = startThread(Job { result.value.withLock { [value = body()] in $0 = value } })
  }

  /// Waits for the end of the thread; to be called once.
  func value() -> Value {
    pthread_join(identifier, nil)
    return result.value.withLock { $0! }
  }
}

private final class Job: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startThread(_ job: Job) -> pthread_t {
  var identifier = pthread_t()
  // Sound: the object is retained for the new thread, which alone releases it.
  let error = unsafe pthread_create(
    &identifier, nil,
    { argument in
      unsafe Unmanaged<Job>.fromOpaque(argument!).takeRetainedValue().run()
      return nil
    }, Unmanaged.passRetained(job).toOpaque())
  precondition(error == 0)
  return identifier
}
