internal import CSansIOTLSOpenSSL

/// Makes one error out of what a failed call left: the code of `SSL_get_error(3)`, the whole error queue, the alerts that
/// the info callback saw, the certificate check, and how the stream began. Nothing is guessed from the return value.
extension TLSError {
  init(
    _ failure: SSLHandle.Failure, on handle: borrowing SSLHandle, opening: OpeningBytes, inputEnded: Bool,
    isHandshakeDone: Bool
  ) {
    // libcrypto's entries may stand before libssl's, which alone say what they meant for the connection.
    let reason = failure.entries.first { $0.isFromLibSSL }.map { Int32($0.reasonCode) } ?? 0
    let alertReceived: TLSAlert? =
      reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256
      ? TLSAlert(rawValue: UInt8(truncatingIfNeeded: reason - SSL_AD_REASON_OFFSET)) : nil
    let isVerification =
      reason == SSL_R_CERTIFICATE_VERIFY_FAILED || reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE
    let judged = Self.judge(
      reason: reason, failure: failure, alertReceived: alertReceived, alertSent: handle.alertSent,
      wasRejectedByAnswer: handle.wasRejectedByAnswer, opening: opening, inputEnded: inputEnded,
      isHandshakeDone: isHandshakeDone)
    self.init(
      judged.code, judged.blame, hint: judged.hint, alertSent: handle.alertSent, alertReceived: alertReceived,
      verification: isVerification ? handle.verification : nil, library: failure.entries,
      isMidRecord: judged.code == .truncated && failure.isMidRecord)
  }

  private static func judge(
    reason: Int32, failure: SSLHandle.Failure, alertReceived: TLSAlert?, alertSent: TLSAlert?,
    wasRejectedByAnswer: Bool, opening: OpeningBytes, inputEnded: Bool, isHandshakeDone: Bool
  ) -> (code: Code, blame: Blame, hint: String) {
    if let alertReceived {
      return (
        .alertReceived, .peer, "the peer ended the connection by the alert \(alertReceived)\(advice(on: alertReceived))"
      )
    }
    if wasRejectedByAnswer { return (.rejected, .local, "the application refused the peer") }
    if !isHandshakeDone, let plaintext = opening.plaintextHint { return (.notTLS, .peer, plaintext) }
    switch reason {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return (
        .truncated, .peer, truncationHint(failure, isHandshakeDone: isHandshakeDone, nothingCame: opening.isEmpty)
      )
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return (
        .certificateRejected, .peer, "the peer's certificate is not accepted; check the trust, the name and the dates"
      )
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return (.certificateRejected, .peer, "the client sent no certificate and one is required")
    case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
      return (.notTLS, .peer, OpeningBytes.httpRequestHint)
    case SSL_R_NO_SHARED_CIPHER, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_SSL_VERSION, SSL_R_NO_SUITABLE_KEY_SHARE,
      SSL_R_NO_SUITABLE_GROUPS, SSL_R_NO_APPLICATION_PROTOCOL, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
      SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH:
      return (
        .nothingInCommon, .peer,
        "both sides allow nothing in common; compare versions, suites, groups, signature algorithms and application protocols"
      )
    case SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_NO_CIPHERS_AVAILABLE:
      return (
        .nothingInCommon, .local,
        "versions, suites and security level of this side's configuration leave nothing to offer"
      )
    default:
      break
    }
    if inputEnded && failure.entries.isEmpty {
      return (
        .truncated, .peer, truncationHint(failure, isHandshakeDone: isHandshakeDone, nothingCame: opening.isEmpty)
      )
    }
    if let alertSent, alertSent != .internalError {
      return (
        .protocolViolation, .peer, "the peer, or something on the way, broke the protocol; told to it as \(alertSent)"
      )
    }
    return (.library, .local, "libssl cannot go on; its own words say why")
  }

  private static func truncationHint(_ failure: SSLHandle.Failure, isHandshakeDone: Bool, nothingCame: Bool) -> String {
    if nothingCame { return "the transport ended before the peer sent anything" }
    if !isHandshakeDone { return "the transport ended in the middle of the handshake" }
    return
      "the transport ended \(failure.isMidRecord ? "inside a record" : "between records") and without close_notify; "
      + "what was read before is genuine, what should have followed is missing"
  }

  private static func advice(on alert: TLSAlert) -> String {
    switch alert {
    case .unknownCA, .badCertificate, .certificateUnknown, .certificateExpired, .certificateRevoked,
      .unsupportedCertificate:
      "; it does not accept this side's certificate"
    case .certificateRequired: "; it wants a client certificate"
    case .handshakeFailure, .protocolVersion, .insufficientSecurity, .noApplicationProtocol:
      "; compare what both sides allow"
    case .unrecognizedName: "; it does not know the server name"
    default: ""
    }
  }
}
