extension TLSEngine {
  /// The negotiated parameters, `nil` before the handshake is done.
  public var negotiated: NegotiatedParameters? { state.isHandshakeDone ? handle.negotiated : nil }

  /// The peer's certificates as it sent them, leaf first; empty before, and if it sent none. After a resumption a
  /// client has those of the session's first connection, and a server the leaf alone, because its ticket holds no more.
  ///
  /// Corresponds to `SSL_get0_peer_certificate(3)` and `SSL_get_peer_cert_chain(3)`. Nothing is copied but references.
  public var peerCertificates: [TLSCertificate] { handle.peerCertificates }
}
