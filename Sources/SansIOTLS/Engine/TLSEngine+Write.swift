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
    // A single record is accepted whole: the limit may be exceeded by one.
    if count > singleRecordByteCount { return try writeRecords(plaintext, room) }
    let (outcome, sealed) = handle.write(plaintext, count: count)
    if case .success = outcome { return .done(sealed) }
    return try writeStopped(outcome, sealed)
  }

  /// Writes several records, or records of other sizes than the largest.
  @inline(never)
  private mutating func writeRecords(_ plaintext: RawSpan, _ room: Int) throws(TLSError) -> WriteStep {
    if !recordSizing.isEmpty { return try writeSized(plaintext) }
    // Whole records rather than small chunks near the limit.
    let acceptable = max(room / Self.recordSize * Self.recordSize, Self.recordSize)
    let (outcome, sealed) = handle.write(plaintext, count: min(plaintext.byteCount, acceptable))
    if case .success = outcome { return .done(sealed) }
    return try writeStopped(outcome, sealed)
  }

  /// Small records add much to what they carry: each part is what the room left by the parts before it allows.
  private mutating func writeSized(_ plaintext: RawSpan) throws(TLSError) -> WriteStep {
    var sealed = 0
    while sealed < plaintext.byteCount {
      let room = limits.pendingOutputByteCount - handle.pendingOutputByteCount
      guard room > 0, let part = recordSizing.first?.part(of: plaintext.byteCount - sealed, in: room) else { break }
      let (outcome, count) = handle.write(
        plaintext.extracting(droppingFirst: sealed), count: part.byteCount, recordByteCount: part.recordByteCount)
      recordSizing[0].small.sent(count)
      sealed += count
      guard case .success = outcome else { return try writeStopped(outcome, sealed) }
    }
    return .done(sealed)
  }

  /// Reports that nothing was written for a while: the next records are small again, as
  /// ``TLSRecordPolicy/smallStart`` says. The engine has no clock; without such a start the call has no effect.
  public mutating func reportIdle() {
    if !recordSizing.isEmpty { recordSizing[0].small.restart() }
    handle.early?.restartRecords()
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
