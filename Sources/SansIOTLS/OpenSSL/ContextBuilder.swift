internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Turns a configuration into settings of an `SSL_CTX`, one function for each concern, and names the part that libssl
/// refuses.
///
/// `@safe`: `context` outlives the builder, which lives inside `ContextHandle.init`.
@safe
struct ContextBuilder {
  let context: OpaquePointer
  let configuration: TLSContext.Configuration

  private func refuse(_ code: TLSError.Code, _ hint: String, _ blame: TLSError.Blame = .misuse) -> TLSError {
    TLSError(code, blame, hint: hint, library: ErrorQueue.take())
  }

  func setSecurityLevel() throws(TLSError) {
    if let level = configuration.securityLevel { unsafe SSL_CTX_set_security_level(context, Int32(level)) }
  }

  /// The system's policy stands where the configuration says nothing, but for the floor of TLS 1.2.
  func setVersions() throws(TLSError) {
    let policyMinimum = unsafe sitls_ctx_min_version(context)
    let policyMaximum = unsafe sitls_ctx_max_version(context)
    let minimum = configuration.minimumVersion.map { Int32($0.rawValue) } ?? max(policyMinimum, TLS1_2_VERSION)
    let maximum =
      configuration.maximumVersion.map { Int32($0.rawValue) } ?? (policyMaximum == 0 ? TLS1_3_VERSION : policyMaximum)
    if minimum > maximum {
      let policy = "the system's policy, openssl.cnf"
      let configured = "the configuration"
      let asksForMinimum =
        configuration.minimumVersion != nil ? configured : policyMinimum < minimum ? "this library" : policy
      let asksForMaximum = configuration.maximumVersion != nil ? configured : policy
      throw refuse(
        .invalidVersionRange,
        "at least \(TLSVersion(rawValue: UInt16(minimum))) (\(asksForMinimum)) and at most "
          + "\(TLSVersion(rawValue: UInt16(maximum))) (\(asksForMaximum)) leave no version; set both ends of the range")
    }
    guard unsafe sitls_ctx_set_min_version(context, minimum) == 1,
      unsafe sitls_ctx_set_max_version(context, maximum) == 1
    else {
      throw refuse(.invalidVersionRange, "this libssl does not offer the versions asked for")
    }
  }

  /// libssl passes over unknown names as long as one is known, so each is tried by itself.
  func setCiphers() throws(TLSError) {
    if let list = configuration.cipherList {
      for word in list.split(whereSeparator: { ":, ".contains($0) }) where !word.hasPrefix("@") {
        let name = word.drop { "!-+".contains($0) }
        if word.hasPrefix("!") || word.hasPrefix("-"), Self.formerCiphers.contains(name) { continue }
        guard try unsafe isKnown(String(name), "cipherList", SSL_CTX_set_cipher_list) else {
          throw refuse(
            .unknownCipher, "libssl knows no TLS 1.2 cipher \"\(name.prefix(64))\"; `openssl ciphers -v` lists them")
        }
      }
      guard try unsafe list.withCText("cipherList", { unsafe SSL_CTX_set_cipher_list(context, $0) }) == 1 else {
        throw refuse(.unknownCipher, "the cipher list leaves no TLS 1.2 cipher at this security level")
      }
    }
    if let suites = configuration.cipherSuites {
      let known = Self.defaultSuiteNames
      for suite in suites where !known.contains(suite) {
        throw refuse(
          .unknownCipher,
          "libssl knows no TLS 1.3 suite \"\(suite.prefix(64))\"; it has \(known.sorted().joined(separator: ", "))")
      }
      let names = suites.joined(separator: ":")
      guard !suites.isEmpty,
        try unsafe names.withCText("cipherSuites", { unsafe SSL_CTX_set_ciphersuites(context, $0) }) == 1
      else {
        throw refuse(
          .unknownCipher, "no TLS 1.3 suite is left; name at least one, or set the maximum version to TLS 1.2")
      }
    }
  }

  /// What libssl may be built without or has no more: many lists in use exclude it, which does no harm.
  private static let formerCiphers: Set<Substring> = [
    "RC4", "RC2", "DES", "3DES", "IDEA", "SEED", "CAMELLIA", "ARIA", "MD5", "DSS", "aDSS", "kDH", "aDH", "SRP", "KRB5",
    "LOW", "MEDIUM", "EXP", "EXPORT", "EXPORT40", "EXPORT56", "SSLv2",
  ]

  /// The suites of TLS 1.3 that RFC 8446 defines; libssl has them all.
  private static let defaultSuiteNames: Set<String> = [
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_CCM_8_SHA256",
  ]

  /// Tries a setting on a context that is thrown away, with the security level out of the way.
  private func isKnown(
    _ name: String, _ setting: String, _ set: (OpaquePointer?, UnsafePointer<CChar>?) -> Int32
  ) throws(TLSError) -> Bool {
    guard let scratch = unsafe SSL_CTX_new(TLS_method()) else {
      throw refuse(.library, "no memory for a context", .local)
    }
    defer {
      unsafe SSL_CTX_free(scratch)
      ErrorQueue.clear()
    }
    unsafe SSL_CTX_set_security_level(scratch, 0)
    return try unsafe name.withCText(setting) { unsafe set(scratch, $0) } == 1
  }

  func setGroups(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    guard let groups = configuration.groups else { return }
    for group in groups {
      guard try unsafe isKnown(group, "groups", sitls_ctx_set_groups) else {
        throw refuse(.unknownGroup, "libssl knows no group \"\(group.prefix(64))\"; for example X25519, P-256, P-384")
      }
    }
    let list = groups.joined(separator: ":")
    guard !groups.isEmpty, try unsafe isKnown(list, "groups", sitls_ctx_set_groups) else {
      throw refuse(.unknownGroup, "the list of groups is empty, or names one twice")
    }
    // Where a ClientHello is asked about, the answer says whose groups count; what is set here could not be taken back to the
    // system's policy.
    if !configuration.asksAboutClientHello,
      try unsafe list.withCText("groups", { unsafe sitls_ctx_set_groups(context, $0) }) != 1
    {
      throw refuse(.unknownGroup, "libssl does not take the groups")
    }
    let hasNIST = groups.contains { ["P-256", "prime256v1", "secp256r1", "P-384", "secp384r1"].contains($0) }
    let allowsTLS12 = unsafe sitls_ctx_min_version(context) <= TLS1_2_VERSION
    if configuration.side == .client, !hasNIST, allowsTLS12 { warnings.append(.groupsExcludeCommonCertificates) }
  }

  func setSignatureAlgorithms() throws(TLSError) {
    guard let algorithms = configuration.signatureAlgorithms else { return }
    for algorithm in algorithms {
      guard try unsafe isKnown(algorithm, "signatureAlgorithms", sitls_ctx_set_signature_algorithms) else {
        throw refuse(
          .unknownSignatureAlgorithm,
          "libssl knows no signature algorithm \"\(algorithm.prefix(64))\"; for example ECDSA+SHA256, rsa_pss_rsae_sha256, ed25519"
        )
      }
    }
    let list = algorithms.joined(separator: ":")
    guard !algorithms.isEmpty,
      try unsafe list.withCText(
        "signatureAlgorithms", { unsafe sitls_ctx_set_signature_algorithms(context, $0) }) == 1
    else {
      throw refuse(.unknownSignatureAlgorithm, "the list of signature algorithms is empty, or names one twice")
    }
  }

  func setIdentities(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    var types: Set<Int32> = []
    for identity in configuration.identities {
      let leaf = unsafe identity.chain[0].reference.x509
      let pkey = unsafe identity.key.pkey
      let subject = identity.chain[0].subject
      guard unsafe X509_check_private_key(leaf, pkey) == 1 else {
        throw refuse(.keyDoesNotMatchCertificate, "the private key does not belong to the certificate of \(subject)")
      }
      guard types.insert(unsafe EVP_PKEY_get_base_id(pkey)).inserted else {
        throw refuse(
          .duplicateIdentity,
          "two identities have keys of one type; a context holds one each, choose by asksAboutClientHello")
      }
      let rest = unsafe sitls_x509_stack()
      defer { unsafe sitls_x509_stack_free(rest) }
      for certificate in identity.chain.dropFirst() { unsafe sitls_x509_push(rest, certificate.reference.x509) }
      guard unsafe SSL_CTX_use_cert_and_key(context, leaf, pkey, rest, 1) == 1 else {
        throw refuse(
          .identityRefused, "libssl refuses the certificate or key of \(subject); the security level may ask for more",
          .local)
      }
      try unsafe checkGroups(fit: pkey, subject: subject)
    }
  }

  /// Compares each certificate that this side sends with the time of verification, once that is set.
  func checkDates(_ warnings: inout [TLSContext.Warning]) {
    let parameters = unsafe SSL_CTX_get0_param(context)
    for identity in configuration.identities {
      for (depth, certificate) in identity.chain.enumerated() {
        let x509 = unsafe certificate.reference.x509
        switch unsafe X509_cmp_timeframe(parameters, X509_get0_notBefore(x509), X509_get0_notAfter(x509)) {
        case 1...:
          let subject = certificate.subject
          warnings.append(depth == 0 ? .expiredIdentity(subject: subject) : .expiredIntermediate(subject: subject))
        case ..<0:
          let subject = certificate.subject
          warnings.append(
            depth == 0 ? .notYetValidIdentity(subject: subject) : .notYetValidIntermediate(subject: subject))
        default: break
        }
      }
    }
  }

  /// In TLS 1.2 the curve of an ECDSA certificate must be among the groups, or no client can use it.
  private func checkGroups(fit pkey: OpaquePointer, subject: String) throws(TLSError) {
    guard let groups = configuration.groups, configuration.side == .server,
      unsafe EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC, unsafe sitls_ctx_min_version(context) <= TLS1_2_VERSION
    else { return }
    var name = [CChar](repeating: 0, count: 64)
    var count = 0
    guard unsafe EVP_PKEY_get_group_name(pkey, &name, name.count, &count) == 1 else { return }
    let curve = String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let known: [String: Set<String>] = [
      "prime256v1": ["P-256", "prime256v1", "secp256r1"], "secp384r1": ["P-384", "secp384r1"],
      "secp521r1": ["P-521", "secp521r1"],
    ]
    guard let names = known[curve], names.isDisjoint(with: groups) else { return }
    throw refuse(
      .unusableGroups,
      "the certificate of \(subject) is on the curve \(curve), which the groups leave out: TLS 1.2 cannot use it; add the curve or set the minimum version to TLS 1.3"
    )
  }

  func setTrust() throws(TLSError) {
    guard configuration.verifiesPeer else { return }
    var named: [TLSCertificate] = []
    for source in configuration.trust {
      switch source.kind {
      case .system:
        guard unsafe SSL_CTX_set_default_verify_paths(context) == 1 else {
          throw refuse(.emptyTrust, "the system's trust store cannot be found", .local)
        }
      case .certificates(let certificates): try add(certificates, to: &named)
      case .pem(let bytes): try add(try TLSCertificate.bundle(pem: bytes), to: &named)
      case .der(let bytes): try add([try TLSCertificate(der: bytes)], to: &named)
      case .file(let path): try add(try Source.file(path, "TLSTrust.file").certificates(), to: &named)
      case .directory(let path):
        try unsafe Source.file(path, "TLSTrust.directory").withBIO { _ throws(TLSError) in }
        guard try unsafe path.withCText("TLSTrust.directory", { unsafe SSL_CTX_load_verify_dir(context, $0) }) == 1
        else {
          throw refuse(.unreadableFile, "cannot use the trust directory \(path)", .local)
        }
      }
    }
    guard configuration.side == .server else { return }
    for authority in configuration.clientAuthorities ?? named {
      unsafe SSL_CTX_add_client_CA(context, authority.reference.x509)
    }
  }

  private func add(_ certificates: [TLSCertificate], to named: inout [TLSCertificate]) throws(TLSError) {
    if certificates.isEmpty {
      throw refuse(.emptyTrust, "a list of trusted certificates is empty; leave it out or fill it")
    }
    let store = unsafe SSL_CTX_get_cert_store(context)
    for certificate in certificates {
      guard unsafe X509_STORE_add_cert(store, certificate.reference.x509) == 1 else {
        throw refuse(.invalidCertificate, "libcrypto does not take \(certificate.subject) as an authority", .local)
      }
    }
    named += certificates
  }

  func setVerification() throws(TLSError) {
    let mode: Int32
    switch (configuration.side, configuration.clientAuthentication, configuration.peerVerification) {
    case (.client, _, .chain): mode = SSL_VERIFY_PEER
    case (.client, _, .none): mode = configuration.asksAboutPeerCertificate ? SSL_VERIFY_PEER : SSL_VERIFY_NONE
    case (.server, .none, _): mode = SSL_VERIFY_NONE
    case (.server, .requested, _): mode = SSL_VERIFY_PEER
    case (.server, .required, _): mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
    }
    unsafe SSL_CTX_set_verify(context, mode, nil)
    unsafe SSL_CTX_set_cert_verify_callback(context, Callbacks.verify, nil)
    let parameters = unsafe SSL_CTX_get0_param(context)
    if let depth = configuration.verificationDepth { unsafe SSL_CTX_set_verify_depth(context, Int32(depth)) }
    if let time = configuration.verificationTime { unsafe X509_VERIFY_PARAM_set_time(parameters, Int(time)) }
    if configuration.acceptsAnyPurpose { unsafe X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY) }
    if configuration.asksAboutPeerCertificate, !sitls_can_suspend_verification() {
      throw refuse(.unsupported, "this libssl cannot suspend a certificate check; it needs 3.0.2 or later", .local)
    }
  }

  func setApplicationProtocols(_ callbacks: ContextCallbacks) throws(TLSError) {
    guard !configuration.applicationProtocols.isEmpty else { return }
    if configuration.side == .server {
      unsafe SSL_CTX_set_alpn_select_cb(
        context, Callbacks.selectApplicationProtocol, Unmanaged.passUnretained(callbacks).toOpaque())
    } else {
      // This function answers 0 for success.
      guard
        unsafe SSL_CTX_set_alpn_protos(
          context, callbacks.protocolList.baseAddress, UInt32(clamping: callbacks.protocolList.count)) == 0
      else { throw refuse(.invalidApplicationProtocol, "libssl does not take the application protocols") }
    }
  }
}
