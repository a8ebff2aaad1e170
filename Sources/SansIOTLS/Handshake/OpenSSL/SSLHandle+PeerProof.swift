internal import CSansIOTLSOpenSSL

extension SSLHandle {
  /// Whether the completed handshake proved as much of the peer as its context demands.
  ///
  /// - Parameter context: the context that serves the connection.
  func isProven(to context: TLSContext) -> Bool {
    // Most servers demand nothing of their clients.
    context.handle.callbacks.demand == .none || proof(for: context).isSufficient
  }

  /// The proof of the peer by the completed handshake, for every kind of suite.
  ///
  /// - Parameter context: the context that serves the connection.
  func proof(for context: TLSContext) -> PeerProof {
    // Or a raw public key: it is judged in the same callback.
    let hasCertificate = unsafe SSL_get0_peer_certificate(ssl) != nil || peerKey != nil
    let isResumed = isResumed
    // A session was examined when it was offered, or when its ticket was decrypted; libssl keeps the verification
    // result.
    let isInherited = unsafe context.ignoresVerdict || SSL_get_verify_result(ssl) == Int(X509_V_OK)
    let stapling = context.handle.callbacks.stapling
    let isStapled =
      unsafe stapling == .off || (callbackState.pointee.peerNotes?.staple ?? .notAsked).completes(stapling)
    // A server that asks, asks about a resumed client too.
    let isInheriting = isResumed && !(context.role == .server && context.pausesAtPeerCertificates)
    return PeerProof(
      demand: context.handle.callbacks.demand, hasCertificate: hasCertificate,
      isAccepted: isStapled && (isInheriting ? isInherited : unsafe callbackState.pointee.isPeerAccepted),
      isPreShared: preSharedIdentity != nil)
  }
}
