extension TLSEngine {
  /// A decision that only the application can make. The engine stops at it and continues after the answer, at any later
  /// time; what is fed meanwhile is buffered.
  ///
  /// Each question has an answer type of its own, so that an answer to another question does not compile. A later
  /// version may ask more, each only if the configuration enables it.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum Question: Sendable, Hashable {
    /// A server received a ClientHello: which context serves it? Asked if
    /// ``TLSContext/Configuration/pausesAtClientHello``. Answered by ``ClientHello/Answer``.
    case clientHello(ClientHello)
    /// A client received the server's certificates, or a server the client's: are they acceptable? Asked if
    /// ``TLSContext/Configuration/pausesAtPeerCertificates``, after libssl's own verification. Answered by
    /// ``PeerCertificates/Answer``.
    case peerCertificates(PeerCertificates)
    /// A server requests a certificate of the client: which identity is presented? Asked if
    /// ``TLSContext/Configuration/pausesAtCertificateRequest``. Answered by ``CertificateRequest/Answer``.
    case certificateRequest(CertificateRequest)
  }
}

extension TLSEngine {
  /// The question that the engine stopped at, `nil` if it did not.
  public var question: Question? {
    guard state.phase == .asking else { return nil }
    if let hello = handle.askedClientHello { return .clientHello(hello) }
    if let request = handle.askedCertificateRequest { return .certificateRequest(request) }
    return handle.askedPeerCertificate.map(Question.peerCertificates)
  }

  /// Answers whatever question there is as the configuration alone decides: a ClientHello by `.serve`, certificates by
  /// `.followVerification`, a request for a certificate by `.presentConfigured`. The answer to a question that the
  /// caller does not know.
  ///
  /// - Throws: ``TLSError``: `.wrongAnswer` if there is no question; then what ends the connection.
  public mutating func answerAsConfigured() throws(TLSError) {
    try admit(.answer)
    switch question {
    case .clientHello?: try answer(ClientHello.Answer.serve)
    case .peerCertificates?: try answer(PeerCertificates.Answer.followVerification)
    case .certificateRequest?: try answer(CertificateRequest.Answer.presentConfigured)
    case nil: throw Self.otherQuestion
    }
  }

  static var otherQuestion: TLSError {
    TLSError(.wrongAnswer, .misuse, hint: "this answer is to another question")
  }

  mutating func resumeAfterAnswer() throws(TLSError) {
    state.answered()
    if state.isHandshakeDone { continueHandshakeMessage() } else { advanceHandshake() }
    try throwFailure()
  }
}
