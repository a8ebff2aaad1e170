/// Nested TLS: a stream is a transport too.
extension TLSStream: ByteTransport {
  /// Reads plaintext, as the ciphertext of another stream.
  ///
  /// - Parameter count: Bytes at most, 1 or more.
  /// - Returns: At least one byte; `nil` after the peer closed its direction.
  /// - Throws: ``TLSStreamError``, as ``read(upTo:)``.
  public func receive(upTo count: Int) async throws(TLSStreamError) -> [UInt8]? { try await read(upTo: count) }

  /// Writes the ciphertext of another stream.
  ///
  /// - Parameter bytes: The bytes.
  /// - Throws: ``TLSStreamError``, as ``write(_:)-([UInt8])``.
  public func send(_ bytes: [UInt8]) async throws(TLSStreamError) { try await write(bytes) }

  /// Ends this direction, and that of the transport below.
  ///
  /// - Throws: ``TLSStreamError``, as ``close()``.
  public func closeOutput() async throws(TLSStreamError) { try await close() }
}
