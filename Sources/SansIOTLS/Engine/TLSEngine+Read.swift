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
    reading: while output.freeCapacity > 0, handle.hasInput {
      // The action is `.continueMessage`. On the path of every record, the fact costs less than the action.
      if state.isInsideMessage {
        continueHandshakeMessage()
        if state.action(for: .read) != .proceed { break reading }
        continue
      }
      let outcome = handle.read(into: &output)
      switch outcome {
      case .success:
        // Each control record may have been answered: unless the output is drained, data between them does not reset
        // the count.
        if controlRecords > 0, handle.pendingOutputByteCount < limits.pendingOutputByteCount { controlRecords = 0 }
      case .wantsRead: break reading
      case .controlRecord:
        controlRecordPassed()
        if failure != nil { break reading }
      default:
        end(outcome)
        break reading
      }
    }
    let count = output.byteCount - start
    if handle.hasPendingEvents {
      collectEvents()
      handle.rest(count > 0 ? .done : state.receiving == .closed ? .endOfStream : .needsFeed)
    }
    if count > 0 { return .done(count) }
    try throwFailure()
    if state.receiving == .closed {
      state.endReported()
      return .endOfStream
    }
    return output.freeCapacity == 0 ? .done(0) : .needsFeed
  }
}
