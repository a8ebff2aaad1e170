extension TLSEngine {
  /// The parameters that the two sides agreed on.
  public struct NegotiatedParameters: Sendable, Hashable {
    /// The protocol version. Corresponds to `SSL_version(3)`.
    public let version: TLSVersion
    /// The cipher suite, for example `TLS_AES_256_GCM_SHA384`. Corresponds to `SSL_get_current_cipher(3)`.
    public let cipherSuite: TLSCipherSuite
    /// The key-exchange group, for example `x25519`; `nil` if none was used, as with RSA key exchange. A resumption in
    /// TLS 1.3 negotiates one again; a resumption in TLS 1.2 exchanges no keys, and this is the group of the session's
    /// first handshake. Corresponds to `SSL_get_negotiated_group(3)`.
    public let group: TLSGroup?
    /// The application protocol (ALPN, RFC 7301). Corresponds to `SSL_get0_alpn_selected(3)`.
    public let applicationProtocol: String?
    /// The server name that the client sent (SNI); on a server in the form of ``ClientHello/serverName``.
    /// Corresponds to `SSL_get_servername(3)`.
    public let serverName: String?
    /// Whether an earlier session was resumed. Corresponds to `SSL_session_reused(3)`.
    public let isResumed: Bool

    /// Creates parameters, for tests of what shows them.
    ///
    /// - Parameters:
    ///   - version: the protocol version.
    ///   - cipherSuite: the cipher suite.
    ///   - group: the key-exchange group.
    ///   - applicationProtocol: the application protocol.
    ///   - serverName: the server name.
    ///   - isResumed: whether an earlier session was resumed.
    public init(
      version: TLSVersion, cipherSuite: TLSCipherSuite, group: TLSGroup? = nil, applicationProtocol: String? = nil,
      serverName: String? = nil, isResumed: Bool = false
    ) {
      self.version = version
      self.cipherSuite = cipherSuite
      self.group = group
      self.applicationProtocol = applicationProtocol
      self.serverName = serverName
      self.isResumed = isResumed
    }
  }
}
