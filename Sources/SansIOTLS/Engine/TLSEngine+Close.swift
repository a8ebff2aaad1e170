extension TLSEngine {
  /// Closes the sending direction: encrypts close_notify after everything written before. Reading continues until the
  /// peer's own close_notify; nothing waits for the peer. During the handshake it abandons the connection: nothing is
  /// sent but what was queued.
  ///
  /// - Returns: `.done`, also if repeated; `.needsFeed` while a message that the peer began to send keeps libssl from
  ///   writing: close_notify follows automatically after the rest of the message was read; `.needsAnswer` at a question
  ///   after the handshake: close_notify follows the answer.
  /// - Throws: ``TLSError``: what ended the connection.
  ///
  /// Corresponds to `SSL_shutdown(3)`, called once.
  public mutating func closeWriting() throws(TLSError) -> HandshakeStep {
    if case .done = try admit(.closeWriting) { return .done }
    if !state.closeRequested() { return .done }
    if state.phase != .asking { sendCloseNotify() }
    try throwFailure()
    return state.sending == .closed ? .done : state.phase == .asking ? .needsAnswer : .needsFeed
  }

  /// Sends close_notify, unless libssl is inside a partially received message and cannot write.
  mutating func sendCloseNotify() {
    // It is sent at the end of the message.
    if state.isInsideMessage { return continueHandshakeMessage() }
    if handle.hasPendingKeyUpdate { flushPendingKeyUpdate() }
    if failure != nil { return }
    let outcome = handle.shutdown()
    if case .success = outcome { return }
    end(outcome)
  }
}
