internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The pre-shared keys of a context, and the suites that they need.
extension ContextBuilder {
  func setPreSharedKeys(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    let isServer = configuration.role == .server
    let keys = configuration.preSharedKeys
    // An answer may bring a key, for whichever context then serves.
    if isServer, !keys.isEmpty || configuration.pausesAtClientHello {
      unsafe SSL_CTX_set_psk_find_session_callback(context, Callbacks.findPreSharedKey)
    }
    guard !keys.isEmpty else { return }
    if !isServer { unsafe SSL_CTX_set_psk_use_session_callback(context, Callbacks.usePreSharedKey) }
    if unsafe sitls_ctx_max_version(context) >= TLS1_3_VERSION { try setTLS13Suites(for: keys) }
    if unsafe sitls_ctx_min_version(context) <= TLS1_2_VERSION { try setTLS12Suites(for: keys, &warnings) }
  }

  /// A server drops a key whose hash is not that of the suite, so a client offers no other suites. A server decides by
  /// the identity that a client shows.
  private func setTLS13Suites(for keys: [TLSPreSharedKey]) throws(TLSError) {
    let suites = unsafe CipherSuites.all(in: context).filter { unsafe CipherSuites.isTLS13($0) }
    for key in keys where unsafe !suites.contains(where: { unsafe TLSPreSharedKey.Hash(of: $0) == key.hash }) {
      throw refuse(
        .unknownCipher,
        "none of the TLS 1.3 suites has the hash of \(key); add one of \(key.hash) to cipherSuites, for example "
          + (key.hash == .sha256 ? "TLS_AES_128_GCM_SHA256" : "TLS_AES_256_GCM_SHA384"))
    }
    guard configuration.role == .client, let key = keys.first else { return }
    let fitting = unsafe suites.filter { unsafe TLSPreSharedKey.Hash(of: $0) == key.hash }
    if configuration.cipherSuites != nil, let other = unsafe suites.first(where: { unsafe !fitting.contains($0) }) {
      throw refuse(
        .invalidConfiguration,
        "\(unsafe CipherSuites.name(other)) among cipherSuites cannot be used with \(key); name suites of "
          + "\(key.hash) alone")
    }
    let names = unsafe fitting.map { unsafe CipherSuites.name($0) }.joined(separator: ":")
    guard try unsafe names.withCText("cipherSuites", { unsafe SSL_CTX_set_ciphersuites(context, $0) }) == 1 else {
      throw refuse(.openSSLFailure, "libssl does not accept its own suites \(names)", .local)
    }
  }

  /// In TLS 1.2 a server chooses a suite before it sees an identity: those for pre-shared keys come first, and where
  /// nothing else is accepted, alone.
  private func setTLS12Suites(for keys: [TLSPreSharedKey], _ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    let isServer = configuration.role == .server
    let isAlone = configuration.demandsPreSharedKey || isServer && configuration.identities.isEmpty
    if let key = keys.first(where: { !$0.isForTLS12 }) {
      throw refuse(
        .invalidPreSharedKey,
        "the identity of \(key) has a zero byte, which TLS 1.2 cannot send; set the minimum version to TLS 1.3")
    }
    let suites = unsafe CipherSuites.all(in: context).filter { unsafe !CipherSuites.isTLS13($0) }
    var preShared = unsafe suites.filter { unsafe SSL_CIPHER_get_auth_nid($0) == NID_auth_psk }
    if configuration.cipherList == nil {
      // Without forward secrecy only by name; authenticated encryption first.
      unsafe preShared.removeAll { unsafe SSL_CIPHER_get_kx_nid($0) == NID_kx_psk }
      let authenticated = unsafe preShared.filter { unsafe SSL_CIPHER_is_aead($0) == 1 }
      unsafe preShared.removeAll { unsafe SSL_CIPHER_is_aead($0) == 1 }
      unsafe preShared = authenticated + preShared
    }
    guard unsafe !preShared.isEmpty else { return try refuseTLS12(isAlone: isAlone, &warnings) }
    warnings += unsafe preShared.filter { unsafe SSL_CIPHER_get_kx_nid($0) == NID_kx_psk }.map {
      unsafe .preSharedKeyWithoutForwardSecrecy(suite: CipherSuites.name($0))
    }
    let others = unsafe isAlone ? [] : suites.filter { unsafe SSL_CIPHER_get_auth_nid($0) != NID_auth_psk }
    let names = unsafe (preShared + others).map { unsafe CipherSuites.name($0) }.joined(separator: ":")
    guard try unsafe names.withCText("cipherList", { unsafe SSL_CTX_set_cipher_list(context, $0) }) == 1 else {
      throw refuse(.openSSLFailure, "libssl does not accept its own suites \(names)", .local)
    }
    if isServer {
      unsafe SSL_CTX_set_psk_server_callback(context, Callbacks.lookUpPreSharedKey)
    } else {
      unsafe SSL_CTX_set_psk_client_callback(context, Callbacks.givePreSharedKey)
    }
  }

  /// There are no suites of TLS 1.2 for pre-shared keys.
  private func refuseTLS12(isAlone: Bool, _ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    let isTLS12Alone = unsafe sitls_ctx_max_version(context) == TLS1_2_VERSION
    if configuration.cipherList != nil, isAlone || isTLS12Alone {
      throw refuse(
        .unknownCipher,
        "the cipher list names no suite for pre-shared keys, such as ECDHE-PSK-CHACHA20-POLY1305; add one, or set the "
          + "minimum version to TLS 1.3")
    }
    if isTLS12Alone {
      throw refuse(
        .unknownCipher, "libssl has no suite of TLS 1.2 for pre-shared keys with forward secrecy\(library.place)",
        .local)
    }
    let reason = "there is no suite for them with forward secrecy"
    warnings.append(.preSharedKeysInTLS13Alone(reason: reason))
    if isAlone { _ = unsafe sitls_ctx_set_min_version(context, TLS1_3_VERSION) }
  }
}
