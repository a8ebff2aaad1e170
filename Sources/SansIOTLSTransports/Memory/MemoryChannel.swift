internal import Synchronization

/// One direction of a ``MemoryTransport``: bytes, and one receiver and one sender that may wait.
final class MemoryChannel: Sendable {
  private struct State: Sendable {
    var bytes = ByteQueue()
    var hasEnded = false
    /// Called after bytes or the end have arrived, or after there is room.
    var receiver: (@Sendable () -> Void)?
    var sender: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())
  /// Whether a notification may be due. It spares most calls a lock.
  private let hasDue = Atomic(false)
  private let capacity: Int

  init(capacity: Int) { self.capacity = max(capacity, 1) }

  func receive(into buffer: inout OutputRawSpan) -> TransportReading {
    state.withLock { state in
      let count = state.bytes.removeFirst(into: &buffer)
      if count == 0 { return state.hasEnded ? .endOfStream : .wouldBlock }
      noteDue(state)
      return .bytes(count)
    }
  }

  /// - Returns: The bytes; `nil` if none are available.
  func receive(upTo count: Int) -> [UInt8]? {
    state.withLock { state in
      defer { noteDue(state) }
      return state.bytes.isEmpty ? nil : state.bytes.removeFirst(upTo: count)
    }
  }

  var isAtEnd: Bool { state.withLock { $0.bytes.isEmpty && $0.hasEnded } }

  /// Accepts all of the bytes, or none while as many as the capacity are on their way.
  ///
  /// - Parameter isLimited: Whether the capacity matters.
  /// - Returns: The number of bytes that were accepted.
  func send(_ bytes: RawSpan, isLimited: Bool = true) -> Int {
    state.withLock { state in
      if state.hasEnded { return bytes.byteCount }
      if isLimited, state.bytes.count >= capacity { return 0 }
      state.bytes.append(bytes)
      noteDue(state)
      return bytes.byteCount
    }
  }

  func notify(when direction: TransportDirection, _ notification: @escaping @Sendable () -> Void) {
    state.withLock { state in
      switch direction {
      case .receiving: state.receiver = notification
      case .sending: state.sender = notification
      }
      noteDue(state)
    }
  }

  func end() {
    state.withLock { state in
      state.hasEnded = true
      noteDue(state)
    }
    callDueNotifications()
  }

  /// Calls the notifications that are due.
  func callDueNotifications() {
    guard hasDue.load(ordering: .relaxed), hasDue.exchange(false, ordering: .acquiring) else { return }
    let (receiver, sender) = state.withLock { state in
      (isReceiverDue(state) ? state.receiver.take() : nil, isSenderDue(state) ? state.sender.take() : nil)
    }
    receiver?()
    sender?()
  }

  /// Called under the lock. The thread that sees a notification become due calls it after its transfer, unless another
  /// thread takes the flag before: that one has to find in the state what the flag is about.
  private func noteDue(_ state: borrowing State) {
    if isReceiverDue(state) || isSenderDue(state) { hasDue.store(true, ordering: .releasing) }
  }

  private func isReceiverDue(_ state: borrowing State) -> Bool {
    state.receiver != nil && (!state.bytes.isEmpty || state.hasEnded)
  }

  private func isSenderDue(_ state: borrowing State) -> Bool {
    state.sender != nil && (state.bytes.count < capacity || state.hasEnded)
  }
}
