public import SansIOTLSTransports

/// Short frames, each with its length in a byte before it, over whatever moves bytes: what a WebSocket or a radio module
/// gives its user. A frame of no bytes says that there will be no more.
public actor FrameCarrier<Base: ByteTransport>: MessageTransport {
  private let base: Base
  private var buffered: [UInt8] = []

  /// What a WebSocket frame holds with a length of one byte.
  public nonisolated let maximumMessageSize = 125

  /// - Parameter base: moves the frames.
  public init(_ base: Base) { self.base = base }

  /// The next frame's bytes; `nil` behind the last one.
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

  /// Sends the frame that says so.
  public nonisolated func closeOutput() async throws(Base.Failure) { try await base.send([0]) }

  /// - Returns: whether so many bytes are there; `false` at the end of the stream.
  private func fill(_ count: Int) async throws(Base.Failure) -> Bool {
    while buffered.count < count {
      guard let bytes = try await base.receive(upTo: 4096) else { return false }
      buffered += bytes
    }
    return true
  }
}
