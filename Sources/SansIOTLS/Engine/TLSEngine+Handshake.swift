extension TLSEngine {
  /// Returns how far the handshake is. `feed` continues it automatically.
  ///
  /// - Returns: `.done`, `.needsFeed` or `.needsAnswer`.
  /// - Throws: ``TLSError``: what ended the connection; `.abandoned` after ``closeWriting()`` during the handshake.
  ///
  /// Corresponds to `SSL_do_handshake(3)`.
  public mutating func handshake() throws(TLSError) -> HandshakeStep {
    switch try admit(.handshake) {
    case .done: return .done
    case .needsAnswer: return .needsAnswer
    default: return .needsFeed
    }
  }

  /// Runs the handshake until it would block.
  mutating func advanceHandshake() { settle(handle.handshake()) }

  mutating func settle(_ outcome: SSLHandle.Outcome) {
    if case .success = outcome { handle.notePreSharedKey() }
    if case .success = outcome, selectionWasNotOffered {
      // Before events are collected: a session of this connection is not usable either.
      fail(
        TLSError(
          .protocolViolation, .peer, hint: "the server selected an application protocol (ALPN) that was not offered"))
      return
    }
    if case .success = outcome, !handle.isProven(to: servingContext ?? context) {
      let demandsKey = context.handle.callbacks.demandsPreSharedKey
      fail(
        TLSError(
          demandsKey ? .preSharedKeyIgnored : .certificateRejected, .peer,
          hint: demandsKey
            ? "the handshake ended without the pre-shared key, and it is demanded"
            : "the handshake ended without an accepted certificate of the peer, and one is required"))
      return
    }
    if case .success = outcome { handle.keepRenewedSession() }
    collectEvents()
    switch outcome {
    case .success:
      state.handshakeCompleted()
      handle.forgetHandshake(limits)
      setRecordSizes()
      events.append(.handshakeCompleted, limits)
      if let early = handle.early {
        early.handshakeCompleted()
        if early.wasOffered, let outcome = handle.earlyDataOutcome { events.append(.earlyData(outcome), limits) }
      }
      handle.rest(.done)
    case .wantsRead, .controlRecord: handle.rest(.needsFeed)
    case .asksClientHello, .asksPeerCertificate, .asksCertificateRequest:
      state.asked()
      handle.rest(.needsAnswer)
    case .peerClosed, .failed: end(outcome)
    }
  }

  private mutating func setRecordSizes() {
    recordSizing = handle.recordSizing(by: (servingContext ?? context).records).map { [$0] } ?? []
    singleRecordByteCount = recordSizing.isEmpty ? Self.recordSize : -1
    if !recordSizing.isEmpty, let early = handle.early { recordSizing[0].small.sent(early.smallCount) }
  }

  /// A client's libssl looks by itself whether the server selected what was offered (RFC 7301, section 3.2) only since
  /// the middle of 2024, and then refuses by an alert. Before, it has finished its handshake when the engine looks, and
  /// cannot be made to send one.
  var selectionWasNotOffered: Bool {
    guard context.role == .client, let selected = handle.selectedApplicationProtocol else { return false }
    return !context.configuration.offers(selected)
  }
}
