extension TLSEngine {
  /// What a server showed, and what libssl thinks of it.
  public struct PeerCertificates: Sendable {
    /// The chain as sent, leaf first.
    public let chain: [TLSCertificate]
    /// The result of libssl's check of chain, dates, purpose and name.
    public let check: TLSVerificationResult
    /// The name that the client asked for.
    public let serverName: String?
  }
}
