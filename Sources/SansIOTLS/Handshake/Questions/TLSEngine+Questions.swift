extension TLSEngine {
  /// The question that the engine stopped at, `nil` if it did not.
  public var question: Question? {
    guard state.phase == .asking else { return nil }
    if let hello = handle.askedClientHello { return .clientHello(hello) }
    return handle.askedPeerCertificate.map(Question.peerCertificate)
  }

  /// Answers the question and goes on with the handshake, with what was fed meanwhile.
  ///
  /// - Parameter answer: one that fits the question; see ``Answer``.
  /// - Throws: ``TLSError``: `.wrongAnswer` if there is no question, or the answer is to another, or names an alert that
  ///   libssl cannot send as a reason; `.wrongRole` for a client's context; then what ends the connection. After a misuse the
  ///   question stands.
  public mutating func answer(_ answer: Answer) throws(TLSError) {
    try admit(.answer)
    guard let question, answer.fits(question) else {
      throw TLSError(.wrongAnswer, .misuse, hint: "this answer is to another question")
    }
    switch question {
    case .clientHello: try answerClientHello(answer)
    case .peerCertificate: try answerPeerCertificate(answer)
    }
    state.answered()
    advanceHandshake()
    try throwFailure()
  }

  mutating func answerClientHello(_ answer: Answer) throws(TLSError) {
    switch answer {
    case .use(let context):
      guard context.role == .server else {
        throw TLSError(.wrongRole, .misuse, hint: "a ClientHello is served by a context of the server's side")
      }
      // libssl points into it from here on, also if it does not take all of it.
      servingContext = context
      do throws(TLSError) { try handle.adopt(context, after: self.context) } catch {
        try refuseClientHello(because: error)
      }
      handle.answerClientHello(.proceed)
    case .reject(let alert):
      guard alert.canRefuseClientHello else {
        throw TLSError(
          .wrongAnswer, .misuse,
          hint: "libssl does not send \(alert) as it is; unrecognized_name, access_denied or handshake_failure it does")
      }
      handle.answerClientHello(.reject(alert))
    case .proceed, .accept:
      if !handle.setGroups(of: context) {
        try refuseClientHello(because: TLSError(.library, .local, hint: "libssl does not take the context's groups"))
      }
      handle.answerClientHello(.proceed)
    }
  }

  /// Ends the connection for a reason of this side's, by the alert internal_error.
  mutating func refuseClientHello(because error: TLSError) throws(TLSError) {
    handle.answerClientHello(.reject(.internalError))
    _ = handle.handshake()
    fail(TLSError(error.code, error.blame, hint: error.hint, alertSent: handle.alertSent, library: error.library))
    try throwFailure()
  }

  mutating func answerPeerCertificate(_ answer: Answer) throws(TLSError) {
    switch answer {
    case .accept: handle.answerPeerCertificate(.accept)
    case .reject(let alert):
      guard alert.canRefuseCertificate else {
        throw TLSError(
          .wrongAnswer, .misuse,
          hint: "a certificate is refused by bad_certificate, unsupported_certificate, certificate_revoked, "
            + "certificate_expired, certificate_unknown, unknown_ca or handshake_failure, not by \(alert)")
      }
      handle.answerPeerCertificate(.reject(alert))
    case .proceed, .use: handle.answerPeerCertificate(.proceed)
    }
  }
}
