/// Suspends the task until another task resumes the registered one, or until this one is cancelled.
///
/// The caller keeps the suspended task in a state protected by a lock. Any code that changes the state removes it and
/// resumes it after releasing the lock: resuming acquires the lock of the task's status, which a thread that cancels
/// the task holds while it waits for the state's lock in `withdraw`.
///
/// - Parameters:
///   - register: Stores the suspended task, unless it is cancelled or there is nothing to wait for. It has to test
///     `Task.isCancelled` under the lock: `withdraw` may have run already.
///   - withdraw: Removes it, if it is still registered, after the task was cancelled.
package nonisolated(nonsending) func waitForChange(
  register: (SuspendedTask) -> Bool, withdraw: @Sendable () -> SuspendedTask?
) async {
  await withTaskCancellationHandler {
    await unsafe withUnsafeContinuation { continuation in
      let task = unsafe SuspendedTask(continuation: continuation)
      if !register(task) { task.resume() }
    }
  } onCancel: {
    withdraw()?.resume()
  }
}

/// A task that waits for a change, to be resumed once.
///
/// A checked continuation would allocate for each wait. What it checks holds here: the code that removes the value from
/// its state resumes it, and ``waitForChange(register:withdraw:)`` if it was not stored.
@safe
package struct SuspendedTask: Sendable {
  fileprivate let continuation: UnsafeContinuation<Void, Never>

  /// Resumes the task.
  package func resume() { unsafe continuation.resume() }
}
