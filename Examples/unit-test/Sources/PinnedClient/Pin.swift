import SansIOTLS

/// The certificates that a client accepts, in addition to the usual verification.
///
/// A pin narrows the verification and replaces no part of it: chain, dates, purpose and name must also be valid. An
/// expired certificate is rejected even if it is pinned. (Therefore a pin never answers `.trust`, which would override
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
    configuration.trustRoots = trust
    configuration.pausesAtPeerCertificates = true
    return configuration
  }

  /// Checks the server's certificate against the pin.
  ///
  /// - Parameter presented: the certificates that an engine of ``configuration`` asks about.
  /// - Returns: `.followVerification` for a pinned certificate; `.distrust` for any other.
  public func answer(to presented: TLSEngine.PeerCertificates) -> TLSEngine.PeerCertificates.Answer {
    presented.chain.first.map(certificates.contains) == true ? .followVerification : .distrust(.certificateUnknown)
  }
}
