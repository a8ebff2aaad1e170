internal import CSansIOTLSOpenSSL

/// A server's request for its client's certificate after the handshake (RFC 8446, section 4.6.2). The client answers in
/// what the server reads, as long as it takes; everything else flows meanwhile.
extension SSLHandle {
  /// Sends a request. Corresponds to `SSL_verify_client_post_handshake(3)`.
  ///
  /// - Parameter isRequired: whether a client that presents nothing is refused.
  /// - Returns: the outcome of sending it.
  /// - Throws: ``TLSError`` if libssl does not accept the request; nothing is sent then.
  mutating func requestClientCertificate(isRequired: Bool) throws(TLSError) -> Outcome {
    wake()
    ErrorQueue.clear()
    let refusal = isRequired ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
    unsafe SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE | refusal, nil)
    guard unsafe SSL_verify_client_post_handshake(ssl) == 1 else {
      let entries = ErrorQueue.take()
      if entries.contains(where: { $0.isFromLibSSL && $0.reasonCode == Int(SSL_R_EXTENSION_NOT_RECEIVED) }) {
        throw TLSError(
          .unsupported, .peer,
          hint: "the client does not offer to present a certificate after the handshake (post_handshake_auth)",
          openSSLErrors: entries)
      }
      throw TLSError(
        .openSSLFailure, .local, hint: "libssl cannot request a certificate", openSSLErrors: entries)
    }
    // What was noted, answered and accepted of an earlier certificate does not apply to the next one.
    unsafe callbackState.pointee.hasReadFinished = false
    unsafe callbackState.pointee.isPeerAccepted = false
    unsafe callbackState.pointee.peerNotes?.verification = nil
    questions?.peerCertificates = .none
    let outcome = unsafe perform { unsafe SSL_do_handshake($0) }
    countRings()
    return outcome
  }

  /// The client's Finished was read, the last message of an answer or a renegotiation, and what follows it was written.
  var hasReadFinished: Bool { unsafe callbackState.pointee.hasReadFinished && SSL_in_init(ssl) == 0 }

  /// Forgets the Finished.
  func takeFinished() { unsafe callbackState.pointee.hasReadFinished = false }

  /// The application is asked about the client's answer. Without a certificate there is nothing to ask about.
  var asksAboutLateClient: Bool {
    if case .asked = questions?.peerCertificates { true } else { false }
  }

  /// The proof by the client's answer.
  func lateProof(for demand: PeerProof.Demand) -> PeerProof {
    let hasCertificate = unsafe SSL_get0_peer_certificate(ssl) != nil || peerKey != nil
    return PeerProof(
      demand: demand, hasCertificate: hasCertificate, isAccepted: unsafe callbackState.pointee.isPeerAccepted)
  }

  /// Sends the tickets that waited for the answer about a client, or refuses the client by the answer's alert.
  mutating func resumeAfterAnswerAboutLateClient() -> Outcome {
    switch questions?.peerCertificates {
    case .answered(.reject)?, .answered(.fail)?: refuseByTicket()
    default: sendTicketsAfterAnswer()
    }
  }

  /// Sends or plans the tickets, as the handshake would have.
  private mutating func sendTicketsAfterAnswer() -> Outcome {
    if unsafe ContextCallbackState.of(ssl)?.ticketTiming == .afterHandshake { return sendTickets(ticketsAtATime) }
    oweTicketsAfterAnswer()
    return .success
  }

  /// Plans tickets that carry the client's certificate: libssl sends none where they go with a write.
  mutating func oweTicketsAfterAnswer() {
    if unsafe ContextCallbackState.of(ssl)?.ticketTiming == .withFirstWrite { owesTickets = ticketsAtATime > 0 }
  }
}
