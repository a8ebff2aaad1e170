extension TLSEngine {
  /// Ends this direction by close_notify, behind everything written before. Reading goes on until the peer's own end;
  /// nothing waits for the peer. In mid-handshake it abandons the connection: nothing is sent but what was queued.
  ///
  /// - Returns: `.done`, also when repeated; `.needsFeed` while a message that the peer began to send keeps libssl from
  ///   writing: close_notify follows by itself when the rest of it was read.
  /// - Throws: ``TLSError``: what ended the connection.
  ///
  /// Corresponds to `SSL_shutdown(3)`, called once.
  public mutating func close() throws(TLSError) -> Step<Void> {
    if case .done = try admit(.close) { return .done(()) }
    if !state.closeRequested() { return .done(()) }
    sendCloseNotify()
    try throwFailure()
    return state.sending == .closed ? .done(()) : .needsFeed
  }

  /// Sends close_notify, unless libssl is inside a message whose rest has not come: it could not write then.
  mutating func sendCloseNotify() {
    // At the end of the message this is called again.
    if handle.isInsideMessage { return continueHandshakeMessage() }
    if handle.hasPendingKeyUpdate { flushPendingKeyUpdate() }
    if failure != nil { return }
    let outcome = handle.shutdown()
    if case .success = outcome { state.closeNotifySent() } else { end(outcome) }
  }
}
