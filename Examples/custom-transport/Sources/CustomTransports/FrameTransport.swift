public import SansIOTLSTransports

/// A transport of short frames, each after a byte with its length, such as a WebSocket or a radio module provides.
///
/// An empty frame is the end.
public actor FrameTransport<Base: ByteTransport>: MessageTransport {
  private let base: Base
  private var buffered: [UInt8] = []

  /// The maximum payload of a WebSocket frame whose length is one byte.
  public nonisolated let maximumMessageSize = 125

  /// Creates a transport.
  ///
  /// - Parameter base: the transport of the frames.
  public init(_ base: Base) { self.base = base }

  /// Receives the next frame; `nil` at the end.
  public func receiveMessage() async throws(Base.Failure) -> [UInt8]? {
    guard try await fill(1), buffered[0] > 0 else { return nil }
    let count = 1 + Int(buffered[0])
    guard try await fill(count) else { return nil }
    defer { buffered.removeFirst(count) }
    return Array(buffered[1..<count])
  }

  /// Sends one frame.
  public nonisolated func sendMessage(_ message: [UInt8]) async throws(Base.Failure) {
    try await base.send([UInt8(message.count)] + message)
  }

  /// Sends an empty frame.
  public nonisolated func closeOutput() async throws(Base.Failure) { try await base.send([0]) }

  /// Receives until `count` bytes are buffered.
  ///
  /// - Returns: `false` if the stream ended before.
  private func fill(_ count: Int) async throws(Base.Failure) -> Bool {
    while buffered.count < count {
      guard let bytes = try await base.receive(upTo: 4096) else { return false }
      buffered += bytes
    }
    return true
  }
}
