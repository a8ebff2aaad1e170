extension TLSEngine {
  /// The OCSP staple that the server sent and this client verified; `nil` before the handshake is done, if none was
  /// sent, after a resumption, in which none is sent, and without ``TLSContext/Configuration/stapling``. It is parsed
  /// in each call.
  ///
  /// Corresponds to `SSL_get_tlsext_status_ocsp_resp(3)`.
  public var peerStaple: TLSStaple? {
    guard state.isHandshakeDone, context.configuration.stapling != .off else { return nil }
    return handle.staple
  }

  /// The signed certificate timestamps that the handshake, the staple and the server's certificate brought, each as
  /// sent; empty before the handshake is done, after a resumption, and without
  /// ``TLSContext/Configuration/collectsCertificateTimestamps``. Their signatures are not verified: the application
  /// decides which logs it trusts. Those of the certificate alone are in
  /// ``TLSCertificate/signedCertificateTimestamps``.
  ///
  /// Corresponds to `SSL_get0_peer_scts(3)`.
  public var peerCertificateTimestamps: [TLSSignedCertificateTimestamp] {
    guard state.isHandshakeDone, context.configuration.collectsCertificateTimestamps else { return [] }
    return handle.certificateTimestamps
  }
}
