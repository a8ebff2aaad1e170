extension TLSEngine {
  /// The certificates that a peer presented, and the result of libssl's verification.
  ///
  /// An engine with ``TLSContext/Configuration/pausesAtPeerCertificates`` stops at them and asks: are they acceptable?
  /// A client stops before it sends anything in reply. A server stops when the client has proved that it has the key,
  /// before a session ticket or application data leaves; see <doc:AnsweringQuestions>. About certificates that it
  /// requested after the handshake it is asked by a read, and nothing is read or written before the answer.
  public struct PeerCertificates: Sendable, Hashable {
    /// The chain as sent, leaf first. In a resumption, about which a server asks again, it is the leaf alone: tickets
    /// hold no more.
    public let chain: [TLSCertificate]
    /// The result of libssl's verification of chain, dates, purpose and, on a client, name. In a resumption it is the
    /// result of the session's first handshake, whatever the answer was.
    public let verification: TLSVerificationResult
    /// The server name that the client verifies; on a server, that the client sent.
    public let serverName: String?
    /// Whether a client resumes a session, which was created after an answer to this question.
    public let isResumed: Bool
    /// Whether the server requested the certificates after the handshake; see
    /// ``TLSEngine/requestClientCertificate(isRequired:)``.
    public let isPostHandshake: Bool

    /// Creates a presentation of certificates, for tests of what answers it.
    ///
    /// - Parameters:
    ///   - chain: the chain as sent, leaf first.
    ///   - verification: the result of the verification.
    ///   - serverName: the server name.
    ///   - isResumed: whether a client resumes a session.
    ///   - isPostHandshake: whether the server requested the certificates after the handshake.
    public init(
      chain: [TLSCertificate], verification: TLSVerificationResult, serverName: String? = nil, isResumed: Bool = false,
      isPostHandshake: Bool = false
    ) {
      self.chain = chain
      self.verification = verification
      self.serverName = serverName
      self.isResumed = isResumed
      self.isPostHandshake = isPostHandshake
    }
  }
}

extension TLSEngine.PeerCertificates {
  /// The answer to a peer's certificates; see ``TLSEngine/answer(_:)-(TLSEngine.PeerCertificates.Answer)``.
  public struct Answer: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
      case followVerification
      case trust
      case distrust(TLSAlert)
    }

    package let kind: Kind

    /// Follows the result of libssl's verification, as without a question.
    public static let followVerification = Answer(kind: .followVerification)

    /// Accepts the certificates whatever the result. Only an application that has a proof of its own, such as a pinned
    /// key, may answer so.
    public static let trust = Answer(kind: .trust)

    /// Refuses the certificates.
    ///
    /// - Parameter alert: the alert to the peer. A client sends `bad_certificate`, `unsupported_certificate`,
    ///   `certificate_revoked`, `certificate_expired`, `certificate_unknown`, `unknown_ca` or `handshake_failure`;
    ///   a server also `access_denied`, `certificate_required` and most others. The rest is misuse.
    /// - Returns: the answer.
    public static func distrust(_ alert: TLSAlert) -> Answer { Answer(kind: .distrust(alert)) }
  }
}

extension TLSEngine {
  /// Answers the question of the peer's certificates and continues the handshake, with what was fed meanwhile.
  ///
  /// - Parameter answer: follow the verification, trust or distrust the peer.
  /// - Throws: ``TLSError``: `.wrongAnswer` if the engine does not ask about certificates, or for an alert that libssl
  ///   does not send about them; then what ends the connection. After a misuse the question stands.
  public mutating func answer(_ answer: PeerCertificates.Answer) throws(TLSError) {
    try admit(.answer)
    guard case .peerCertificates? = question else { throw Self.otherQuestion }
    if context.role == .server { return try answerAboutClient(answer) }
    switch answer.kind {
    case .followVerification: handle.answerPeerCertificate(.proceed)
    case .trust: handle.answerPeerCertificate(.accept)
    case .distrust(let alert):
      guard alert.canRefuseCertificate else {
        throw TLSError(
          .wrongAnswer, .misuse,
          hint: "a certificate is refused by bad_certificate, unsupported_certificate, certificate_revoked, "
            + "certificate_expired, certificate_unknown, unknown_ca or handshake_failure, not by \(alert)")
      }
      handle.answerPeerCertificate(.reject(alert))
    }
    try resumeAfterAnswer()
  }

  private mutating func answerAboutClient(_ answer: PeerCertificates.Answer) throws(TLSError) {
    switch answer.kind {
    case .followVerification: handle.answerAboutClient(.proceed)
    case .trust: handle.answerAboutClient(.accept)
    case .distrust(let alert):
      guard alert.canRefuseClient else {
        throw TLSError(
          .wrongAnswer, .misuse,
          hint: "a client is not refused by \(alert); access_denied, unknown_ca or certificate_required it can be")
      }
      handle.answerAboutClient(.reject(alert))
    }
    state.answered()
    if state.isHandshakeDone {
      let outcome = handle.resumeAfterAnswerAboutLateClient()
      if case .success = outcome { lateClientAccepted() } else { end(outcome) }
      if failure == nil { respond() }
    } else {
      settle(handle.resumeAfterAnswerAboutClient())
    }
    try throwFailure()
  }
}
