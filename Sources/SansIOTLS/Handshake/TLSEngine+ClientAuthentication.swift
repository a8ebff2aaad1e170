extension TLSEngine {
  /// Requests a certificate of the client after the handshake (TLS 1.3), for example before a part of a site that needs
  /// one. The request is immediately available from `drain`.
  ///
  /// The client answers when it reads, if at all: data, KeyUpdates and tickets flow in both directions meanwhile. Its
  /// answer arrives in what this side reads. With ``TLSContext/Configuration/pausesAtPeerCertificates`` the question of
  /// ``PeerCertificates`` is asked then; without, libssl's verification decides. The event
  /// ``Event/clientCertificateReceived`` reports an answer that was accepted, one that is not ends the connection.
  /// There is no limit of time: a caller that waits for the event sets one.
  ///
  /// What was read before the event was sent by a client that had proved nothing. A TLS library answers a request
  /// before it sends what its application writes afterwards, but what was on its way arrives in between.
  ///
  /// - Parameter isRequired: whether a client that presents no certificate is refused, by the alert
  ///   certificate_required.
  /// - Returns: `.done`; `.needsFeed` or `.needsAnswer` before the handshake is done, and while a message that the peer
  ///   began to send keeps libssl from writing.
  /// - Throws: ``TLSError``: `.wrongRole` on a client; `.unsupported` in TLS 1.2, to a client that does not offer it,
  ///   and if ``TLSContext/Configuration/clientAuthentication-swift.property`` is `.none`; `.requestPending` until the
  ///   client has answered the previous request; `.closed` after `closeWriting()`; what ended the connection.
  ///
  /// Corresponds to `SSL_verify_client_post_handshake(3)`, RFC 8446, section 4.6.2.
  public mutating func requestClientCertificate(isRequired: Bool = true) throws(TLSError) -> HandshakeStep {
    guard context.role == .server else {
      throw TLSError(.wrongRole, .misuse, hint: "a client's certificate is requested by the server")
    }
    let unsupported = "TLS 1.2 has no request for a certificate after the handshake"
    if let step = try admitHandshakeMessage(unsupported: unsupported) { return step }
    guard (servingContext ?? context).configuration.clientAuthentication != .none else {
      throw TLSError(
        .unsupported, .misuse,
        hint: "clientAuthentication is .none: the context has nothing to verify a client by; set .onRequest")
    }
    if awaitedProof != nil {
      throw TLSError(
        .requestPending, .misuse, hint: "the client has not answered the previous request; wait for the event")
    }
    if let step = try completeHandshakeMessages() { return step }
    let outcome = try handle.requestClientCertificate(isRequired: isRequired)
    awaitedProof = isRequired ? .always : .whereShown
    if case .success = outcome { return .done }
    end(outcome)
    try throwFailure()
    return .done
  }

  /// The client's answer was read: asks about it, or accepts what the verification accepted.
  mutating func clientAnswered() {
    handle.takeFinished()
    // Its messages were requested by this side.
    controlRecords = 0
    if handle.asksAboutLateClient {
      state.asked()
      handle.rest(.needsAnswer)
    } else {
      handle.oweTicketsAfterAnswer()
      lateClientAccepted()
    }
  }

  /// The client was accepted, by the verification or by the application; the engine looks itself (law 15).
  mutating func lateClientAccepted() {
    guard let demand = awaitedProof, handle.lateProof(for: demand).isSufficient else {
      fail(
        TLSError(
          .certificateRejected, .peer,
          hint: "the client answered the request without an accepted certificate, and one is required"))
      return
    }
    awaitedProof = nil
    events.append(.clientCertificateReceived, limits)
  }
}
