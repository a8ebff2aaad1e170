/// Output without a copy: a segment lies in the queue or the outbound buffer, and is lent to the closure for the
/// duration of its call. What the closure does is specialised in the caller's module.
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
  @inlinable
  @inline(never)
  public mutating func drain<E: Error>(_ body: (RawSpan) throws(E) -> Int) throws(E) {
    // Specialised in the caller's module, and not inlined: Swift 6.3.1 cannot compile an asynchronous function that
    // contains this body.
    while true {
      let segment = unsafe outboundSegment
      let count = segment.count
      if count == 0 { return }
      let taken = try body(unsafe segment.bytes)
      precondition(taken >= 0 && taken <= count, "a drain body takes between none and all of what it was lent")
      if !removeOutbound(taken) || taken < count { return }
    }
  }

  @usableFromInline
  var outboundSegment: UnsafeRawBufferPointer { unsafe handle.outboundSegment }

  /// - Returns: whether more is waiting.
  @usableFromInline
  mutating func removeOutbound(_ count: Int) -> Bool {
    handle.removeOutbound(count)
    return handle.pendingOutputByteCount > 0
  }
}
