extension TLSEngine {
  /// Counts a KeyUpdate or session ticket that was read, and sends the response that is due.
  mutating func controlRecordPassed() {
    collectEvents()
    if failure != nil { return }
    controlRecords += 1
    if controlRecords > limits.controlRecordCount {
      fail(
        TLSError(
          .limitExceeded, .peer,
          hint:
            "more than limits.controlRecordCount, \(limits.controlRecordCount), records without application "
            + "data were received"
        ))
      return
    }
    if handle.hasReadFinished { finishedPassed() }
    // What is due follows the answer to a question.
    if state.phase == .open { respond() }
  }

  /// A client's Finished was read after its handshake: the end of an answer that was requested, or of a renegotiation.
  private mutating func finishedPassed() {
    if awaitedProof != nil { return clientAnswered() }
    guard context.role == .server, handle.version == .tls12 else { return }
    handle.takeFinished()
    guard handle.isProven(to: servingContext ?? context) else {
      fail(
        TLSError(
          .certificateRejected, .peer,
          hint: "the renegotiation ended without an accepted certificate of the client, and one is required"))
      return
    }
    events.append(.renegotiated, limits)
  }

  /// Sends what is due after a message of the peer.
  mutating func respond() {
    switch state.response(hasPendingKeyUpdate: handle.hasPendingKeyUpdate) {
    case .nothing: break
    case .closeNotify: sendCloseNotify()
    case .keyUpdate: flushPendingKeyUpdate()
    }
  }

  /// libssl is inside a message that the peer began to send: it continues that and nothing else, so that each
  /// that ends is counted and answered. Whatever else were asked of libssl would finish it unseen.
  mutating func continueHandshakeMessage() {
    let outcome = handle.finishMessage()
    switch outcome {
    case .controlRecord: controlRecordPassed()
    case .wantsRead: break
    default: end(outcome)
    }
  }

  /// Continues a message that is partly read, before a call that needs libssl between messages.
  ///
  /// - Returns: whether the message ended and asks nothing, so that the call can proceed.
  mutating func finishHandshakeMessage() throws(TLSError) -> Bool {
    continueHandshakeMessage()
    try throwFailure()
    return !state.isInsideMessage && state.phase == .open
  }
}
