/// One end of a pair in memory: the other end receives what this one sends. For two parts of one program, and for
/// tests.
public final class MemoryTransport: NonblockingByteTransport {
  /// A memory transport does not fail.
  public typealias Failure = Never

  private let inbound: MemoryChannel
  private let outbound: MemoryChannel

  private init(inbound: MemoryChannel, outbound: MemoryChannel) {
    self.inbound = inbound
    self.outbound = outbound
  }

  /// Creates both ends.
  ///
  /// - Parameter capacity: The bytes on their way in one direction from which on sending waits, 1 or more.
  /// - Returns: The two ends, which are equivalent.
  public static func pair(capacity: Int = 65_536) -> (MemoryTransport, MemoryTransport) {
    let (there, back) = (MemoryChannel(capacity: capacity), MemoryChannel(capacity: capacity))
    return (MemoryTransport(inbound: back, outbound: there), MemoryTransport(inbound: there, outbound: back))
  }

  /// Always `true`.
  public var isNonblocking: Bool { true }

  /// Waits for bytes.
  ///
  /// - Parameter count: Bytes at most, 1 or more.
  /// - Returns: The bytes that have arrived, a copy; `nil` at the end, and if the task is cancelled.
  public func receive(upTo count: Int) async -> [UInt8]? {
    while true {
      if let bytes = inbound.receive(upTo: max(count, 1)) {
        inbound.callDueNotifications()
        return bytes
      }
      if Task.isCancelled || inbound.isAtEnd { return nil }
      await wait(for: .receiving)
    }
  }

  /// Receives the bytes that have arrived, as many as fit. They are copied.
  ///
  /// - Parameter buffer: The buffer to append to.
  /// - Returns: The result.
  public func receive(into buffer: inout OutputRawSpan) -> TransportReading { inbound.receive(into: &buffer) }

  /// Sends bytes, waiting for room. A cancelled task does not wait.
  ///
  /// - Parameter bytes: The bytes, which are copied. After the end they are lost.
  public func send(_ bytes: [UInt8]) async {
    var rest = bytes[...]
    while !rest.isEmpty {
      // Sound: a byte has no padding.
      rest = rest.dropFirst(outbound.send(unsafe rest.span.bytes, isLimited: !Task.isCancelled))
      outbound.callDueNotifications()
      if !rest.isEmpty { await wait(for: .sending) }
    }
  }

  /// Sends bytes if there is room.
  ///
  /// - Parameter bytes: The bytes, which are copied. After the end they are lost.
  /// - Returns: The number of bytes that were accepted: all, or 0 if as many as the capacity are on their way.
  public func send(_ bytes: RawSpan) -> Int { outbound.send(bytes) }

  /// Requests one notification.
  ///
  /// - Parameters:
  ///   - direction: Receiving or sending.
  ///   - notification: Called after bytes or the end have arrived, or after there is room.
  public func notify(when direction: TransportDirection, _ notification: @escaping @Sendable () -> Void) {
    (direction == .receiving ? inbound : outbound).notify(when: direction, notification)
  }

  /// Calls the notifications that are due at both ends.
  public func finishTransfers() {
    inbound.callDueNotifications()
    outbound.callDueNotifications()
  }

  /// Ends this direction.
  public func closeOutput() { outbound.end() }
}
