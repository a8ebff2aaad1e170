public import SansIOTLSTransports

// Guide: transport
/// A serial line, written in small chunks because the device at the other end has a small buffer.
public final class SerialLine: ByteTransport {
  private let descriptor: FileDescriptorTransport
  private let chunkSize: Int

  /// Creates a transport.
  ///
  /// - Parameters:
  ///   - descriptor: a terminal in raw mode.
  ///   - chunkSize: the maximum number of bytes of a write.
  public init(_ descriptor: FileDescriptorTransport, chunkSize: Int) {
    self.descriptor = descriptor
    self.chunkSize = chunkSize
  }

  /// Receives at most a chunk.
  public func receive(upTo count: Int) async throws(TransportError) -> [UInt8]? {
    try await descriptor.receive(upTo: min(count, chunkSize))
  }

  /// Sends the bytes in chunks.
  public func send(_ bytes: [UInt8]) async throws(TransportError) {
    for start in stride(from: 0, to: bytes.count, by: chunkSize) {
      try await descriptor.send(Array(bytes[start..<min(start + chunkSize, bytes.count)]))
    }
  }

  /// Does nothing: a serial line has no end, and close_notify has already been sent.
  public func closeOutput() async throws(TransportError) {}
}
// Guide: end
