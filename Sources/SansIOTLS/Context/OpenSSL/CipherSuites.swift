internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The suites in the list of an `SSL_CTX`, which must be valid during each call.
enum CipherSuites {
  /// The names of the TLS 1.3 suites, in the order of preference.
  static func tls13(of context: OpaquePointer) -> [String] {
    unsafe all(in: context).compactMap { cipher in
      unsafe isTLS13(cipher) ? name(cipher) : nil
    }
  }

  /// The TLS 1.3 suites of a hash that a connection may negotiate, in the order of preference.
  static func tls13(of ssl: OpaquePointer, hash: TLSPreSharedKey.Hash) -> [OpaquePointer] {
    unsafe all(of: ssl).filter { unsafe isTLS13($0) && TLSPreSharedKey.Hash(of: $0) == hash }
  }

  /// The suites that a connection may negotiate.
  static func all(of ssl: OpaquePointer) -> [OpaquePointer] {
    unsafe (0..<sitls_cipher_count(ssl)).compactMap { unsafe sitls_cipher(ssl, $0) }
  }

  /// 0x13..: the suites of TLS 1.3 (RFC 8446, appendix B.4).
  static func isTLS13(_ cipher: OpaquePointer?) -> Bool { unsafe SSL_CIPHER_get_protocol_id(cipher) >> 8 == 0x13 }

  static func name(_ cipher: OpaquePointer?) -> String { unsafe String(cString: SSL_CIPHER_get_name(cipher)) }

  /// Whether a suite of TLS 1.2 is authenticated by this kind of key (`NID_auth_…`).
  static func contains(authentication: Int32, in context: OpaquePointer) -> Bool {
    unsafe all(in: context).contains { unsafe SSL_CIPHER_get_auth_nid($0) == authentication }
  }

  /// Entries of libssl's static table.
  static func all(in context: OpaquePointer) -> [OpaquePointer?] {
    unsafe (0..<sitls_ctx_cipher_count(context)).map { unsafe sitls_ctx_cipher(context, $0) }
  }
}
