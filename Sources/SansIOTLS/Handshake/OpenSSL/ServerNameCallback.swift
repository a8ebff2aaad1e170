internal import CSansIOTLSOpenSSL

extension Callbacks {
  /// Acknowledges the server name (SNI), which ties it to the session; which context serves a name is decided by the
  /// ClientHello question. A server that resumes does not acknowledge it (RFC 6066, section 3); in TLS 1.2 libssl sees
  /// to that itself.
  ///
  /// The session of a full handshake exists here and is no one else's yet: one of TLS 1.2 that the server keeps gets
  /// the application's data now, since no ticket is made of it.
  static let serverName:
    @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?) -> Int32 = {
      ssl, alert, _ in
      // A pre-shared key counts as a session, and resumes none.
      let isPreShared = unsafe CallbackState.of(ssl)?.pointee.preSharedKeys?.key != nil
      if unsafe SSL_session_reused(ssl) == 1, !isPreShared { return SSL_TLSEXT_ERR_NOACK }
      if let ssl = unsafe ssl, let sessions = unsafe CallbackState.of(ssl)?.pointee.serverSessions,
        unsafe !sessions.attachData(of: ssl)
      {
        unsafe alert?.pointee = Int32(TLSAlert.internalError.rawValue)
        return SSL_TLSEXT_ERR_ALERT_FATAL
      }
      let hasName = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != nil
      return hasName ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
    }

  /// The same after refusing a name that none of the serving context's certificates has, an invalid one included.
  /// libssl's own idea of the name is a session's in TLS 1.2; what this ClientHello has counts.
  static let serverNameOfCertificates:
    @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?) -> Int32 = {
      ssl, alert, _ in
      if let callbackState = unsafe CallbackState.of(ssl),
        case .received(let wish) = unsafe callbackState.pointee.request,
        wish.namesServer, unsafe !isNamed(wish.serverName, by: ContextCallbackState.of(ssl))
      {
        unsafe alert?.pointee = Int32(TLSAlert.unrecognizedName.rawValue)
        return SSL_TLSEXT_ERR_ALERT_FATAL
      }
      return unsafe serverName(ssl, alert, nil)
    }

  private static func isNamed(_ name: String?, by context: ContextCallbackState?) -> Bool {
    guard let name, let context else { return false }
    return ErrorQueue.preserving {
      context.namedCertificates.contains { certificate in
        let x509 = unsafe certificate.reference.x509
        // A valid name has no NUL.
        let result = try? unsafe name.withCText("the server name") {
          unsafe X509_check_host(x509, $0, 0, NameMatching.flags(for: x509), nil)
        }
        return result == 1
      }
    }
  }
}
