internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The certificates and keys of this side.
extension ContextBuilder {
  func setIdentities(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    var types: Set<Int32> = []
    for identity in configuration.identities {
      let leaf = unsafe identity.chain[0].reference.x509
      let pkey = unsafe identity.key.pkey
      let subject = identity.chain[0].subject.description
      guard unsafe X509_check_private_key(leaf, pkey) == 1 else {
        throw refuse(.keyDoesNotMatchCertificate, "the private key does not belong to the certificate of \(subject)")
      }
      let isFirst = types.insert(unsafe EVP_PKEY_get_base_id(pkey)).inserted
      if !isFirst, configuration.role == .client {
        throw refuse(
          .duplicateIdentity,
          "two identities have keys of one type; a client's context holds one each, choose by "
            + "pausesAtCertificateRequest")
      }
      guard isFirst ? use(identity) : isUsable(identity) else {
        throw refuseAtLevel(
          .identityRefused,
          "libssl rejects the certificate or key of \(subject); the security level may require a stronger one",
          .local)
      }
    }
    try checkUses(&warnings)
  }

  private func use(_ identity: TLSIdentity) -> Bool {
    let rest = unsafe sitls_x509_stack()
    defer { unsafe sitls_x509_stack_free(rest) }
    for certificate in identity.chain.dropFirst() { unsafe sitls_x509_push(rest, certificate.reference.x509) }
    return unsafe SSL_CTX_use_cert_and_key(
      context, identity.chain[0].reference.x509, identity.key.pkey, rest, 1) == 1
  }

  /// Tries an identity that a server's connections choose by name: the context holds one for each type of key.
  private func isUsable(_ identity: TLSIdentity) -> Bool {
    let trial = unsafe SSL_new(context)
    defer { unsafe SSL_free(trial) }
    return unsafe SSLHandle.use(identity, on: trial)
  }

  /// Compares each certificate that this side sends with the time of verification, which must be set before.
  func checkDates(_ warnings: inout [TLSContext.Warning]) {
    let parameters = unsafe SSL_CTX_get0_param(context)
    for identity in configuration.identities {
      for (depth, certificate) in identity.chain.enumerated() {
        let x509 = unsafe certificate.reference.x509
        switch unsafe X509_cmp_timeframe(parameters, X509_get0_notBefore(x509), X509_get0_notAfter(x509)) {
        case 1...:
          let subject = certificate.subject.description
          warnings.append(depth == 0 ? .expiredIdentity(subject: subject) : .expiredIntermediate(subject: subject))
        case ..<0:
          let subject = certificate.subject.description
          warnings.append(
            depth == 0 ? .notYetValidIdentity(subject: subject) : .notYetValidIntermediate(subject: subject))
        default: break
        }
      }
    }
  }

  /// An identity must be usable in an allowed version. If it is usable in one of two, a warning results; a server whose
  /// own groups leave no identity for TLS 1.2 is refused.
  private func checkUses(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    let allowsTLS12 = unsafe sitls_ctx_min_version(context) <= TLS1_2_VERSION
    let allowsTLS13 = unsafe sitls_ctx_max_version(context) != TLS1_2_VERSION
    var uses: [(subject: String, tls12: IdentityObstacle?, tls13: IdentityObstacle?)] = []
    for identity in configuration.identities {
      let obstacle12 = allowsTLS12 ? try obstacleInTLS12(to: identity.key) : nil
      let obstacle13 = allowsTLS13 ? IdentityObstacle.inTLS13(to: identity.key, in: library) : nil
      uses.append((identity.chain[0].subject.description, obstacle12, obstacle13))
    }
    let isServedInTLS12 = uses.contains { $0.tls12 == nil }
    for (subject, obstacle12, obstacle13) in uses {
      if let obstacle = obstacle12, configuration.role == .server, configuration.groups != nil, obstacle.isCurve,
        !isServedInTLS12
      {
        throw refuse(
          .unusableGroups,
          "TLS 1.2 cannot use the certificate of \(subject): \(obstacle.reason); add the curve, or set the "
            + "minimum version to TLS 1.3"
        )
      }
      let isUseless = (!allowsTLS12 || obstacle12 != nil) && (!allowsTLS13 || obstacle13 != nil)
      if isUseless, let obstacle = obstacle12 ?? obstacle13 {
        throw refuse(
          obstacle.isCurve ? .unusableGroups : .identityRefused,
          "the certificate of \(subject) is of no use in the versions allowed: \(obstacle.reason)", .local)
      }
      if let obstacle12 {
        warnings.append(.unusableIdentity(subject: subject, version: .tls12, reason: obstacle12.reason))
      }
      if let obstacle13 {
        warnings.append(.unusableIdentity(subject: subject, version: .tls13, reason: obstacle13.reason))
      }
    }
  }

  /// In TLS 1.2 the curve of an ECDSA key must be among the groups, and a server's key must have ciphers of its kind.
  private func obstacleInTLS12(to key: PrivateKey) throws(TLSError) -> IdentityObstacle? {
    // A server's own groups do not restrict it, but those of its clients, which are most often the same, restrict them.
    if let curve = key.curve, let groups = try offeredGroups() {
      let identifier = DeclaredNames.groups(in: library).value(of: curve)
      if !groups.contains(where: { $0.rawValue == identifier }) {
        return IdentityObstacle(reason: "the groups leave out its curve \(curve)", isCurve: true)
      }
    }
    if key.isDSA, configuration.role == .server,
      unsafe !CipherSuites.contains(authentication: NID_auth_dss, in: context)
    {
      return IdentityObstacle(reason: "no cipher allowed is authenticated by a DSA key", isCurve: false)
    }
    return nil
  }

  /// The groups that a ClientHello of this context would offer, by their numbers in the IANA registry. libssl reports
  /// its own groups in no other way; `SSL_check_chain(3)`, which compares them, needs a handshake under way from 3.2
  /// on.
  ///
  /// - Returns: the groups; `nil` where a ClientHello has none, or cannot be made.
  private func offeredGroups() throws(TLSError) -> [TLSGroup]? {
    guard let probe = unsafe SSL_new(context) else {
      throw refuse(.openSSLFailure, "no memory for a connection", .local)
    }
    defer {
      unsafe SSL_free(probe)
      ErrorQueue.clear()
    }
    unsafe SSL_set_connect_state(probe)
    if let list = configuration.groups.map({ TLSGroup.list($0, .groups(in: library)) }) {
      try unsafe list.withCText("groups") { _ = unsafe sitls_set_groups(probe, $0) }
    }
    let sink = unsafe BIO_new(BIO_s_mem())
    unsafe SSL_set_bio(probe, BIO_new(BIO_s_null()), sink)
    ErrorQueue.clear()
    unsafe SSL_do_handshake(probe)
    var hello = [UInt8](repeating: 0, count: 16_640)
    let count = unsafe BIO_read(sink, &hello, Int32(clamping: hello.count))
    return TLSEngine.ClientHello.groups(inRecord: hello.prefix(max(Int(count), 0)))
  }
}
