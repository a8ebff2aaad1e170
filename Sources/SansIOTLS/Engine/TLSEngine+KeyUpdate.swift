extension TLSEngine {
  /// Changes this side's sending keys (TLS 1.3), at once and visibly: the message is there to be drained.
  ///
  /// - Parameter requestingPeer: whether the peer is asked to change its own too.
  /// - Returns: `.done`; `.needsFeed` or `.needsAnswer` before the handshake is done.
  /// - Throws: ``TLSError``: what ended the connection; `.unsupported` in TLS 1.2; `.closed` after `close()`.
  ///
  /// Corresponds to `SSL_key_update(3)`, RFC 8446, section 4.6.3.
  public mutating func keyUpdate(requestingPeer: Bool) throws(TLSError) -> Step<Void> {
    switch try admit(.keyUpdate) {
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    default: break
    }
    guard handle.negotiated.version == .tls13 else {
      throw TLSError(.unsupported, .misuse, hint: "TLS 1.2 has no KeyUpdate")
    }
    // libssl takes no KeyUpdate while a message is half read or another update is due.
    if try !isBetweenMessages() { return .needsFeed }
    if handle.hasPendingKeyUpdate { flushPendingKeyUpdate() }
    try throwFailure()
    let scheduled = handle.scheduleKeyUpdate(requestingPeer: requestingPeer)
    if case .success = scheduled { flushPendingKeyUpdate() } else { end(scheduled) }
    try throwFailure()
    // The peer's answer is not of its own making.
    if requestingPeer { controlRecords -= 1 }
    return .done(())
  }

  mutating func flushPendingKeyUpdate() {
    let outcome = handle.flush()
    switch outcome {
    case .success, .wantsRead: break
    default: end(outcome)
    }
  }
}
