extension TLSEngine {
  /// Changes the sending keys (TLS 1.3). The KeyUpdate message is immediately available from `drain`.
  ///
  /// - Parameter requestingPeer: whether the peer is requested to change its keys too.
  /// - Returns: `.done`; `.needsFeed` or `.needsAnswer` before the handshake is done.
  /// - Throws: ``TLSError``: what ended the connection; `.unsupported` in TLS 1.2; `.closed` after `closeWriting()`.
  ///
  /// Corresponds to `SSL_key_update(3)`, RFC 8446, section 4.6.3.
  public mutating func keyUpdate(requestingPeer: Bool) throws(TLSError) -> HandshakeStep {
    let action = try admit(.keyUpdate)
    switch action {
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    default: break
    }
    guard handle.version == .tls13 else {
      throw TLSError(.unsupported, .misuse, hint: "TLS 1.2 has no KeyUpdate")
    }
    // libssl takes no KeyUpdate while a message is half read or another update is due.
    if action == .continueMessage, try !finishHandshakeMessage() {
      return state.phase == .asking ? .needsAnswer : .needsFeed
    }
    if handle.hasPendingKeyUpdate { flushPendingKeyUpdate() }
    try throwFailure()
    let scheduled = handle.scheduleKeyUpdate(requestingPeer: requestingPeer)
    if case .success = scheduled { flushPendingKeyUpdate() } else { end(scheduled) }
    try throwFailure()
    // The peer's answer was requested by this side.
    if requestingPeer { controlRecords -= 1 }
    return .done
  }

  mutating func flushPendingKeyUpdate() {
    let outcome = handle.flush()
    switch outcome {
    case .success, .wantsRead, .controlRecord: break
    default: end(outcome)
    }
  }
}
