extension TLSEngine {
  /// The number of ciphertext bytes that wait to be drained.
  public var pendingOutputByteCount: Int { handle.pendingOutputByteCount }

  /// Passes the waiting ciphertext to a closure, segment by segment, without a copy. Works after errors too, so that
  /// the alert is sent.
  ///
  /// - Parameter body: receives a segment and returns how many of its bytes were consumed, 0 to all. It is called again
  ///   if it consumed all and more is waiting.
  /// - Throws: what `body` throws; its segment stays.
  ///
  /// Corresponds to `BIO_nread0(3)` and `BIO_nread(3)`.
  public mutating func drain<E: Error>(_ body: (RawSpan) throws(E) -> Int) throws(E) {
    try handle.drain(body)
  }
}
