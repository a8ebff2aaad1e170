internal import CSansIOTLSOpenSSL

extension SSLHandle {
  /// What the handshake that is done proves of the peer, whatever suite it went by.
  ///
  /// - Parameter context: the one that serves the connection.
  func proof(for context: TLSContext) -> PeerProof {
    let hasCertificate = unsafe SSL_get0_peer_certificate(ssl) != nil
    let isResumed = unsafe SSL_session_reused(ssl) == 1
    // A session was examined when it was offered, or when its ticket was opened; this is what libssl keeps of the check.
    let isInherited = unsafe context.ignoresVerdict || SSL_get_verify_result(ssl) == Int(X509_V_OK)
    return PeerProof(
      demand: context.handle.callbacks.demand, hasCertificate: hasCertificate,
      isAccepted: isResumed ? isInherited : unsafe callbackState.pointee.isPeerAccepted)
  }
}
