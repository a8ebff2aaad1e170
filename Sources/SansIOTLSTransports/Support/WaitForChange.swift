/// Suspends the task until another task resumes the registered continuation, or until this one is cancelled.
///
/// The caller keeps the continuation in a state protected by a lock. Any code that changes the state removes the
/// continuation and resumes it after releasing the lock: resuming acquires the lock of the task's status, which a
/// thread that cancels the task holds while it waits for the state's lock in `withdraw`.
///
/// - Parameters:
///   - register: Stores the continuation, unless the task is cancelled or there is nothing to wait for. It has to test
///     `Task.isCancelled` under the lock: `withdraw` may have run already.
///   - withdraw: Removes the continuation, if it is still registered, after the task was cancelled.
package func waitForChange(
  register: (CheckedContinuation<Void, Never>) -> Bool,
  withdraw: @Sendable () -> CheckedContinuation<Void, Never>?
) async {
  await withTaskCancellationHandler {
    await withCheckedContinuation { continuation in
      if !register(continuation) { continuation.resume() }
    }
  } onCancel: {
    withdraw()?.resume()
  }
}
