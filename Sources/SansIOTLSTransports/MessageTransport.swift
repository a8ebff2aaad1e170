internal import Synchronization

/// A transport of messages: WebSocket frames, SSH channel data, reliable datagrams. ``MessageStream`` turns it into a
/// ``ByteTransport``.
public protocol MessageTransport: Sendable {
  /// The error of this transport.
  associatedtype Failure: Error

  /// The largest message in bytes, 1 or more.
  var maximumMessageSize: Int { get }

  /// Waits for a message.
  ///
  /// - Returns: Its bytes, possibly none; `nil` after the last message.
  /// - Throws: The error that ended the transport.
  func receiveMessage() async throws(Failure) -> [UInt8]?

  /// Sends a message, after those of earlier calls.
  ///
  /// - Parameter message: 1 to ``maximumMessageSize`` bytes.
  /// - Throws: The error that ended the transport.
  func sendMessage(_ message: [UInt8]) async throws(Failure)

  /// Ends this direction: the other end receives no more messages.
  ///
  /// - Throws: The error that ended the transport.
  func closeOutput() async throws(Failure)
}

/// A byte transport over messages. Message boundaries have no meaning; every message must arrive once and in order.
public final class MessageStream<Carrier: MessageTransport>: ByteTransport {
  private let carrier: Carrier
  /// The bytes of a message beyond those that were requested.
  private let rest = Mutex<ArraySlice<UInt8>>([])

  /// Creates a stream over a message transport.
  ///
  /// - Parameter carrier: The transport of the messages.
  public init(_ carrier: Carrier) { self.carrier = carrier }

  /// Waits for a message that is not empty.
  ///
  /// - Parameter count: Bytes at most, 1 or more; the next call returns what a message has beyond them.
  /// - Returns: Its bytes; `nil` after the last message. No bytes if the task was cancelled while only empty messages
  ///   arrived.
  /// - Throws: The carrier's error.
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
        // Lets other tasks run, however many messages the carrier has, and lets this one be cancelled.
        if Task.isCancelled { return [] }
        await Task.yield()
      }
    }
  }

  /// Sends bytes in as few messages as their size allows.
  ///
  /// - Parameter bytes: The bytes.
  /// - Throws: The carrier's error.
  public func send(_ bytes: [UInt8]) async throws(Carrier.Failure) {
    let size = max(carrier.maximumMessageSize, 1)
    for start in stride(from: 0, to: bytes.count, by: size) {
      try await carrier.sendMessage(Array(bytes[start..<min(start + size, bytes.count)]))
    }
  }

  /// Ends this direction.
  ///
  /// - Throws: The carrier's error.
  public func closeOutput() async throws(Carrier.Failure) { try await carrier.closeOutput() }
}
