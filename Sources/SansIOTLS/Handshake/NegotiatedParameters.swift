extension TLSEngine {
  /// What the two sides agreed on. Absent until the handshake is done.
  public struct NegotiatedParameters: Sendable, Hashable {
    /// The protocol version. Corresponds to `SSL_version(3)`.
    public let version: TLSVersion
    /// The cipher suite's name as in the IANA registry, for example `TLS_AES_256_GCM_SHA384`. Corresponds to
    /// `SSL_CIPHER_standard_name(3)`.
    public let cipherSuite: String
    /// The key-exchange group, for example `x25519`; `nil` where none was used, as with RSA key exchange. A resumption in
    /// TLS 1.3 agrees on one anew; one in TLS 1.2 exchanges no keys, and tells the group that the session was made with.
    /// Corresponds to `SSL_get_negotiated_group(3)`.
    public let group: String?
    /// The application protocol (ALPN, RFC 7301). Corresponds to `SSL_get0_alpn_selected(3)`.
    public let applicationProtocol: String?
    /// The server name that the client asked for (SNI); on a server as ``ClientHello/serverName`` tells it, lower-cased.
    /// Corresponds to `SSL_get_servername(3)`.
    public let serverName: String?
    /// Whether an earlier session was resumed. Corresponds to `SSL_session_reused(3)`.
    public let isResumed: Bool
  }
}
