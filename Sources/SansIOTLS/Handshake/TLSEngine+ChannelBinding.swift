extension TLSEngine {
  /// A type of channel binding: bytes that both ends of one connection know and no other connection has, so that a
  /// protocol above TLS, such as SCRAM, can prove that no machine sits between them.
  ///
  /// The raw value is the name in the IANA registry ("Channel-Binding Types"), as SASL mechanisms spell it.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum ChannelBinding: String, Sendable, Hashable, CaseIterable {
    /// Exported keying material (RFC 9266): 32 bytes, in both versions. The first choice.
    case exporter = "tls-exporter"
    /// The first Finished message of the latest handshake (RFC 5929, section 3): TLS 1.2 alone.
    case unique = "tls-unique"
    /// The hash of the server's certificate (RFC 5929, section 4): the same for all connections to it.
    case serverEndPoint = "tls-server-end-point"
  }

  /// Returns the channel binding of this connection, equal on both sides unless a machine sits between them.
  ///
  /// - `.exporter` is ``exportKeyingMaterial(label:context:count:)`` with the label `EXPORTER-Channel-Binding` and an
  ///   empty context.
  /// - `.unique` has 12 bytes. It is the client's Finished of a full handshake, and the server's of a resumption.
  /// - `.serverEndPoint` is a digest of the server's certificate, by the hash of its signature, and by SHA-256 where
  ///   that is MD5 or SHA-1.
  ///
  /// - Parameter type: the type of binding.
  /// - Returns: the bytes, a copy.
  /// - Throws: ``TLSError`` with code `.handshakeNotComplete` before the handshake is done, and during a renegotiation
  ///   for `.exporter` and `.unique`; `.unsupported` where the type is not defined, or would not distinguish this
  ///   connection from another: `.unique` in TLS 1.3; `.exporter` and `.unique` in TLS 1.2 without extended main secret
  ///   (RFC 7627); `.serverEndPoint` if the server presented no certificate, if the certificate's signature has no hash
  ///   of its own, as Ed25519, and on a server that resumes a session, which sends no certificate; `.openSSLFailure` if
  ///   libcrypto lacks the hash.
  ///
  /// Corresponds to `SSL_export_keying_material(3)`, `SSL_get_finished(3)`, `X509_get_signature_info(3)`.
  public func channelBinding(_ type: ChannelBinding) throws(TLSError) -> [UInt8] {
    guard state.isHandshakeDone else {
      throw TLSError(
        .handshakeNotComplete, .misuse, hint: "\(type.rawValue) exists only after the handshake")
    }
    switch type {
    case .exporter: return try exportKeyingMaterial(label: "EXPORTER-Channel-Binding", context: [], count: 32)
    case .unique: return try handle.firstFinished()
    case .serverEndPoint: return try handle.serverCertificateDigest()
    }
  }
}
