extension TLSEngine {
  /// Gives back what an idle connection does not need: libssl's record buffers and both rings, about 70 KB. The next
  /// call that needs them brings them back by itself.
  ///
  /// - Returns: whether the engine hibernates now; it cannot while there is something to drain or to read.
  ///
  /// Corresponds to `SSL_free_buffers(3)` and `SSL_set_bio(3)` without BIO.
  @discardableResult
  public mutating func hibernate() -> Bool { handle.hibernate() }
}
