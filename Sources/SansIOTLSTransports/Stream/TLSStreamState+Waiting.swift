/// Waiting for a change of the state.
extension TLSStreamState {
  /// The kinds of changes.
  struct Change: OptionSet, Sendable {
    let rawValue: UInt8
    /// Ciphertext was received, or can be.
    static let input = Change(rawValue: 1 << 0)
    /// The transport has accepted ciphertext, or has room.
    static let output = Change(rawValue: 1 << 1)
    /// Any change, the end of the stream included.
    static let all = Change(rawValue: .max)
  }

  /// A task that waits for a change after `generation`.
  struct Waiter: Sendable {
    let number: UInt64
    let generation: UInt64
    let interest: Change
  }

  struct Waiters: Sendable {
    fileprivate struct Registered: Sendable {
      let number: UInt64
      let interest: Change
      let continuation: SuspendedTask
    }

    /// The change for which the current call has to wait.
    var interest: Change = .all
    /// Called by the transport. They do not keep the stream alive.
    var inputNotification: @Sendable () -> Void = {}
    var outputNotification: @Sendable () -> Void = {}

    fileprivate var registered: [Registered] = []
    fileprivate var ready = Ready()
    fileprivate var generation: UInt64 = 0
    fileprivate var nextNumber: UInt64 = 0
  }

  /// Calls to resume. There is rarely more than one, which needs no array.
  struct Ready: Sendable {
    private var first: SuspendedTask?
    private var others: [SuspendedTask] = []

    var isEmpty: Bool { first == nil }

    fileprivate mutating func append(_ continuation: SuspendedTask) {
      if isEmpty { first = continuation } else { others.append(continuation) }
    }

    func resume() {
      first?.resume()
      for continuation in others { continuation.resume() }
    }
  }

  /// Creates the waiter of the current call.
  mutating func newWaiter() -> Waiter {
    waiters.nextNumber += 1
    return Waiter(number: waiters.nextNumber, generation: waiters.generation, interest: waiters.interest)
  }

  /// - Returns: Whether there is something to wait for; `false` if the state has changed already.
  mutating func register(_ waiter: Waiter, _ continuation: SuspendedTask) -> Bool {
    guard waiters.generation == waiter.generation else { return false }
    waiters.registered.append(
      Waiters.Registered(number: waiter.number, interest: waiter.interest, continuation: continuation))
    return true
  }

  mutating func withdraw(_ waiter: Waiter) -> SuspendedTask? {
    guard let index = waiters.registered.firstIndex(where: { $0.number == waiter.number }) else {
      return nil
    }
    return waiters.registered.remove(at: index).continuation
  }

  /// Notes a change: the calls that wait for it repeat their attempt as soon as the lock is free.
  mutating func changed(_ change: Change) {
    waiters.generation &+= 1
    var index = 0
    while index < waiters.registered.count {
      if waiters.registered[index].interest.isDisjoint(with: change) {
        index += 1
      } else {
        // The array keeps its memory for the next wait.
        waiters.ready.append(waiters.registered.remove(at: index).continuation)
      }
    }
  }

  /// The actions after the lock is released: calls to resume, and operations to cancel that have become pointless.
  ///
  /// Resuming a task acquires the lock of its status, which a thread that cancels the task holds while it waits in the
  /// cancellation handler for this one; cancelling a task runs handlers.
  struct Wakeups: Sendable {
    var ready = Ready()
    var pointless: [Task<Void, Never>] = []

    var isEmpty: Bool { ready.isEmpty && pointless.isEmpty }
  }

  mutating func takeWakeups() -> Wakeups {
    var wakeups = Wakeups()
    if !waiters.ready.isEmpty {
      wakeups.ready = waiters.ready
      waiters.ready = Ready()
    }
    // Sending continues, in particular for an alert.
    if operations.hasTasks, isOver { wakeups.pointless = operations.takePointlessTasks() }
    return wakeups
  }
}
