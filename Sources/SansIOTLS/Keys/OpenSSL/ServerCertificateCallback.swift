internal import CSansIOTLSOpenSSL

extension Callbacks {
  /// Selects the certificates of a server that has several: libssl holds one for each type of key, and chooses among
  /// the types.
  static let chooseServerCertificates: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _ in
    guard let ssl = unsafe ssl, let identities = unsafe ContextCallbackState.of(ssl)?.identities else { return 1 }
    return ErrorQueue.preserving { unsafe use(unsafe choice(among: identities, for: ssl), identities, on: ssl) } ? 1 : 0
  }

  /// The first identity of each type of key that is valid for the requested name and that the client can verify;
  /// without one that it can verify, the first that is valid for the name.
  private static func choice(among identities: [TLSIdentity], for ssl: OpaquePointer) -> [TLSIdentity] {
    var named: [TLSIdentity] = []
    if case .received(let wish) = unsafe CallbackState.of(ssl)?.pointee.request, let name = wish.serverName {
      named = identities.filter { $0.chain[0].isValid(forHost: name) }
    }
    var chosen: [(type: Int32, identity: TLSIdentity, isFitting: Bool)] = []
    for identity in named.isEmpty ? identities : named {
      let type = unsafe EVP_PKEY_get_base_id(identity.key.pkey)
      let index = chosen.firstIndex { $0.type == type }
      if let index, chosen[index].isFitting { continue }
      let isFitting = unsafe isFitting(identity, for: ssl)
      if let index {
        if isFitting { chosen[index] = (type, identity, true) }
      } else {
        chosen.append((type, identity, isFitting))
      }
    }
    return chosen.map(\.identity)
  }

  /// Whether the client can verify what the key signs. Corresponds to `SSL_check_chain(3)`.
  private static func isFitting(_ identity: TLSIdentity, for ssl: OpaquePointer) -> Bool {
    let fitness = unsafe SSL_check_chain(ssl, identity.chain[0].reference.x509, identity.key.pkey, nil)
    return fitness & CERT_PKEY_SIGN != 0 && fitness & CERT_PKEY_VALID != 0
  }

  /// Replaces the connection's certificates, unless they are the ones already.
  private static func use(_ chosen: [TLSIdentity], _ identities: [TLSIdentity], on ssl: OpaquePointer) -> Bool {
    var types: Set<Int32> = []
    let defaults = identities.filter { types.insert(unsafe EVP_PKEY_get_base_id($0.key.pkey)).inserted }
    if chosen.map({ $0.chain[0] }) == defaults.map({ $0.chain[0] }) { return true }
    unsafe SSL_certs_clear(ssl)
    return chosen.allSatisfy { unsafe SSLHandle.use($0, on: ssl) }
  }
}

extension TLSCertificate {
  /// Whether the certificate is valid for a host name. Corresponds to `X509_check_host(3)`.
  fileprivate func isValid(forHost name: String) -> Bool {
    let isValid =
      try? unsafe name.withCText("the server name") {
        unsafe X509_check_host(reference.x509, $0, 0, NameMatching.flags(for: reference.x509), nil)
      } == 1
    return isValid ?? false
  }
}
