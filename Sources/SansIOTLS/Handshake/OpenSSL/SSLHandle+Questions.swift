internal import CSansIOTLSOpenSSL

/// The questions noted by callbacks, and their answers.
extension SSLHandle {
  var questions: QuestionState? { unsafe callbackState.pointee.questions }

  var askedClientHello: TLSEngine.ClientHello? {
    if case .asked(let hello) = questions?.clientHello { hello } else { nil }
  }

  var askedPeerCertificate: TLSEngine.PeerCertificates? {
    guard case .asked(let chain) = questions?.peerCertificates,
      let check = unsafe callbackState.pointee.verification
    else { return nil }
    return TLSEngine.PeerCertificates(
      chain: chain, verification: check, serverName: serverName, isResumed: !state.isHandshakeDone && isResumed,
      isPostHandshake: state.isHandshakeDone)
  }

  /// Whether the application's answer rejected the peer.
  var wasRejectedByAnswer: Bool {
    if case .answered(.reject) = questions?.clientHello { return true }
    if case .answered(.reject) = questions?.peerCertificates { return true }
    return false
  }

  /// Whether a server refused the client because the application left it to the verification.
  var wasRefusedByVerification: Bool {
    if case .answered(.fail) = questions?.peerCertificates { true } else { false }
  }

  func answerClientHello(_ answer: QuestionState.RecordedAnswer) {
    questions?.clientHello = .answered(answer)
    // It noted the message; nothing else needs it without a tap.
    if tap == nil { unsafe SSL_set_msg_callback(ssl, nil) }
  }

  func answerPeerCertificate(_ answer: QuestionState.RecordedAnswer) {
    if case .accept = answer, case .asked(let chain) = questions?.peerCertificates {
      unsafe callbackState.pointee.isAcceptedOutOfDate =
        !TLSCertificate.isInDate(chain.first?.reference.x509, by: SSL_get0_param(ssl))
    }
    questions?.peerCertificates = .answered(answer)
  }
}
