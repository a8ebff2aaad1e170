extension TLSEngine {
  /// A server's request for a certificate of the client.
  ///
  /// A client with ``TLSContext/Configuration/pausesAtCertificateRequest`` stops at it and asks: which identity is
  /// presented? The server's certificates have been verified before. In TLS 1.3 a server may also request after the
  /// handshake (RFC 8446, section 4.6.2): the question is then asked by a read.
  public struct CertificateRequest: Sendable, Hashable {
    /// A type of certificate (RFC 5246, section 7.4.4).
    public struct CertificateType: RawRepresentable, Sendable, Hashable {
      /// The number on the wire.
      public let rawValue: UInt8

      /// Wraps a number.
      ///
      /// - Parameter rawValue: 0 to 255.
      public init(rawValue: UInt8) { self.rawValue = rawValue }

      /// A certificate with an RSA key.
      public static let rsaSign = CertificateType(rawValue: 1)
      /// A certificate with a DSA key.
      public static let dssSign = CertificateType(rawValue: 2)
      /// A certificate with an ECDSA or EdDSA key.
      public static let ecdsaSign = CertificateType(rawValue: 64)
    }

    /// The authorities that the server accepts certificates of, in its order; empty if it names none. Corresponds to
    /// `SSL_get0_peer_CA_list(3)`.
    public let authorities: [TLSDistinguishedName]
    /// The signature schemes that the server verifies, in its order. Corresponds to `SSL_get_sigalgs(3)`.
    public let signatureSchemes: [TLSSignatureScheme]
    /// The types of certificates that a TLS 1.2 server accepts; empty in TLS 1.3. Corresponds to
    /// `SSL_get0_certificate_types(3)`.
    public let certificateTypes: [CertificateType]
    /// The server's certificates, leaf first.
    public let serverCertificates: [TLSCertificate]
    /// Whether the server requests after the handshake.
    public let isPostHandshake: Bool

    /// Creates a request, for tests of what answers it.
    ///
    /// - Parameters:
    ///   - authorities: the authorities that the server accepts.
    ///   - signatureSchemes: the schemes that the server verifies.
    ///   - certificateTypes: the types of certificates in TLS 1.2.
    ///   - serverCertificates: the server's certificates, leaf first.
    ///   - isPostHandshake: whether the server requests after the handshake.
    public init(
      authorities: [TLSDistinguishedName] = [], signatureSchemes: [TLSSignatureScheme] = [],
      certificateTypes: [CertificateType] = [], serverCertificates: [TLSCertificate] = [],
      isPostHandshake: Bool = false
    ) {
      self.authorities = authorities
      self.signatureSchemes = signatureSchemes
      self.certificateTypes = certificateTypes
      self.serverCertificates = serverCertificates
      self.isPostHandshake = isPostHandshake
    }
  }
}

extension TLSEngine.CertificateRequest {
  /// The answer to a request; see ``TLSEngine/answer(_:)-(TLSEngine.CertificateRequest.Answer)``.
  public struct Answer: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
      case present(TLSIdentity)
      case presentConfigured
      case presentNothing
    }

    package let kind: Kind

    /// Presents an identity.
    ///
    /// - Parameter identity: the certificate chain and its key, which must be of a scheme and type that the server
    ///   requests. Whether one of ``authorities`` issued it is not checked.
    /// - Returns: the answer.
    public static func present(_ identity: TLSIdentity) -> Answer { Answer(kind: .present(identity)) }

    /// Presents the first of ``TLSContext/Configuration/identities`` that the server can verify, or nothing, as without
    /// a question.
    public static let presentConfigured = Answer(kind: .presentConfigured)

    /// Presents no certificate. The server may refuse that.
    public static let presentNothing = Answer(kind: .presentNothing)
  }
}

extension TLSEngine {
  /// Answers a server's request for a certificate and continues, with what was fed meanwhile.
  ///
  /// - Parameter answer: the identity, those of the configuration, or none.
  /// - Throws: ``TLSError``: `.wrongAnswer` if the engine does not ask for an identity; `.unsuitableIdentity` for a key
  ///   that the server does not request; `.keyDoesNotMatchCertificate`; `.identityRefused` if libssl's security level
  ///   does not allow it; then what ends the connection. After any but the last the question stands.
  ///
  /// Corresponds to `SSL_CTX_set_cert_cb(3)` and `SSL_use_cert_and_key(3)`.
  public mutating func answer(_ answer: CertificateRequest.Answer) throws(TLSError) {
    try admit(.answer)
    guard case .certificateRequest? = question else { throw Self.otherQuestion }
    switch answer.kind {
    case .present(let identity): try handle.present(try context.handle.adapted(identity))
    case .presentConfigured: try handle.presentConfigured(by: context)
    case .presentNothing: handle.presentNothing()
    }
    try resumeAfterAnswer()
  }
}
