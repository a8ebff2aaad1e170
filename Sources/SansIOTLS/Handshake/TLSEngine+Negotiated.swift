extension TLSEngine {
  /// The negotiated parameters, `nil` before the handshake is done.
  public var negotiated: NegotiatedParameters? { state.isHandshakeDone ? handle.negotiated : nil }

  /// The plaintext in bytes of a record at most that both sides agreed on, because the client asked for it
  /// (max_fragment_length, RFC 6066, section 4); `nil` if they did not, and before the handshake is done.
  ///
  /// Corresponds to `SSL_SESSION_get_max_fragment_length(3)`.
  public var maximumFragmentByteCount: Int? { state.isHandshakeDone ? handle.maximumFragmentByteCount : nil }

  /// The peer's certificates as it sent them, leaf first; empty before, and if it sent none. After a resumption a
  /// client has those of the session's first connection, and a server the leaf alone, because its ticket holds no more.
  ///
  /// Corresponds to `SSL_get0_peer_certificate(3)` and `SSL_get_peer_cert_chain(3)`. Nothing is copied but references.
  public var peerCertificates: [TLSCertificate] { handle.peerCertificates }

  /// The certificates that this side presented in the handshake, its own first: which identity a server with several
  /// showed to this client, or whether a client was asked for one. Empty before the handshake is done, after a
  /// resumption, with a pre-shared key, and if this side presented none.
  ///
  /// Corresponds to `SSL_get_certificate(3)` and `SSL_get0_chain_certs(3)`. Nothing is copied but references.
  public var ownCertificates: [TLSCertificate] { state.isHandshakeDone ? handle.ownCertificates : [] }

  /// The raw public key that the peer proved instead of a certificate (RFC 7250), in the form SubjectPublicKeyInfo in
  /// DER; `nil` if it presented a certificate or nothing, and before. See
  /// ``TLSContext/Configuration/acceptedPublicKeys``.
  ///
  /// Corresponds to `SSL_get0_peer_rpk(3)`.
  public var peerPublicKey: [UInt8]? { handle.peerPublicKey }

  /// The chain that the verification of the peer's certificate built, from the peer's own to the trusted one, which the
  /// peer need not have sent. Empty before the handshake is done; after a resumption, which verifies none; and if the
  /// chain is not accepted, but the application or the configuration accepts the peer all the same.
  ///
  /// Corresponds to `SSL_get0_verified_chain(3)`. Nothing is copied but references.
  public var verifiedChain: [TLSCertificate] { state.isHandshakeDone ? handle.verifiedChain : [] }

  /// The name in the server's certificate that fits the name that the client connected to: a DNS name as the
  /// certificate has it, for example `*.example.com`, or an address. It is there after a resumption too. `nil` before
  /// the handshake is done, on a server, with ``TLSServerName/unverified(sni:)``, and if none fits.
  ///
  /// Corresponds to `X509_check_host(3)`, and in a full handshake to `SSL_get0_peername(3)`.
  public var matchedName: String? { state.isHandshakeDone ? handle.matchedName : nil }
}
