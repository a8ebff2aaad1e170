internal import CSansIOTLSOpenSSL

/// The sessions that a client receives.
extension SSLHandle {
  /// Keeps a copy of a session for the events. libssl marks the connection's own as not resumable when the connection
  /// fails, maybe while another thread reads it.
  static func keep(_ session: OpaquePointer, of ssl: OpaquePointer) {
    let announced = unsafe SSL_SESSION_get_ticket_lifetime_hint(session)
    // A ticket to be discarded at once (RFC 8446, section 4.6.1). In TLS 1.2, 0 leaves the lifetime open (RFC 5077,
    // section 3.3).
    if announced == 0, unsafe SSL_version(ssl) >= TLS1_3_VERSION { return }
    guard let callbackState = unsafe CallbackState.of(ssl), let origin = unsafe ContextCallbackState.of(ssl)?.origin,
      let copy = unsafe SSL_SESSION_dup(session)
    else { return }
    // libssl keeps two hours of its own, whatever the server announces.
    if announced > 0 { unsafe SSL_SESSION_set_timeout(copy, min(Int(clamping: announced), greatestLifetime)) }
    let provenance =
      unsafe inheritedProvenance(of: ssl, callbackState)
      ?? TLSSession.Provenance(
        origin: origin, serverName: unsafe serverName(of: ssl, sent: callbackState.pointee.request),
        isAcceptedOutOfDate: unsafe callbackState.pointee.isAcceptedOutOfDate,
        chain: unsafe peerCertificates(of: ssl, callbackState.pointee.offered),
        staple: unsafe callbackState.pointee.peerNotes?.staple ?? .notAsked,
        preSharedIdentity: unsafe preSharedIdentity(of: ssl, callbackState))
    unsafe callbackState.pointee.newSessions.append(TLSSession(adopting: copy, provenance))
    unsafe callbackState.pointee.hasPendingEvents = true
  }

  /// The provenance of the session that this connection has resumed, if that of its own sessions is the same.
  private static func inheritedProvenance(
    of ssl: OpaquePointer, _ callbackState: UnsafeMutablePointer<CallbackState>
  ) -> TLSSession.Provenance? {
    guard unsafe callbackState.pointee.offersOwnSession, unsafe SSL_session_reused(ssl) == 1 else { return nil }
    return unsafe callbackState.pointee.offered?.reference.provenance
  }

  /// Seven days, in seconds.
  private static let greatestLifetime = 604_800

  /// Keeps the session of a completed TLS 1.2 handshake if it was resumed and the server renewed its ticket: libssl
  /// does not call its callback then. Releases the offered session if it was not resumed.
  func keepRenewedSession() {
    guard let offered = unsafe callbackState.pointee.offered else { return }
    guard unsafe SSL_session_reused(ssl) == 1 else {
      unsafe callbackState.pointee.resumption = .none
      return
    }
    guard unsafe SSL_version(ssl) == TLS1_2_VERSION, let session = unsafe SSL_get_session(ssl) else { return }
    let isTicket = unsafe TLSSession.withTicket(of: session) { !$0.isEmpty }
    if isTicket, unsafe !offered.hasTicket(of: session) { unsafe Self.keep(session, of: ssl) }
  }

  /// The peer's certificates, its own first.
  ///
  /// - Parameter offered: the session that was resumed, if one was: after its time as bytes libssl has no chain.
  static func peerCertificates(of ssl: OpaquePointer, _ offered: TLSSession?) -> [TLSCertificate] {
    // On a server libssl keeps the client's leaf certificate apart from the rest of its chain.
    let rest = unsafe TLSCertificate.references(in: SSL_get_peer_cert_chain(ssl))
    guard let leaf = unsafe SSL_get1_peer_certificate(ssl) else { return [] }
    let own = unsafe TLSCertificate(adopting: leaf)
    if rest.isEmpty, let offered, unsafe SSL_session_reused(ssl) == 1 { return offered.peerCertificates }
    return rest.first == own ? rest : [own] + rest
  }
}
