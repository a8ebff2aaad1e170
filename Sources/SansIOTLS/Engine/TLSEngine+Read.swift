extension TLSEngine {
  /// Decrypts into the caller's memory as many records as have arrived and fit. Plaintext is delivered before the end
  /// or the error that follows it.
  ///
  /// - Parameter output: receives the plaintext; its present contents stay.
  /// - Returns: `.done` with the number of bytes, `.needsFeed`, `.needsAnswer`, or `.endOfStream`, which repeats.
  /// - Throws: ``TLSError``: what ended the connection, `.truncated` if the transport ended without close_notify;
  ///   `.abandoned`.
  ///
  /// Corresponds to `SSL_read_ex(3)`.
  public mutating func read(into output: inout OutputRawSpan) throws(TLSError) -> ReadStep<Int> {
    switch try admit(.read) {
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    case .endOfStream:
      state.endReported()
      return .endOfStream
    default: break
    }
    let start = output.byteCount
    while output.freeCapacity > 0, handle.hasInput {
      // The action is `.continueMessage`. On the path of every record, the fact costs less than the action.
      if state.isInsideMessage {
        continueHandshakeMessage()
        if state.action(for: .read) != .proceed { break }
        continue
      }
      let outcome = handle.read(into: &output)
      if case .success = outcome {
        // Each control record may have been answered: unless the output is drained, data between them does not reset
        // the count.
        if controlRecords > 0, handle.pendingOutputByteCount < limits.pendingOutputByteCount { controlRecords = 0 }
      } else if !canReadFurther(after: outcome) {
        break
      }
    }
    let count = output.byteCount - start
    if handle.hasPendingEvents {
      collectEvents()
      handle.rest(count > 0 ? .done : state.receiving == .closed ? .endOfStream : .needsFeed)
    }
    return count > 0 ? .done(count) : try emptyRead(isFull: output.freeCapacity == 0)
  }

  /// Acts on what was read instead of plaintext. Apart from `read`, so that the path of every record is short.
  @inline(never)
  private mutating func canReadFurther(after outcome: SSLHandle.Outcome) -> Bool {
    switch outcome {
    case .success: return true
    case .wantsRead: return false
    case .controlRecord:
      controlRecordPassed()
      return failure == nil && state.phase == .open
    default:
      end(outcome)
      return false
    }
  }

  /// The result of a call that read no plaintext.
  @inline(never)
  private mutating func emptyRead(isFull: Bool) throws(TLSError) -> ReadStep<Int> {
    try throwFailure()
    if state.receiving == .closed {
      state.endReported()
      return .endOfStream
    }
    if state.phase == .asking { return .needsAnswer }
    return isFull ? .done(0) : .needsFeed
  }
}
