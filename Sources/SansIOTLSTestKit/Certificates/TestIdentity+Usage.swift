extension TestIdentity {
  /// The side of a connection that a certificate may be shown on: its extended key usage (RFC 5280 section 4.2.1.12).
  public enum Usage: Hashable, Sendable, CaseIterable {
    /// Proves a server only (id-kp-serverAuth).
    case server
    /// Proves a client only (id-kp-clientAuth).
    case client
    /// Proves either side.
    case both
  }
}
