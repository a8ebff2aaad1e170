internal import Synchronization

/// One end of a pair in memory: the other end receives what this one sends. For two parts of one program, and for
/// tests.
public final class MemoryTransport: ByteTransport {
  /// A memory transport does not fail.
  public typealias Failure = Never

  private let inbound: Channel
  private let outbound: Channel

  private init(inbound: Channel, outbound: Channel) {
    self.inbound = inbound
    self.outbound = outbound
  }

  /// Creates both ends.
  ///
  /// - Parameter capacity: The bytes on their way in one direction above which sending waits, 1 or more.
  /// - Returns: The two ends, which are equivalent.
  public static func pair(capacity: Int = 65_536) -> (MemoryTransport, MemoryTransport) {
    let (there, back) = (Channel(capacity: capacity), Channel(capacity: capacity))
    return (MemoryTransport(inbound: back, outbound: there), MemoryTransport(inbound: there, outbound: back))
  }

  /// Waits for bytes.
  ///
  /// - Parameter count: Bytes at most, 1 or more.
  /// - Returns: The bytes of one send, or a part of them; `nil` at the end, and if the task is cancelled.
  public func receive(upTo count: Int) async -> [UInt8]? { await inbound.receive(upTo: count) }

  /// Sends bytes after waiting for room. A cancelled task does not wait.
  ///
  /// - Parameter bytes: The bytes. After the end they are lost.
  public func send(_ bytes: [UInt8]) async { await outbound.send(bytes) }

  /// Ends this direction.
  public func closeOutput() async { outbound.end() }
}

/// One direction: pieces, and one receiver and one sender that may wait.
private final class Channel: Sendable {
  private enum End { case receiver, sender }

  private struct State: Sendable {
    var queue = PieceQueue()
    var hasEnded = false
    var receiver: CheckedContinuation<Void, Never>?
    var sender: CheckedContinuation<Void, Never>?

    /// The task that waits at one end.
    subscript(end: End) -> CheckedContinuation<Void, Never>? {
      get { end == .receiver ? receiver : sender }
      set { if end == .receiver { receiver = newValue } else { sender = newValue } }
    }
  }

  private let state = Mutex(State())
  private let capacity: Int

  init(capacity: Int) { self.capacity = max(capacity, 1) }

  func receive(upTo count: Int) async -> [UInt8]? {
    while true {
      let (piece, isOver, sender) = state.withLock { state in
        let piece = state.queue.next(upTo: max(count, 1))
        let sender = piece == nil ? nil : state.sender.take()
        return (piece, state.hasEnded || Task.isCancelled, sender)
      }
      sender?.resume()
      if let piece { return piece }
      if isOver { return nil }
      await wait(.receiver) { $0.queue.isEmpty && !$0.hasEnded }
    }
  }

  func send(_ bytes: [UInt8]) async {
    while !Task.isCancelled, state.withLock({ $0.queue.count >= capacity && !$0.hasEnded }) {
      await wait(.sender) { [capacity] in $0.queue.count >= capacity && !$0.hasEnded }
    }
    let receiver = state.withLock { state in
      if !state.hasEnded { state.queue.append(bytes) }
      return state.receiver.take()
    }
    receiver?.resume()
  }

  func end() {
    let waiting = state.withLock { state in
      state.hasEnded = true
      return [state.receiver.take(), state.sender.take()]
    }
    for continuation in waiting { continuation?.resume() }
  }

  private func wait(
    _ end: End, while isNeeded: @Sendable (State) -> Bool
  ) async {
    await waitForChange { continuation in
      state.withLock { state in
        if Task.isCancelled || !isNeeded(state) { return false }
        state[end] = continuation
        return true
      }
    } withdraw: {
      state.withLock { $0[end].take() }
    }
  }
}
