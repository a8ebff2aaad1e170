internal import CSansIOTLSOpenSSL

/// The questions noted by callbacks, and their answers.
extension SSLHandle {
  var askedClientHello: TLSEngine.ClientHello? {
    if case .asked(let hello) = unsafe callbackState.pointee.clientHello { hello } else { nil }
  }

  var askedPeerCertificate: TLSEngine.PeerCertificates? {
    guard case .asked(let chain) = unsafe callbackState.pointee.peerCertificate,
      let check = unsafe callbackState.pointee.verification
    else { return nil }
    return TLSEngine.PeerCertificates(chain: chain, verification: check, serverName: serverName)
  }

  /// Whether the application's answer rejected the peer.
  var wasRejectedByAnswer: Bool {
    if case .answered(.reject) = unsafe callbackState.pointee.clientHello { return true }
    if case .answered(.reject) = unsafe callbackState.pointee.peerCertificate { return true }
    return false
  }

  func answerClientHello(_ answer: CallbackState.RecordedAnswer) {
    unsafe callbackState.pointee.clientHello = .answered(answer)
    // It noted the message; nothing else needs it without a tap.
    if tap == nil { unsafe SSL_set_msg_callback(ssl, nil) }
  }

  func answerPeerCertificate(_ answer: CallbackState.RecordedAnswer) {
    if case .accept = answer, case .asked(let chain) = unsafe callbackState.pointee.peerCertificate {
      unsafe callbackState.pointee.isAcceptedOutOfDate =
        !TLSCertificate.isInDate(chain.first?.reference.x509, by: SSL_get0_param(ssl))
    }
    unsafe callbackState.pointee.peerCertificate = .answered(answer)
  }
}
