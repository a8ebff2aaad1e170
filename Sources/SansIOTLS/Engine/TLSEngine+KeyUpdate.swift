extension TLSEngine {
  /// Changes the sending keys (TLS 1.3). The KeyUpdate message is immediately available from `drain`.
  ///
  /// - Parameter requestingPeer: whether the peer is requested to change its keys too.
  /// - Returns: `.done`; `.needsFeed` or `.needsAnswer` before the handshake is done.
  /// - Throws: ``TLSError``: what ended the connection; `.unsupported` in TLS 1.2; `.closed` after `closeWriting()`.
  ///
  /// Corresponds to `SSL_key_update(3)`, RFC 8446, section 4.6.3.
  public mutating func keyUpdate(requestingPeer: Bool) throws(TLSError) -> HandshakeStep {
    if let step = try admitHandshakeMessage(unsupported: "TLS 1.2 has no KeyUpdate") { return step }
    if let step = try completeHandshakeMessages() { return step }
    let scheduled = handle.scheduleKeyUpdate(requestingPeer: requestingPeer)
    if case .success = scheduled { flushPendingKeyUpdate() } else { end(scheduled) }
    try throwFailure()
    // The peer's answer was requested by this side.
    if requestingPeer { controlRecords -= 1 }
    return .done
  }

  /// The step that a call returns which cannot send a handshake message yet; `nil` if the handshake is done.
  ///
  /// - Parameter hint: what a version before TLS 1.3 does not have.
  mutating func admitHandshakeMessage(unsupported hint: String) throws(TLSError) -> HandshakeStep? {
    switch try admit(.handshakeMessage) {
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    default: break
    }
    guard handle.version >= .tls13 else { throw TLSError(.unsupported, .misuse, hint: hint) }
    return nil
  }

  /// Completes what libssl has begun: it sends no handshake message while one is half read or a KeyUpdate is due.
  ///
  /// - Returns: the step to return if that is not possible yet.
  mutating func completeHandshakeMessages() throws(TLSError) -> HandshakeStep? {
    if state.isInsideMessage, try !finishHandshakeMessage() {
      return state.phase == .asking ? .needsAnswer : .needsFeed
    }
    if handle.hasPendingKeyUpdate { flushPendingKeyUpdate() }
    try throwFailure()
    return nil
  }

  mutating func flushPendingKeyUpdate() {
    let outcome = handle.flush()
    switch outcome {
    case .success, .wantsRead, .controlRecord: break
    default: end(outcome)
    }
  }
}
