/// The same calls with other types of bytes.
extension TLSStream {
  /// Writes the bytes of an array; see ``write(_:)-(RawSpan)``. They are not copied.
  ///
  /// - Parameter plaintext: The bytes.
  /// - Throws: ``TLSStreamError``, as the span form.
  public func write(_ plaintext: [UInt8]) async throws(TLSStreamError) {
    // Sound: a byte has no padding.
    try await write(unsafe plaintext.span.bytes)
  }

  /// Writes the bytes of a typed span; see ``write(_:)-(RawSpan)``. They are not copied.
  ///
  /// - Parameter plaintext: The bytes.
  /// - Throws: ``TLSStreamError``, as the raw span form.
  public func write(_ plaintext: Span<UInt8>) async throws(TLSStreamError) {
    // Sound: a byte has no padding.
    try await write(unsafe plaintext.bytes)
  }
}
