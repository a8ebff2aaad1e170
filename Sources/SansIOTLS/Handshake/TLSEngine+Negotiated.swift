extension TLSEngine {
  /// What was agreed on, `nil` before the handshake is done.
  public var negotiated: NegotiatedParameters? { state.isHandshakeDone ? handle.negotiated : nil }

  /// The peer's certificates as it sent them, leaf first; empty where it sent none, and before it did. On a resumed session
  /// a client has those of the connection that made it, and a server the leaf alone, for its ticket holds no more.
  ///
  /// Corresponds to `SSL_get0_peer_certificate(3)` and `SSL_get_peer_cert_chain(3)`. Nothing is copied but references.
  public var peerCertificates: [TLSCertificate] { handle.peerCertificates }
}
