public import SansIOTLSTransports

// Guide: transport
/// A serial line: slow, and written in small chunks, because a device at the other end has a small buffer.
public final class SerialLine: ByteTransport {
  private let descriptor: FileDescriptorTransport
  private let chunkSize: Int

  /// - Parameters:
  ///   - descriptor: the terminal, in raw mode.
  ///   - chunkSize: bytes written at once.
  public init(_ descriptor: FileDescriptorTransport, chunkSize: Int) {
    self.descriptor = descriptor
    self.chunkSize = chunkSize
  }

  /// Waits for what the line has, a chunk at most.
  public func receive(upTo count: Int) async throws(TransportError) -> [UInt8]? {
    try await descriptor.receive(upTo: min(count, chunkSize))
  }

  /// Writes chunk by chunk.
  public func send(_ bytes: [UInt8]) async throws(TransportError) {
    for start in stride(from: 0, to: bytes.count, by: chunkSize) {
      try await descriptor.send(Array(bytes[start..<min(start + chunkSize, bytes.count)]))
    }
  }

  /// A line has no end of its own: close_notify says all.
  public func closeOutput() async throws(TransportError) {}
}
// Guide: end
