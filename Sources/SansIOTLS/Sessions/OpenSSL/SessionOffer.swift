internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension SSLHandle {
  /// Offers a session for resumption. It is copied first, so that two connections never share one that changes.
  ///
  /// Resumption sends no certificate, so libssl verifies neither chain nor name again: the session itself must prove
  /// them, by its verification result and by its certificate's names and dates. The verification by another context, or
  /// the answer of its application, proves nothing to this one: the certificates are verified again.
  func offer(_ session: TLSSession, to serverName: TLSServerName, by context: TLSContext) throws(TLSError) {
    if session.isOverdue(at: VerificationClock.system) { return }
    ErrorQueue.clear()
    guard let copy = unsafe SSL_SESSION_dup(session.reference.session) else {
      throw TLSError(
        .openSSLFailure, .local, hint: "no memory for a copy of the session", openSSLErrors: ErrorQueue.take())
    }
    defer { unsafe SSL_SESSION_free(copy) }
    guard unsafe SSL_set_session(ssl, copy) == 1 else {
      throw TLSError(
        .invalidArgument, .misuse, hint: "this context cannot offer this session; connect without it",
        openSSLErrors: ErrorQueue.take())
    }
    let provenance = session.reference.provenance
    let origin = provenance.origin
    func refuse(_ hint: String) -> TLSError {
      TLSError(.invalidArgument, .misuse, hint: hint + "; connect without it", openSSLErrors: ErrorQueue.take())
    }
    let isOwn = origin === context.handle.origin
    let isForeign = !isOwn && !origin.sharesDomain(with: context.handle.origin)
    let isChosen = origin.pausesAtCertificateRequest || context.pausesAtCertificateRequest
    if !isOwn, origin.identities != context.handle.origin.identities || isForeign && isChosen {
      throw refuse("the session was created by a client with another identity")
    }
    // A name in canonical form needs no conversion into it.
    let isSameName =
      unsafe provenance.serverName == serverName
      || provenance.serverName == Self.serverName(of: ssl, sent: callbackState.pointee.request)
    unsafe callbackState.pointee.offersOwnSession = isOwn && isSameName
    // An answer applies to the whole requested name, the SNI included: a pin may depend on it.
    if origin.pausesAtPeerCertificates, !isSameName {
      throw refuse(
        "the session was created for another server name, and its certificate was accepted for that name only")
    }
    if !isOwn, origin.pins != context.handle.origin.pins {
      throw refuse("the session was created by a client with other pins")
    }
    let stapling = context.handle.callbacks.stapling
    if stapling != .off {
      guard unsafe provenance.staple.suffices(for: stapling, at: VerificationClock.now(of: SSL_get0_param(ssl))) else {
        throw refuse("the session does not prove by an OCSP staple in date that the server's certificate is good")
      }
      let notes = PeerNotes()
      notes.staple = provenance.staple
      unsafe callbackState.pointee.peerNotes = notes
    }
    // The key proves the server for every name, so names and certificates have no say; and nothing but a key proves it
    // to a context that demands one.
    let preShared = context.handle.callbacks.preSharedKeys
    if let identity = provenance.preSharedIdentity {
      guard preShared.contains(where: { $0.identity == identity }) || context.ignoresVerdict else {
        throw refuse("the session was created by a pre-shared key that this context does not have")
      }
      unsafe callbackState.pointee.resumption = .offered(session)
      return
    }
    if context.handle.callbacks.demandsPreSharedKey {
      throw refuse("the session was created without the pre-shared key that this context demands")
    }
    // An answer counts for the contexts of its application; the application of others has not been asked.
    let isAnswered =
      isOwn
      || origin.pausesAtPeerCertificates && context.pausesAtPeerCertificates
        && origin.sharesDomain(with: context.handle.origin)
    var isProven = isAnswered || !context.pausesAtPeerCertificates
    if isProven, !context.ignoresVerdict {
      isProven = unsafe SSL_get_verify_result(ssl) == Int(X509_V_OK)
      // The application answered the question of its own context for this name.
      if isProven, !isAnswered || !context.pausesAtPeerCertificates {
        // The connection that the session is from has verified the certificate for its own name.
        isProven = unsafe isOwn && isSameName || proves(serverName, copy)
        // CRLs expire, in the same context too.
        let isRevocable = !context.handle.callbacks.revocationLists.isEmpty
        if !isOwn || isRevocable { isProven = isProven && verify(provenance.chain, by: context) }
      }
    }
    if !isProven { throw refuse("the session does not prove the requested server name") }
    // What the application of another context accepted is not accepted by this one.
    let isAcceptedOutOfDate = isAnswered && provenance.isAcceptedOutOfDate
    let isDateChecked = !context.ignoresVerdict && !isAcceptedOutOfDate
    if isDateChecked, unsafe provenance.validity?.contains(VerificationClock.now(of: SSL_get0_param(ssl))) != true {
      throw refuse("the certificate of the session is expired or not yet valid")
    }
    unsafe callbackState.pointee.isAcceptedOutOfDate = isAcceptedOutOfDate
    unsafe callbackState.pointee.resumption = .offered(session)
  }

  /// Whether the certificates of a session pass the verification of a full handshake: by the context's
  /// trust roots, and by the connection's parameters, the server name among them. Corresponds to `X509_verify_cert(3)`.
  private func verify(_ chain: [TLSCertificate], by context: TLSContext) -> Bool {
    guard let leaf = chain.first,
      let check = unsafe X509_STORE_CTX_new_ex(context.handle.library.pointer, nil)
    else { return false }
    defer { unsafe X509_STORE_CTX_free(check) }
    let rest = unsafe sitls_x509_stack()
    defer { unsafe sitls_x509_stack_free(rest) }
    for certificate in chain { unsafe sitls_x509_push(rest, certificate.reference.x509) }
    let store = unsafe SSL_CTX_get_cert_store(context.handle.context)
    guard unsafe X509_STORE_CTX_init(check, store, leaf.reference.x509, rest) == 1,
      unsafe (try? "ssl_server".withCText("the purpose") { unsafe X509_STORE_CTX_set_default(check, $0) }) == 1
    else { return false }
    let parameters = unsafe X509_STORE_CTX_get0_param(check)
    unsafe X509_VERIFY_PARAM_set_auth_level(parameters, SSL_get_security_level(ssl))
    guard unsafe X509_VERIFY_PARAM_set1(parameters, SSL_get0_param(ssl)) == 1 else { return false }
    unsafe NameMatching.setFlags(of: check)
    return unsafe ChainCheck.run(check, pins: context.handle.callbacks.pins) == 1
  }

  /// Whether the certificate of a session is valid for the name, which libssl has been given.
  private func proves(_ name: TLSServerName, _ session: OpaquePointer) -> Bool {
    guard let certificate = unsafe SSL_SESSION_get0_peer(session) else { return name.isUnverified }
    switch name {
    case .dns, .anyOf:
      let flags = unsafe NameMatching.flags(for: certificate)
      var index: Int32 = 0
      while let host = unsafe X509_VERIFY_PARAM_get0_host(SSL_get0_param(ssl), index) {
        if unsafe X509_check_host(certificate, host, 0, flags, nil) == 1 { return true }
        index += 1
      }
      return false
    case .ip(let text):
      guard let octets = IPAddress.octets(of: Array(text.utf8)) else { return false }
      return unsafe X509_check_ip(certificate, octets, octets.count, 0) == 1
    case .unverified: return true
    }
  }
}
