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
    /// The proof of the peer's identity: a certificate, a raw public key, a pre-shared key, or nothing. In a
    /// resumption, the one in the session's first connection.
    public let peerAuthentication: PeerAuthentication
    /// The scheme by which this side signed in the handshake; `nil` if it did not: a client without a certificate, a
    /// resumption, a pre-shared key, RSA key exchange. Corresponds to `SSL_get_signature_type_nid(3)`.
    public let ownSignatureScheme: TLSSignatureScheme?
    /// The scheme by which the peer signed in the handshake; `nil` if it did not. Corresponds to
    /// `SSL_get_peer_signature_type_nid(3)`.
    public let peerSignatureScheme: TLSSignatureScheme?
    /// The bits of the cipher's secret key, for example 128 or 256. Corresponds to `SSL_CIPHER_get_bits(3)`.
    public let secretBits: Int
    /// Whether the connection's secrets are bound to its whole handshake: always in TLS 1.3, in TLS 1.2 by the
    /// extension extended_master_secret (RFC 7627). Corresponds to `SSL_get_extms_support(3)`.
    public let hasExtendedMainSecret: Bool
    /// Whether the server let the client repeat its hello, with another key share or after it lost its state
    /// (HelloRetryRequest, RFC 8446, section 4.1.4): one round trip more.
    public let isHelloRetried: Bool

    /// Creates parameters, for tests of what shows them.
    ///
    /// - Parameters:
    ///   - version: the protocol version.
    ///   - cipherSuite: the cipher suite.
    ///   - group: the key-exchange group.
    ///   - applicationProtocol: the application protocol.
    ///   - serverName: the server name.
    ///   - isResumed: whether an earlier session was resumed.
    ///   - peerAuthentication: the proof of the peer's identity.
    ///   - ownSignatureScheme: the scheme by which this side signed.
    ///   - peerSignatureScheme: the scheme by which the peer signed.
    ///   - secretBits: the bits of the cipher's secret key.
    ///   - hasExtendedMainSecret: whether the secrets are bound to the whole handshake.
    ///   - isHelloRetried: whether the client repeated its hello.
    public init(
      version: TLSVersion, cipherSuite: TLSCipherSuite, group: TLSGroup? = nil, applicationProtocol: String? = nil,
      serverName: String? = nil, isResumed: Bool = false, peerAuthentication: PeerAuthentication = .none,
      ownSignatureScheme: TLSSignatureScheme? = nil, peerSignatureScheme: TLSSignatureScheme? = nil,
      secretBits: Int = 256, hasExtendedMainSecret: Bool = true, isHelloRetried: Bool = false
    ) {
      self.version = version
      self.cipherSuite = cipherSuite
      self.group = group
      self.applicationProtocol = applicationProtocol
      self.serverName = serverName
      self.isResumed = isResumed
      self.peerAuthentication = peerAuthentication
      self.ownSignatureScheme = ownSignatureScheme
      self.peerSignatureScheme = peerSignatureScheme
      self.secretBits = secretBits
      self.hasExtendedMainSecret = hasExtendedMainSecret
      self.isHelloRetried = isHelloRetried
    }
  }
}
