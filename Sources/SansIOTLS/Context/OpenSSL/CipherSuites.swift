internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The suites in the list of an `SSL_CTX`, which must be valid during each call.
enum CipherSuites {
  /// The names of the TLS 1.3 suites, in the order of preference.
  static func tls13(of context: OpaquePointer) -> [String] {
    unsafe all(of: context).compactMap { cipher in
      // 0x13..: the suites of TLS 1.3 (RFC 8446, appendix B.4).
      guard unsafe SSL_CIPHER_get_protocol_id(cipher) >> 8 == 0x13 else { return nil }
      return unsafe String(cString: SSL_CIPHER_get_name(cipher))
    }
  }

  /// Whether a suite of TLS 1.2 is authenticated by this kind of key (`NID_auth_…`).
  static func contains(authentication: Int32, in context: OpaquePointer) -> Bool {
    unsafe all(of: context).contains { unsafe SSL_CIPHER_get_auth_nid($0) == authentication }
  }

  /// Entries of libssl's static table.
  static func all(of context: OpaquePointer) -> [OpaquePointer?] {
    unsafe (0..<sitls_ctx_cipher_count(context)).map { unsafe sitls_ctx_cipher(context, $0) }
  }
}
