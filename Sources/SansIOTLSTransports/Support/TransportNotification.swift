internal import Synchronization

/// A notification for which one task waits, once.
private final class TransportNotification: Sendable {
  private enum State {
    case pending, called
    case awaited(SuspendedTask)
  }

  private let state = Mutex(State.pending)

  func call() { take(.called)?.resume() }

  /// Waits for the call, or for the task's cancellation.
  func wait() async {
    await waitForChange { continuation in
      state.withLock { state in
        guard case .pending = state, !Task.isCancelled else { return false }
        state = .awaited(continuation)
        return true
      }
    } withdraw: {
      take(.pending)
    }
  }

  private func take(_ next: State) -> SuspendedTask? {
    state.withLock { state in
      defer { if case .called = state {} else { state = next } }
      if case .awaited(let continuation) = state { return continuation }
      return nil
    }
  }
}

extension NonblockingByteTransport {
  /// Waits until a call may proceed, or until the task is cancelled. It may return early.
  func wait(for direction: TransportDirection) async throws(Failure) {
    let notification = TransportNotification()
    try notify(when: direction) { notification.call() }
    finishTransfers()
    await notification.wait()
  }
}
