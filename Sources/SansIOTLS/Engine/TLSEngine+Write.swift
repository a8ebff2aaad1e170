extension TLSEngine {
  /// Encrypts plaintext into records. What is accepted is encrypted in this call: a later call never finds a write half
  /// done, and there is no "retry with the same buffer".
  ///
  /// - Parameter plaintext: bytes to send. They are encrypted from where they lie.
  /// - Returns: `.done` with the number of bytes accepted: all of them, or as many whole records as fit under
  ///   ``Limits-swift.struct/pendingOutputByteCount``, at least one; `.needsDrain` if the limit is reached;
  ///   `.needsFeed` or `.needsAnswer` before the handshake is done, and while a message that the peer began to send
  ///   keeps libssl from writing.
  /// - Throws: ``TLSError``: what ended the connection; `.closed` after ``closeWriting()``; `.abandoned`.
  ///
  /// Corresponds to `SSL_write_ex(3)`.
  public mutating func write(_ plaintext: RawSpan) throws(TLSError) -> WriteStep {
    switch try admit(.write) {
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    default: break
    }
    let count = plaintext.byteCount
    if count == 0 { return .done(0) }
    // The action is `.continueMessage`. On the path of every record, the fact costs less than the action.
    if state.isInsideMessage, try !finishHandshakeMessage() {
      return state.phase == .asking ? .needsAnswer : .needsFeed
    }
    if handle.owesTickets { try sendOwedTickets() }
    let room = limits.pendingOutputByteCount - handle.pendingOutputByteCount
    if room <= 0 { return .needsDrain }
    // Whole records rather than small chunks near the limit: it may be exceeded by one record.
    let acceptable = max(room / Self.recordSize * Self.recordSize, Self.recordSize)
    let (outcome, sealed) = handle.write(plaintext, count: min(count, acceptable))
    if case .success = outcome { return .done(sealed) }
    return try writeStopped(outcome, sealed)
  }

  /// The result of a write that libssl did not complete. Apart from `write`, so that the path of every record is short.
  @inline(never)
  private mutating func writeStopped(_ outcome: SSLHandle.Outcome, _ sealed: Int) throws(TLSError) -> WriteStep {
    if sealed > 0 {
      // What was encrypted before it counts; the next call reports the failure.
      if case .failed = outcome { end(outcome) }
      return .done(sealed)
    }
    switch outcome {
    case .success, .wantsRead, .controlRecord: return .needsFeed
    default:
      end(outcome)
      try throwFailure()
      return .needsFeed
    }
  }

  /// The plaintext of one record at most (RFC 8446, section 5.1).
  package static let recordSize = 16_384
}
