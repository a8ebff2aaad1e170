extension TLSEngine {
  /// Ciphertext bytes that wait to be drained.
  public var pendingOutputByteCount: Int { handle.pendingOutputByteCount }

  /// Lends the waiting ciphertext, segment by segment, where it lies: nothing is copied. Works after errors too, so that
  /// the alert leaves.
  ///
  /// - Parameter body: takes a segment and returns how many of its bytes it took, 0 to all. It is called again while it
  ///   takes all and more is waiting.
  /// - Throws: what `body` throws; the segment it was lent stays.
  ///
  /// Corresponds to `BIO_nread0(3)` and `BIO_nread(3)`.
  public mutating func drain<E: Error>(_ body: (RawSpan) throws(E) -> Int) throws(E) {
    try handle.drain(body)
  }
}
