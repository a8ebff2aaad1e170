internal import Synchronization

/// A carrier of messages: WebSocket frames, SSH channel data, datagrams of a reliable kind. ``MessageStream`` makes a
/// ``ByteTransport`` of it.
public protocol MessageTransport: Sendable {
  /// How this carrier fails.
  associatedtype Failure: Error

  /// How many bytes a message may have, 1 or more.
  var maximumMessageSize: Int { get }

  /// Waits for a message.
  ///
  /// - Returns: its bytes, possibly none; `nil` behind the last one.
  /// - Throws: what ended the carrier.
  func receiveMessage() async throws(Failure) -> [UInt8]?

  /// Sends a message, behind those of earlier calls.
  ///
  /// - Parameter message: 1 to ``maximumMessageSize`` bytes.
  /// - Throws: what ended the carrier.
  func sendMessage(_ message: [UInt8]) async throws(Failure)

  /// Tells the other end that there will be no more messages.
  ///
  /// - Throws: what ended the carrier.
  func closeOutput() async throws(Failure)
}

/// The bytes of a stream in messages. How they are cut means nothing: messages must arrive all, once and in order.
public final class MessageStream<Carrier: MessageTransport>: ByteTransport {
  private let carrier: Carrier
  /// The end of a message that was more than was asked for.
  private let rest = Mutex<ArraySlice<UInt8>>([])

  /// Wraps a carrier.
  ///
  /// - Parameter carrier: moves the messages.
  public init(_ carrier: Carrier) { self.carrier = carrier }

  /// Waits for a message that is not empty.
  ///
  /// - Parameter count: bytes at most, 1 or more; what a message has beyond them comes next.
  /// - Returns: its bytes; `nil` behind the last one. No bytes if the task was cancelled while only empty messages came.
  /// - Throws: the carrier's error.
  public func receive(upTo count: Int) async throws(Carrier.Failure) -> [UInt8]? {
    while true {
      let bytes = rest.withLock { rest in
        defer { rest = rest.dropFirst(max(count, 1)) }
        return Array(rest.prefix(max(count, 1)))
      }
      if !bytes.isEmpty { return bytes }
      guard let message = try await carrier.receiveMessage() else { return nil }
      rest.withLock { $0 = message[...] }
      if message.isEmpty {
        // However many a carrier has at once, other tasks run, and this one can be cancelled.
        if Task.isCancelled { return [] }
        await Task.yield()
      }
    }
  }

  /// Sends bytes in as few messages as their size allows.
  ///
  /// - Parameter bytes: the bytes.
  /// - Throws: the carrier's error.
  public func send(_ bytes: [UInt8]) async throws(Carrier.Failure) {
    let size = max(carrier.maximumMessageSize, 1)
    for start in stride(from: 0, to: bytes.count, by: size) {
      try await carrier.sendMessage(Array(bytes[start..<min(start + size, bytes.count)]))
    }
  }

  /// Ends this direction.
  ///
  /// - Throws: the carrier's error.
  public func closeOutput() async throws(Carrier.Failure) { try await carrier.closeOutput() }
}
