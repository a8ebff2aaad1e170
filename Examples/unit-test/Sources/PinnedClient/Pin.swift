import SansIOTLS

/// The certificates that a client accepts, in addition to the usual verification.
///
/// A pin narrows the verification and replaces no part of it: chain, dates, purpose and name must also be valid. An
/// expired certificate is rejected even if it is pinned. (Therefore a pin never answers `.accept`, which would override
/// the verification result.) For a server without an authority, trust its certificate alone:
/// `Pin([certificate], trust: [.certificates([certificate])])`.
///
/// Pin the next certificate before the present one expires.
public struct Pin: Sendable {
  private let certificates: Set<TLSCertificate>
  private let trust: [TLSTrustRoots]

  /// Pins certificates.
  ///
  /// - Parameters:
  ///   - certificates: the certificates of the server itself, not of its authority: the present one and later ones.
  ///   - trust: the roots of their chains.
  public init(_ certificates: Set<TLSCertificate>, trust: [TLSTrustRoots] = [.system]) {
    self.certificates = certificates
    self.trust = trust
  }

  /// A client configuration whose engines ask about the server's certificate; answer with ``answer(to:)``.
  public var configuration: TLSContext.Configuration {
    var configuration = TLSContext.Configuration.client()
    configuration.trust = trust
    configuration.pausesAtPeerCertificates = true
    return configuration
  }

  /// Checks the server's certificate against the pin.
  ///
  /// - Parameter question: a question of an engine of ``configuration``.
  /// - Returns: `.proceed` for a pinned certificate, which keeps the verification result; `.reject` for any other.
  public func answer(to question: TLSEngine.Question) -> TLSEngine.Answer {
    guard case .peerCertificate(let peer) = question else { return .proceed }
    return peer.chain.first.map(certificates.contains) == true ? .proceed : .reject(.certificateUnknown)
  }
}
