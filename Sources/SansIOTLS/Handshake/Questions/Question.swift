/// A decision that only the application can take. The engine stops at it and goes on when it is answered, whenever that
/// is; what is fed meanwhile waits in the ring.
public enum Question: Sendable {
  /// A server read a ClientHello: which context serves it? Asked if ``TLSContext/Configuration/asksAboutClientHello``.
  case clientHello(ClientHello)
  /// A client read the server's certificates: are they acceptable? Asked if
  /// ``TLSContext/Configuration/asksAboutPeerCertificate``, after libssl's own check, with its result.
  case peerCertificate(PeerCertificate)
}

/// The answer to a ``Question``.
public enum Answer: Sendable {
  /// Go on as configured: the engine's own context; libssl's own verdict on the certificate.
  case proceed
  /// Serve this ClientHello by another server context: its identities, versions, suites, groups, ALPN, and all that it asks of
  /// clients. Tickets are sealed by the keys of the context that the connection began with, and open only the context that
  /// they were made for.
  case use(TLSContext)
  /// Accept the certificate whatever libssl found. Only an application that has its own proof (a pinned key) may say so.
  case accept
  /// Refuse, with this alert to the peer; those that libssl does not send as they are, are misuse.
  case reject(TLSAlert)
}

/// What a client offered, as far as it matters for the choice of a context. Bounded by libssl's limit on a ClientHello.
public struct ClientHello: Sendable, Hashable {
  /// The host name asked for (SNI), lower-cased; `nil` if there is none or it is not a DNS name as in ``ServerName/dns(_:)``,
  /// without trailing dot.
  public let serverName: String?
  /// The application protocols offered (ALPN), in the client's order.
  public let applicationProtocols: [String]
  /// The versions offered, in the client's order, GREASE included as unknown numbers.
  public let versions: [TLSVersion]
  /// The numbers of the cipher suites offered, in the client's order.
  public let cipherSuites: [UInt16]
}

/// What a server showed, and what libssl thinks of it.
public struct PeerCertificate: Sendable {
  /// The chain as sent, leaf first.
  public let chain: [TLSCertificate]
  /// The result of libssl's check of chain, dates, purpose and name.
  public let check: CertificateCheck
  /// The name that the client asked for.
  public let serverName: String?
}

/// The result of checking a certificate chain.
///
/// Corresponds to `X509_STORE_CTX_get_error(3)`.
public struct CertificateCheck: Sendable, Hashable, CustomStringConvertible {
  /// The `X509_V_…` number; 0 is success.
  public let code: Int
  /// libcrypto's text for it. Corresponds to `X509_verify_cert_error_string(3)`.
  public let text: String
  /// Where in the chain: 0 is the peer's own certificate.
  public let depth: Int
  /// The subject of the certificate at that depth, in the form of RFC 2253.
  public let subject: String

  /// Whether the chain was accepted.
  public var isAccepted: Bool { code == 0 }

  /// For example `unable to get local issuer certificate (20) at depth 0, CN=example`.
  public var description: String {
    if isAccepted { return "accepted" }
    return "\(text) (\(code)) at depth \(depth)" + (subject.isEmpty ? "" : ", \(subject.printable)")
  }
}

extension Answer {
  /// Whether this can answer that question.
  func fits(_ question: Question) -> Bool {
    switch (question, self) {
    case (.clientHello, .proceed), (.clientHello, .use), (.clientHello, .reject): true
    case (.peerCertificate, .proceed), (.peerCertificate, .accept), (.peerCertificate, .reject): true
    default: false
    }
  }
}
