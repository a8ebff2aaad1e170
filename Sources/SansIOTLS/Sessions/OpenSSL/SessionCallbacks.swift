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
      let leaf = unsafe SSL_SESSION_get0_peer(session)
      let isInDate =
        unsafe leaf == nil || callbacks.ignoresVerdict || TLSCertificate.isInDate(leaf, by: SSL_get0_param(ssl))
      let isShown = unsafe leaf != nil || callbacks.demand != .always
      // A full handshake would fail by a CRL that has expired since.
      let areListsInDate =
        unsafe leaf == nil
        || callbacks.revocationLists.allSatisfy { list in
          unsafe list.isInDate(by: SSL_get0_param(ssl))
        }
      guard isInDate, isShown, areListsInDate else { return SSL_TICKET_RETURN_IGNORE_RENEW }
      return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW
    }
  }
}
