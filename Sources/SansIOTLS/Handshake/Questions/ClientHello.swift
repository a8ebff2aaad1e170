extension TLSEngine {
  /// What a client offered, as far as it matters for the choice of a context. Bounded by libssl's limit on a ClientHello.
  public struct ClientHello: Sendable, Hashable {
    /// The host name asked for (SNI), lower-cased; `nil` if there is none or it is not a DNS name as in ``TLSServerName/dns(_:)``,
    /// without trailing dot.
    public let serverName: String?
    /// The application protocols offered (ALPN), in the client's order.
    public let applicationProtocols: [String]
    /// The versions offered, in the client's order, GREASE included as unknown numbers.
    public let versions: [TLSVersion]
    /// The numbers of the cipher suites offered, in the client's order.
    public let cipherSuites: [UInt16]
  }
}
