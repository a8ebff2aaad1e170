extension TLSEngine {
  /// Releases what an idle connection does not need: libssl's record buffers and both buffers of the BIO pair, about 70
  /// KB. The next call that needs them allocates them again.
  ///
  /// - Returns: whether the engine hibernates now; it does not while there is something to drain or to read.
  ///
  /// Corresponds to `SSL_free_buffers(3)` and `SSL_set_bio(3)` without BIO.
  @discardableResult
  public mutating func hibernate() -> Bool { handle.hibernate() }

  /// Whether the buffers are released, since ``hibernate()``.
  package var isHibernating: Bool { handle.isHibernating }
}
