internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension ContextBuilder {
  /// Removes the suites by which a peer presents no certificate, or by which data is not encrypted, whether a list, a
  /// security level or the system's policy included them. Corresponds to the words `aNULL` and `eNULL` of
  /// `openssl-ciphers(1)`. A server whose RSA key is held by a signer cannot use those with RSA key exchange (`kRSA`)
  /// either, because a signer does not decrypt.
  func removeUnsafeCiphers() throws(TLSError) {
    let decrypts =
      configuration.role == .client
      || !configuration.identities.contains { $0.key.holder != nil && $0.key.isRSA }
    let suites = unsafe CipherSuites.all(in: context).map { unsafe Suite($0, decrypts: decrypts) }
    try remove(
      from: suites.filter(\.isTLS13), isConfigured: configuration.cipherSuites != nil,
      isNeeded: unsafe sitls_ctx_max_version(context) >= TLS1_3_VERSION
    ) { (names) throws(TLSError) in
      try unsafe names.withCText("cipherSuites") { unsafe SSL_CTX_set_ciphersuites(context, $0) }
    }
    try remove(
      from: suites.filter { !$0.isTLS13 }, isConfigured: configuration.cipherList != nil,
      isNeeded: unsafe sitls_ctx_min_version(context) <= TLS1_2_VERSION
    ) { (names) throws(TLSError) in
      try unsafe names.withCText("cipherList") { unsafe SSL_CTX_set_cipher_list(context, $0) }
    }
  }

  private func remove(
    from suites: [Suite], isConfigured: Bool, isNeeded: Bool, _ set: (_ names: String) throws(TLSError) -> Int32
  ) throws(TLSError) {
    let safe = suites.filter(\.isSafe)
    if safe.count == suites.count { return }
    if try set(safe.map(\.name).joined(separator: ":")) == 1 || !isNeeded { return }
    let source = isConfigured ? "the configuration" : "the system's policy"
    throw TLSError(
      .unknownCipher, .local,
      hint:
        "\(source) leaves no cipher suite that authenticates the peer, encrypts, and needs no RSA key exchange by a "
        + "signer; add one, such as "
        + "ECDHE-ECDSA-AES256-GCM-SHA384 or ECDHE-RSA-AES256-GCM-SHA384", openSSLErrors: ErrorQueue.take())
  }

  private struct Suite {
    let name: String
    let isTLS13: Bool
    let isSafe: Bool

    /// - Parameters:
    ///   - cipher: an entry of libssl's static table.
    ///   - decrypts: this side's key can decrypt, as RSA key exchange needs.
    init(_ cipher: OpaquePointer?, decrypts: Bool) {
      name = unsafe String(cString: SSL_CIPHER_get_name(cipher))
      // RFC 8446, appendix B.4.
      isTLS13 =
        unsafe SSL_CIPHER_get_protocol_id(cipher) >> 8 == 0x13 || SSL_CIPHER_get_auth_nid(cipher) == NID_auth_any
      let isUsable = unsafe decrypts || SSL_CIPHER_get_kx_nid(cipher) != NID_kx_rsa
      isSafe =
        unsafe isUsable && SSL_CIPHER_get_auth_nid(cipher) != NID_auth_null
        && SSL_CIPHER_get_cipher_nid(cipher) != NID_undef
    }
  }
}
