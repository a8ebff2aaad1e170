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
            "more than limits.controlRecordCount, \(limits.controlRecordCount), records came without application data"))
      return
    }
    if state.sending == .closing {
      sendCloseNotify()
    } else if state.sending == .open, handle.hasPendingKeyUpdate {
      flushPendingKeyUpdate()
    }
  }

  /// libssl is inside a message that the peer began to send: it goes on with that and with nothing else, so that each
  /// that ends is counted and answered. Whatever else were asked of libssl would finish it unseen.
  mutating func continueHandshakeMessage() {
    let outcome = handle.finishMessage()
    switch outcome {
    case .success: controlRecordPassed()
    case .wantsRead: break
    default: end(outcome)
    }
  }

  /// Goes on with a message that is half read. libssl writes nothing before its end.
  mutating func isBetweenMessages() throws(TLSError) -> Bool {
    if handle.isInsideMessage {
      continueHandshakeMessage()
      try throwFailure()
    }
    return !handle.isInsideMessage
  }
}
