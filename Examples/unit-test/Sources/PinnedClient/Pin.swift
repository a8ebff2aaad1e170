import SansIOTLS

/// Which certificates a client accepts, beside all that makes a certificate valid.
///
/// A pin narrows the usual check and replaces nothing of it: chain, dates, purpose and name have to be in order as well.
/// An expired certificate stays expired, however well it is known. (A pin is therefore never answered with `.accept`, which
/// would overrule libssl's verdict.) Where no authority stands behind the server, trust its certificate alone:
/// `Pin([certificate], trust: [.certificates([certificate])])`.
///
/// A pinned certificate is outlived by its client unless the next one is pinned in time: give both.
public struct Pin: Sendable {
  private let certificates: Set<TLSCertificate>
  private let trust: [TLSTrustRoots]

  /// Pins certificates.
  ///
  /// - Parameters:
  ///   - certificates: the server's own, not its authority's: the present one and those to come.
  ///   - trust: where their chains may end.
  public init(_ certificates: Set<TLSCertificate>, trust: [TLSTrustRoots] = [.system]) {
    self.certificates = certificates
    self.trust = trust
  }

  /// A client whose engines ask about the server's certificate; ``answer(to:)`` knows the answer.
  public var configuration: TLSContext.Configuration {
    var configuration = TLSContext.Configuration.client()
    configuration.trust = trust
    configuration.pausesAtPeerCertificates = true
    return configuration
  }

  /// Judges the server's certificate.
  ///
  /// - Parameter question: what an engine of ``configuration`` asks.
  /// - Returns: libssl's own verdict for a pinned certificate, a refusal for any other.
  public func answer(to question: Question) -> Answer {
    guard case .peerCertificate(let peer) = question else { return .proceed }
    return peer.chain.first.map(certificates.contains) == true ? .proceed : .reject(.certificateUnknown)
  }
}
