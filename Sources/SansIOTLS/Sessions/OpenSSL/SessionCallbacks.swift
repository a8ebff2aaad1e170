internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension Callbacks {
  static let newSession: @convention(c) (OpaquePointer?, OpaquePointer?) -> Int32 = { ssl, session in
    // 0 reports that the reference was not kept.
    ErrorQueue.preserving {
      guard let ssl = unsafe ssl, let session = unsafe session else { return 0 }
      // Without a certificate, it could not prove the server again.
      if unsafe sitls_peer_key(ssl) != nil { return 0 }
      unsafe SSLHandle.keep(session, of: ssl)
      return 0
    }
  }

  /// Puts the application's data into a new ticket of a server, or into a session that its cache or its store keeps.
  static let prepareTicket: SSL_CTX_generate_session_ticket_fn = { ssl, argument in
    ErrorQueue.preserving {
      guard let ssl = unsafe ssl else { return 0 }
      let sessions = unsafe CallbackState.of(ssl)?.pointee.serverSessions
      guard unsafe sessions?.attachData(of: ssl) ?? ServerSessions.attachIdentity(of: ssl) else { return 0 }
      // The test kit's worlds have a time of their own.
      guard let prepare = unsafe ContextCallbackState.of(ssl)?.library.prepareTicket else { return 1 }
      return unsafe prepare(ssl, argument)
    }
  }

  /// Notes a new session for the application's store. One in libssl's cache, which no callback could check when it is
  /// found, is given an end: that of what it proves.
  static let newServerSession: @convention(c) (OpaquePointer?, OpaquePointer?) -> Int32 = { ssl, session in
    // 0 reports that the reference was not kept.
    ErrorQueue.preserving {
      guard let ssl = unsafe ssl, let session = unsafe session, let context = unsafe ContextCallbackState.of(ssl),
        let callbackState = unsafe CallbackState.of(ssl)
      else { return 0 }
      if context.keepsSessionsElsewhere {
        if let new = unsafe TLSServerSession(encoding: session) {
          unsafe SSLHandle.noteForStore(new, callbackState)
        }
      } else if let rest = unsafe context.proofLifetime(of: session, by: SSL_get0_param(ssl)),
        unsafe rest < SSL_SESSION_get_timeout(session)
      {
        unsafe SSL_SESSION_set_timeout(session, rest)
      }
      return 0
    }
  }

  /// Hands out the session that the answer to the ClientHello gave, if it is the one that libssl looks for and proves
  /// what a full handshake would. libssl compares the session id context itself.
  static let findSession:
    @convention(c) (OpaquePointer?, UnsafePointer<UInt8>?, Int32, UnsafeMutablePointer<Int32>?) -> OpaquePointer? = {
      ssl, identifier, count, copies in
      // libssl takes a reference of its own.
      unsafe copies?.pointee = 1
      return unsafe ErrorQueue.preserving {
        guard let ssl = unsafe ssl, let found = unsafe CallbackState.of(ssl)?.pointee.serverSessions?.found,
          let context = unsafe ContextCallbackState.of(ssl)
        else { return nil }
        let session = unsafe found.session
        var length: UInt32 = 0
        let own = unsafe SSL_SESSION_get_id(session, &length)
        let isWanted = unsafe UnsafeBufferPointer(start: own, count: Int(length)).elementsEqual(
          UnsafeBufferPointer(start: identifier, count: Int(count)))
        return unsafe isWanted && context.accepts(session, by: SSL_get0_param(ssl)) ? session : nil
      }
    }

  /// Checks a decrypted ticket. Resumption sends no certificate, so a ticket must prove what a full handshake would:
  /// that the client presented a certificate if one is required, and that it is still valid. Otherwise a full handshake
  /// follows, and requests one.
  static let openTicket: SSL_CTX_decrypt_session_ticket_fn = { ssl, session, _, _, status, _ in
    ErrorQueue.preserving {
      guard status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW else {
        return SSL_TICKET_RETURN_IGNORE_RENEW
      }
      guard let callbacks = unsafe ContextCallbackState.of(ssl), let session = unsafe session else {
        return SSL_TICKET_RETURN_IGNORE
      }
      if callbacks.library.isTimeless { unsafe sitls_set_session_time(session, VerificationClock.system) }
      guard unsafe callbacks.accepts(session, by: SSL_get0_param(ssl)) else { return SSL_TICKET_RETURN_IGNORE_RENEW }
      return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
    }
  }
}

extension ContextCallbackState {
  /// Whether a session proves to a server what a full handshake would: the client presented a certificate if one is
  /// required, and neither that nor the CRLs have expired since.
  ///
  /// - Parameters:
  ///   - session: an `SSL_SESSION`, valid during the call.
  ///   - parameters: the verification parameters of the connection.
  fileprivate func accepts(_ session: OpaquePointer, by parameters: OpaquePointer?) -> Bool {
    guard let leaf = unsafe SSL_SESSION_get0_peer(session) else {
      // A pre-shared key that the server still has counts as a certificate.
      return unsafe demand != .always || preSharedKey(of: ServerSessions.identity(in: session)) != nil
    }
    let isInDate = unsafe ignoresVerdict || TLSCertificate.isInDate(leaf, by: parameters)
    return isInDate && revocationLists.allSatisfy { list in unsafe list.isInDate(by: parameters) }
  }

  /// The seconds until the client's certificate or a CRL expires, 0 if one has; `nil` without an end.
  fileprivate func proofLifetime(of session: OpaquePointer, by parameters: OpaquePointer?) -> Int? {
    guard let leaf = unsafe SSL_SESSION_get0_peer(session) else { return nil }
    let now = unsafe VerificationClock.now(of: parameters)
    var ends = revocationLists.compactMap(\.nextUpdate)
    if !ignoresVerdict { ends += unsafe [VerificationClock.seconds(X509_get0_notAfter(leaf)) ?? now] }
    return ends.min().map { Int(max($0 - now, 0)) }
  }
}
