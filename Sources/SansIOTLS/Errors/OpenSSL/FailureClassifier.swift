internal import CSansIOTLSOpenSSL

/// Creates one error from the facts of a failed call: the code of `SSL_get_error(3)`, the whole error queue, the alerts
/// that the info callback noted, the verification result, and the first input. Nothing is guessed from the return
/// value.
extension TLSError {
  init(
    _ failure: SSLHandle.Failure, on handle: borrowing SSLHandle, opening: PlaintextDetection, inputEnded: Bool,
    isHandshakeDone: Bool
  ) {
    // Entries of libcrypto may precede those of libssl, which alone report the effect on the connection.
    let reason = failure.entries.first { $0.isFromLibSSL }.map { Int32($0.reasonCode) } ?? 0
    let evidence = FailureFacts(
      code: failure.code, reason: reason, isQueueEmpty: failure.entries.isEmpty,
      isInputInvalid: failure.entries.showInvalidInput,
      signerFailure: failure.entries.lazy.compactMap(\.signerFailure).first, isMidRecord: failure.isMidRecord,
      alertSent: handle.alertSent, verification: handle.verification, wasRejectedByAnswer: handle.wasRejectedByAnswer,
      wasRefusedByVerification: handle.wasRefusedByVerification,
      preSharedKeyCause: isHandshakeDone ? nil : handle.preSharedKeyFailure(reason)?.cause,
      offeredEarlyData: handle.hasSentEarlyDataInVain,
      opening: opening, inputEnded: inputEnded, isHandshakeDone: isHandshakeDone)
    let classification = evidence.classification
    let isVerification =
      reason == SSL_R_CERTIFICATE_VERIFY_FAILED || reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE
      || reason == SSL_R_INVALID_STATUS_RESPONSE
      || handle.wasRefusedByVerification
    // A chain that libssl accepted may have been rejected by the application.
    let failedCheck = handle.verification.flatMap { isVerification && !$0.isAccepted ? $0 : nil }
    self.init(
      classification.code, classification.blame, hint: classification.hint, alertSent: handle.alertSent,
      alertReceived: evidence.alertReceived, verification: failedCheck,
      openSSLErrors: failure.entries, isMidRecord: classification.code == .truncated && failure.isMidRecord)
  }
}

/// The facts about a failed call.
private struct FailureFacts {
  let code: Int32
  let reason: Int32
  let isQueueEmpty: Bool
  let isInputInvalid: Bool
  let signerFailure: (code: TLSError.Code, hint: String)?
  let isMidRecord: Bool
  let alertSent: TLSAlert?
  let verification: TLSVerificationResult?
  let wasRejectedByAnswer: Bool
  let wasRefusedByVerification: Bool
  let preSharedKeyCause: (code: TLSError.Code, hint: String)?
  let offeredEarlyData: Bool
  let opening: PlaintextDetection
  let inputEnded: Bool
  let isHandshakeDone: Bool

  var alertReceived: TLSAlert? { TLSAlert(reason: reason) }

  var classification: (code: TLSError.Code, blame: TLSError.Blame, hint: String) {
    if let signerFailure { return (signerFailure.code, .local, signerFailure.hint) }
    if let preSharedKeyCause { return (preSharedKeyCause.code, .peer, preSharedKeyCause.hint) }
    if offeredEarlyData, alertReceived == .unexpectedMessage || alertSent == .unexpectedMessage {
      return (
        .earlyDataNotUnderstood, .peer,
        "the server, which may not use TLS 1.3 any more, does not understand the early data that its session allowed; "
          + "drop the session, and connect again without it"
      )
    }
    if let alert = alertReceived {
      return (.alertReceived, .peer, "the peer closed the connection with the alert \(alert)\(Self.advice(on: alert))")
    }
    if wasRejectedByAnswer { return (.rejected, .local, "the application rejected the peer") }
    if wasRefusedByVerification { return verificationFailure }
    if !isHandshakeDone, let plaintext = opening.plaintextHint { return (.notTLS, .peer, plaintext) }
    switch reason {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return (.truncated, .peer, truncationHint)
    case SSL_R_TOO_MUCH_EARLY_DATA:
      return (
        .limitExceeded, .peer,
        "the client sent more early data than maximumEarlyDataByteCount allowed with its session"
      )
    case SSL_R_CERTIFICATE_VERIFY_FAILED, SSL_R_INVALID_STATUS_RESPONSE:
      return verificationFailure
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return (.certificateRejected, .peer, "the client sent no certificate and one is required")
    case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
      return (.notTLS, .peer, PlaintextDetection.httpRequestHint)
    case SSL_R_NO_SUITABLE_KEY_SHARE where alertSent == .internalError,
      SSL_R_NO_SUITABLE_GROUPS where alertSent == .internalError, SSL_R_NO_PROTOCOLS_AVAILABLE,
      SSL_R_NO_CIPHERS_AVAILABLE,
      SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM where alertSent == .internalError:
      // A ClientHello that cannot be created: libssl then sends internal_error, and another alert if the peer's choice
      // is at fault.
      return (
        .peerIncompatible, .local,
        "the versions, suites, groups, signature algorithms and security level of this side's configuration "
          + "leave nothing to offer"
      )
    case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
      return (
        .protocolViolation, .peer,
        "the peer does not support secure renegotiation (RFC 5746), so that an attacker could insert data before this "
          + "connection's; update the peer, or use TLS 1.3, which does not renegotiate"
      )
    case SSL_R_INAPPROPRIATE_FALLBACK:
      return (
        .protocolViolation, .peer,
        "the client reports a fallback to an older version (TLS_FALLBACK_SCSV, RFC 7507), and this side "
          + "supports a newer "
          + "one; its first attempt failed between the two sides, or its maximum version is too low"
      )
    case SSL_R_NO_SHARED_CIPHER, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_SSL_VERSION, SSL_R_NO_SUITABLE_KEY_SHARE,
      SSL_R_NO_SUITABLE_GROUPS, SSL_R_NO_APPLICATION_PROTOCOL, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
      SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH:
      return (
        .peerIncompatible, .peer,
        "the two sides have nothing in common; compare versions, suites, groups, signature algorithms and ALPN names"
      )
    case SSL_R_CALLBACK_FAILED where alertSent == .unrecognizedName:
      return (.peerIncompatible, .peer, "the client asks for a server name that none of this side's certificates has")
    default:
      break
    }
    if inputEnded && isQueueEmpty { return (.truncated, .peer, truncationHint) }
    // Reasons from 100 on are the protocol's; below and far above are those of memory, arguments and the library
    // itself.
    let isProtocols = alertSent != nil || (100..<SSL_AD_REASON_OFFSET).contains(reason)
    if alertSent == .internalError ? isInputInvalid : isProtocols {
      let alert = alertSent.map { "; the alert \($0) was sent" } ?? ""
      return (.protocolViolation, .peer, "the peer, or something between, violated the protocol" + alert)
    }
    return (
      .openSSLFailure, .local,
      isQueueEmpty
        ? "OpenSSL reported an error without details (SSL_get_error \(code))"
        : "OpenSSL reported an internal error; see its error entries"
    )
  }

  private var verificationFailure: (code: TLSError.Code, blame: TLSError.Blame, hint: String) {
    (
      verification?.refusal ?? .certificateRejected, .peer,
      "the peer's certificate is not accepted: " + Self.advice(on: verification)
    )
  }

  private var truncationHint: String {
    if opening.isEmpty { return "the transport ended before the peer sent anything" }
    if !isHandshakeDone { return "the transport ended during the handshake" }
    return "the transport ended \(isMidRecord ? "inside a record" : "between records") and without close_notify; "
      + "the data read before is authentic, the rest is missing"
  }

  private static func advice(on check: TLSVerificationResult?) -> String {
    if let refusal = check.flatMap({ OwnRefusal(rawValue: $0.code) }) { return refusal.advice }
    return switch check.map({ Int32($0.code) }) {
    case X509_V_ERR_HOSTNAME_MISMATCH: "it is not valid for the requested server name; connect by a name that it lists"
    case X509_V_ERR_IP_ADDRESS_MISMATCH: "it is not valid for the requested address; connect by one that it lists"
    case X509_V_ERR_CERT_HAS_EXPIRED: "it has expired; renew it, or correct the clock"
    case X509_V_ERR_CERT_NOT_YET_VALID: "it is not valid yet; correct the clock"
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      "no trusted root issued it; add its root to the trust roots, or its intermediates to the chain that the "
        + "peer sends"
        + " (a certificate that is trusted without its root needs acceptsPartialChains)"
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
      "it leads to a trusted certificate that is not a root; add the root to the trust roots, or set "
        + "acceptsPartialChains"
    case RawPublicKeys.untrusted: "it is a raw public key that is not among acceptedPublicKeys"
    case X509_V_ERR_INVALID_PURPOSE: "its extended key usage does not allow this role"
    case X509_V_ERR_CERT_REVOKED: "its issuer has revoked it, as a CRL states; replace certificate and key"
    case X509_V_ERR_CRL_HAS_EXPIRED: "the CRL of its issuer has expired; get the current one, or correct the clock"
    case X509_V_ERR_CRL_NOT_YET_VALID: "the CRL of its issuer is not valid yet; correct the clock"
    case X509_V_ERR_UNABLE_TO_GET_CRL: "there is no CRL of its issuer; add it, or check the leaf alone"
    default: "see the verification result"
    }
  }

  private static func advice(on alert: TLSAlert) -> String {
    switch alert {
    case .unknownCA, .badCertificate, .certificateUnknown, .certificateExpired, .certificateRevoked,
      .unsupportedCertificate:
      "; it does not accept this side's certificate"
    case .certificateRequired: "; it requires a client certificate"
    case .handshakeFailure, .protocolVersion, .insufficientSecurity, .noApplicationProtocol:
      "; compare what both sides allow"
    case .unrecognizedName: "; it does not serve this server name"
    case .inappropriateFallback:
      "; it supports a newer version than this attempt offers (TLS_FALLBACK_SCSV, RFC 7507): offer all versions at once"
    default: ""
    }
  }
}
