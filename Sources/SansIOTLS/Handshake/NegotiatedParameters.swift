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

extension TLSEngine {
  /// What was agreed on, `nil` before the handshake is done.
  public var negotiated: NegotiatedParameters? { state.isHandshakeDone ? handle.negotiated : nil }

  /// The peer's certificates as it sent them, leaf first; empty where it sent none, and before it did. On a resumed session
  /// a client has those of the connection that made it, and a server the leaf alone, for its ticket holds no more.
  ///
  /// Corresponds to `SSL_get0_peer_certificate(3)` and `SSL_get_peer_cert_chain(3)`. Nothing is copied but references.
  public var peerCertificates: [TLSCertificate] { handle.peerCertificates }

  /// Keying material for another protocol, bound to this connection.
  ///
  /// - Parameters:
  ///   - label: the exporter label, for example `EXPORTER-Channel-Binding` (RFC 9266); 1 to 249 bytes.
  ///   - context: the context value, less than 64 KiB; in TLS 1.2 none and empty differ.
  ///   - count: bytes wanted, 1 to 8,160.
  /// - Returns: the bytes. They are secret where the label's protocol says so; their owner zeroes them.
  /// - Throws: ``TLSError`` with code `.handshakeNotComplete` before the handshake is done, `.invalidArgument` for a length out of
  ///   range, `.unsupported` in TLS 1.2 without extended main secret (RFC 7627), where somebody in the middle could have made
  ///   two connections that export the same, `.library` where libssl refuses.
  ///
  /// Corresponds to `SSL_export_keying_material(3)`, RFC 5705 and RFC 8446, section 7.5.
  public func exportKeyingMaterial(
    label: String, context: [UInt8]? = nil, count: Int
  ) throws(TLSError) -> [UInt8] {
    guard state.isHandshakeDone else {
      throw TLSError(.handshakeNotComplete, .misuse, hint: "there is nothing to export before the handshake is done")
    }
    guard (1...249).contains(label.utf8.count), (1...8160).contains(count), context?.count ?? 0 < 65_536 else {
      throw TLSError(
        .invalidArgument, .misuse,
        hint: "an exporter takes a label of 1 to 249 bytes, a context below 64 KiB, and gives 1 to 8,160 bytes")
    }
    return try handle.exportKeyingMaterial(label: Array(label.utf8), context: context, count: count)
  }
}
