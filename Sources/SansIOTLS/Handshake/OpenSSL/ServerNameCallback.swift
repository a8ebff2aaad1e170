internal import CSansIOTLSOpenSSL

extension Callbacks {
  /// Acknowledges the server name (SNI), which ties it to the session; which context serves a name is decided by the
  /// ClientHello question. A server that resumes does not acknowledge it (RFC 6066, section 3); in TLS 1.2 libssl sees
  /// to that itself.
  static let serverName:
    @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _, _ in
      if unsafe SSL_session_reused(ssl) == 1 { return SSL_TLSEXT_ERR_NOACK }
      let hasName = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) != nil
      return hasName ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
    }
}
