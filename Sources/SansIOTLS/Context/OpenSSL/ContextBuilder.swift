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
    if let list = configuration.cipherList { try setCipherList(list) }
    if let suites = configuration.cipherSuites {
      for suite in suites where try suitesNamed(by: suite) != [suite] {
        throw refuse(
          .unknownCipher,
          "libssl knows no TLS 1.3 suite \"\(suite.prefix(64))\"; it has \(try suitesNamed().joined(separator: ", ")) and others"
        )
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

  private func setCipherList(_ list: String) throws(TLSError) {
    try unsafe list.withCText("cipherList") { _ in }
    let startsWithDefault = list.utf8.starts(with: CipherList.defaultWord.utf8)
    for (position, rule) in CipherList(list).rules.enumerated() {
      try check(rule, isFirst: startsWithDefault && position == 0, isAlone: rule.text == list)
    }
    guard try unsafe list.withCText("cipherList", { unsafe SSL_CTX_set_cipher_list(context, $0) }) == 1 else {
      throw refuse(.unknownCipher, "the cipher list leaves no TLS 1.2 cipher at this security level")
    }
    let level = Int(unsafe SSL_CTX_get_security_level(context))
    if let configured = configuration.securityLevel, configured != level {
      throw refuse(
        .invalidConfiguration,
        "securityLevel is \(configured), and the cipher list sets the level \(level) by @SECLEVEL; name one of the two")
    }
    // libssl has no DHE parameters before it is given some, or is to choose them by key and security level.
    if configuration.role == .server { unsafe sitls_ctx_use_automatic_dh(context) }
  }

  /// What libssl would pass over, or read otherwise than it is written, is refused by name. To exclude or to move what it once
  /// had does no harm; a misspelt exclusion would leave in what was to go.
  private func check(_ rule: CipherList.Rule, isFirst: Bool, isAlone: Bool) throws(TLSError) {
    func refuseRule(_ why: String) -> TLSError {
      refuse(.unknownCipher, "\(String(reflecting: String(rule.text.prefix(64)))) in the cipher list \(why)")
    }
    if !rule.isWellFormed {
      throw refuseRule("is no rule of openssl-ciphers(1); names have letters, digits and \"-_.=\"")
    }
    if rule.operation == UInt8(ascii: "@") {
      if try unsafe isKnown("ALL:" + rule.text, "cipherList", SSL_CTX_set_cipher_list) { return }
      throw refuseRule("is no command; there are @STRENGTH and @SECLEVEL=0 to @SECLEVEL=5")
    }
    if rule.name.hasPrefix(CipherList.defaultWord) {
      if isFirst, rule.text == CipherList.defaultWord { return }
      throw refuseRule("counts as the first word alone")
    }
    if rule.name.hasPrefix(CipherList.suiteBWord) {
      if isAlone, CipherList.suiteBWords.contains(rule.text) { return }
      throw refuseRule("is no word of openssl-ciphers(1), or does not stand alone: libssl ignores what follows it")
    }
    func isCipher(_ name: String) throws(TLSError) -> Bool {
      try unsafe isKnown(name, "cipherList", SSL_CTX_set_cipher_list)
    }
    if try isCipher(rule.name) { return }
    if rule.operation != nil {
      var isHarmless = true
      for part in rule.parts where isHarmless {
        if !CipherList.wasKnown(part) { isHarmless = try isCipher(part) }
      }
      if isHarmless { return }
    }
    throw refuse(
      .unknownCipher,
      "libssl knows no TLS 1.2 cipher \"\(rule.name.prefix(64))\"; `openssl ciphers -v` lists them"
        + (try suitesNamed(by: rule.name) == [rule.name] ? "; suites of TLS 1.3 are set as cipherSuites" : ""))
  }

  /// The TLS 1.3 suites that libssl makes of a list, or has without one. Of a name that it does not know it makes none.
  private func suitesNamed(by list: String? = nil) throws(TLSError) -> [String] {
    try unsafe withScratch { (scratch) throws(TLSError) in
      if let list { try unsafe list.withCText("cipherSuites") { _ = unsafe SSL_CTX_set_ciphersuites(scratch, $0) } }
      var names: [String] = []
      while let name = unsafe sitls_ctx_tls13_suite(scratch, Int32(clamping: names.count)) {
        unsafe names.append(String(cString: name))
      }
      return names
    }
  }

  /// Tries a setting on a context that is thrown away.
  private func isKnown(
    _ name: String, _ setting: String, _ set: (OpaquePointer?, UnsafePointer<CChar>?) -> Int32
  ) throws(TLSError) -> Bool {
    try unsafe withScratch { (scratch) throws(TLSError) in
      try unsafe name.withCText(setting) { unsafe set(scratch, $0) } == 1
    }
  }

  /// Lends a context that is thrown away, with the security level out of the way.
  private func withScratch<Result>(_ body: (OpaquePointer) throws(TLSError) -> Result) throws(TLSError) -> Result {
    guard let scratch = unsafe SSL_CTX_new(TLS_method()) else {
      throw refuse(.library, "no memory for a context", .local)
    }
    defer {
      unsafe SSL_CTX_free(scratch)
      ErrorQueue.clear()
    }
    unsafe SSL_CTX_set_security_level(scratch, 0)
    return try unsafe body(scratch)
  }

  func setGroups(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    guard let names = configuration.groupNames else { return }
    let known = GroupNames()
    var identifiers: Set<UInt32> = []
    for name in names {
      guard try unsafe isKnown(name, "groups", sitls_ctx_set_groups), let identifier = known.identifier(of: name) else {
        throw refuse(.unknownGroup, "libssl knows no group \"\(name.prefix(64))\"; for example X25519, P-256, P-384")
      }
      if !identifiers.insert(identifier).inserted {
        throw refuse(.unknownGroup, "the list of groups names \"\(name)\" twice, by this name or another")
      }
    }
    let list = names.joined(separator: ":")
    guard !names.isEmpty, try unsafe isKnown(list, "groups", sitls_ctx_set_groups) else {
      throw refuse(.unknownGroup, "the list of groups is empty")
    }
    // Where a ClientHello is asked about, the answer says whose groups count; what is set here could not be taken back to the
    // system's policy.
    if !configuration.pausesAtClientHello,
      try unsafe list.withCText("groups", { unsafe sitls_ctx_set_groups(context, $0) }) != 1
    {
      throw refuse(.unknownGroup, "libssl does not take the groups")
    }
    let common = Set(["P-256", "P-384"].compactMap(known.identifier))
    let allowsTLS12 = unsafe sitls_ctx_min_version(context) <= TLS1_2_VERSION
    if configuration.role == .client, identifiers.isDisjoint(with: common), allowsTLS12 {
      warnings.append(.groupsExcludeCommonCertificates)
    }
  }

  func setSignatureAlgorithms(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
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
    var forbidden: [String] = []
    for algorithm in algorithms where try !isAllowed(algorithm) { forbidden.append(algorithm) }
    if forbidden.count == algorithms.count {
      throw refuse(
        .peerIncompatible,
        "the security level allows none of this side's signature algorithms (\(forbidden.joined(separator: ", ")))",
        .local
      )
    }
    warnings += forbidden.map { .forbiddenSignatureAlgorithm($0) }
  }

  /// Whether libssl offers a signature algorithm at the context's security level: whether it can write a ClientHello with it.
  private func isAllowed(_ algorithm: String) throws(TLSError) -> Bool {
    guard let probe = unsafe SSL_new(context) else { throw refuse(.library, "no memory for a connection", .local) }
    defer {
      unsafe SSL_free(probe)
      ErrorQueue.clear()
    }
    unsafe SSL_set_connect_state(probe)
    unsafe SSL_set_bio(probe, BIO_new(BIO_s_null()), BIO_new(BIO_s_null()))
    let isSet = try unsafe algorithm.withCText("signatureAlgorithms") {
      unsafe sitls_set_signature_algorithms(probe, $0)
    }
    if isSet != 1 { return false }
    ErrorQueue.clear()
    unsafe SSL_do_handshake(probe)
    return !ErrorQueue.take().contains {
      $0.isFromLibSSL && $0.reasonCode == Int(SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM)
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
          "two identities have keys of one type; a context holds one each, choose by pausesAtClientHello")
      }
      let rest = unsafe sitls_x509_stack()
      defer { unsafe sitls_x509_stack_free(rest) }
      for certificate in identity.chain.dropFirst() { unsafe sitls_x509_push(rest, certificate.reference.x509) }
      guard unsafe SSL_CTX_use_cert_and_key(context, leaf, pkey, rest, 1) == 1 else {
        throw refuse(
          .identityRefused, "libssl refuses the certificate or key of \(subject); the security level may ask for more",
          .local)
      }
    }
    try checkUses(&warnings)
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

  /// An identity must be of use in a version that is allowed. Where it is in one of two, that is worth a warning; a server whose
  /// own groups leave no identity for TLS 1.2 is refused all the same.
  private func checkUses(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    let allowsTLS12 = unsafe sitls_ctx_min_version(context) <= TLS1_2_VERSION
    let allowsTLS13 = unsafe sitls_ctx_max_version(context) != TLS1_2_VERSION
    var uses: [(subject: String, tls12: IdentityObstacle?, tls13: IdentityObstacle?)] = []
    for identity in configuration.identities {
      let obstacle12 = allowsTLS12 ? try obstacleInTLS12(to: identity.key) : nil
      let obstacle13 = allowsTLS13 ? IdentityObstacle.inTLS13(to: identity.key) : nil
      uses.append((identity.chain[0].subject, obstacle12, obstacle13))
    }
    let isServedInTLS12 = uses.contains { $0.tls12 == nil }
    for (subject, obstacle12, obstacle13) in uses {
      if let obstacle = obstacle12, configuration.role == .server, configuration.groups != nil, obstacle.isCurve,
        !isServedInTLS12
      {
        throw refuse(
          .unusableGroups,
          "TLS 1.2 cannot use the certificate of \(subject): \(obstacle.reason); add the curve, or set the minimum version to TLS 1.3"
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
    // A server's own groups do not bind it, but its clients', which are most often the same, bind them.
    if let curve = key.curve, let groups = try offeredGroups() {
      let identifier = GroupNames().identifier(of: curve)
      if !groups.contains(where: { UInt32($0) == identifier }) {
        return IdentityObstacle(reason: "the groups leave out its curve \(curve)", isCurve: true)
      }
    }
    if key.isDSA, configuration.role == .server, unsafe !sitls_ctx_has_suites_for(context, NID_auth_dss) {
      return IdentityObstacle(reason: "no cipher allowed is authenticated by a DSA key", isCurve: false)
    }
    return nil
  }

  /// The groups that a ClientHello of this context would offer, by their numbers in the IANA registry. libssl reports its own groups
  /// in no other way; `SSL_check_chain(3)`, which compares them, needs a handshake under way from 3.2 on.
  ///
  /// - Returns: the groups; `nil` where a ClientHello has none, or cannot be made.
  private func offeredGroups() throws(TLSError) -> [UInt16]? {
    guard let probe = unsafe SSL_new(context) else { throw refuse(.library, "no memory for a connection", .local) }
    defer {
      unsafe SSL_free(probe)
      ErrorQueue.clear()
    }
    unsafe SSL_set_connect_state(probe)
    if let list = configuration.groupNames?.joined(separator: ":") {
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

  func setTrust(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    var named: [TLSCertificate] = []
    if configuration.verifiesPeer {
      for source in configuration.trust { try use(source, &named, &warnings) }
    }
    guard configuration.role == .server else { return }
    if configuration.clientAuthentication != .none {
      try name(configuration.clientAuthorities ?? named)
    } else if !configuration.trust.isEmpty || configuration.clientAuthorities?.isEmpty == false {
      warnings.append(.unusedTrust)
    }
  }

  private func use(
    _ source: TLSTrustRoots, _ named: inout [TLSCertificate], _ warnings: inout [TLSContext.Warning]
  ) throws(TLSError) {
    switch source.kind {
    case .system:
      let before = unsafe sitls_ctx_trusted_objects(context)
      guard unsafe SSL_CTX_set_default_verify_paths(context) == 1 else {
        throw refuse(.missingTrustRoots, "the system's trust store cannot be found", .local)
      }
      if unsafe sitls_ctx_trusted_objects(context) == before, try isSystemStoreEmpty() {
        warnings.append(.emptySystemTrust(file: SystemStore.file, directory: SystemStore.directory))
      }
    case .certificates(let certificates): try add(certificates, to: &named)
    case .pem(let bytes): try add(try TLSCertificate.bundle(pem: bytes), to: &named)
    case .der(let bytes): try add([try TLSCertificate(der: bytes)], to: &named)
    case .file(let path): try add(try certificates(of: path), to: &named)
    case .directory(let path):
      try TrustDirectory.check(path)
      guard try unsafe path.withCText("TLSTrustRoots.directory", { unsafe SSL_CTX_load_verify_dir(context, $0) }) == 1
      else {
        throw refuse(.unreadableFile, "cannot use the trust directory \(path)", .local)
      }
      if !TrustDirectory.holdsCertificates(path) { warnings.append(.emptyTrustDirectory(path: path)) }
    }
  }

  /// The system's file held nothing new; whether it and the directories hold anything is looked up apart.
  private func isSystemStoreEmpty() throws(TLSError) -> Bool {
    let fileHolds = try unsafe withScratch { scratch in
      unsafe SSL_CTX_set_default_verify_file(scratch)
      return unsafe sitls_ctx_trusted_objects(scratch) > 0
    }
    return !fileHolds && !SystemStore.directories.contains(where: TrustDirectory.holdsCertificates)
  }

  private func certificates(of path: String) throws(TLSError) -> [TLSCertificate] {
    do throws(TLSError) { return try Source.file(path, "TLSTrustRoots.file").certificates() } catch {
      if error.code != .invalidCertificate { throw error }
      throw TLSError(error.code, error.blame, hint: "the trust file \(path): \(error.hint)", library: error.library)
    }
  }

  /// Names authorities in the request for a client's certificate: in TLS 1.2 a list with a length of two bytes, in TLS 1.3 an
  /// extension among others, all of which together have such a length.
  private func name(_ authorities: [TLSCertificate]) throws(TLSError) {
    let allowsTLS13 = unsafe sitls_ctx_max_version(context) != TLS1_2_VERSION
    // What stands beside the names in TLS 1.3: four headers, and the signature algorithms, less than 200.
    let limit = allowsTLS13 ? Int(UInt16.max) - 512 : Int(UInt16.max)
    let size = authorities.reduce(0) { size, authority in
      unsafe size + 2 + Int(i2d_X509_NAME(X509_get_subject_name(authority.reference.x509), nil))
    }
    if size > limit {
      throw refuse(
        .invalidConfiguration,
        "the names of \(authorities.count) authorities take \(size) bytes, and a server's request has room for \(limit); name fewer in clientAuthorities, or none"
      )
    }
    for authority in authorities { unsafe SSL_CTX_add_client_CA(context, authority.reference.x509) }
  }

  private func add(_ certificates: [TLSCertificate], to named: inout [TLSCertificate]) throws(TLSError) {
    if certificates.isEmpty {
      throw refuse(.missingTrustRoots, "a list of trusted certificates is empty; leave it out or fill it")
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
    switch (configuration.role, configuration.clientAuthentication, configuration.peerVerification) {
    case (.client, _, .chain): mode = SSL_VERIFY_PEER
    case (.client, _, .none): mode = configuration.pausesAtPeerCertificates ? SSL_VERIFY_PEER : SSL_VERIFY_NONE
    case (.server, .none, _): mode = SSL_VERIFY_NONE
    case (.server, .requested, _): mode = SSL_VERIFY_PEER
    case (.server, .required, _): mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
    }
    unsafe SSL_CTX_set_verify(context, mode, nil)
    unsafe SSL_CTX_set_cert_verify_callback(context, Callbacks.verify, nil)
    let parameters = unsafe SSL_CTX_get0_param(context)
    if let depth = configuration.verificationDepth { unsafe SSL_CTX_set_verify_depth(context, Int32(depth)) }
    if let time = configuration.verificationTime { unsafe X509_VERIFY_PARAM_set_time(parameters, Int(time)) }
    if configuration.acceptsPartialChains {
      unsafe X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }
    if configuration.acceptsAnyPurpose { unsafe X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY) }
    if configuration.pausesAtPeerCertificates, !sitls_can_suspend_verification() {
      throw refuse(.unsupported, "this libssl cannot suspend a certificate check; it needs 3.0.2 or later", .local)
    }
  }

  func setApplicationProtocols(_ callbacks: ContextCallbacks) throws(TLSError) {
    guard !configuration.applicationProtocols.isEmpty else { return }
    if configuration.role == .server {
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
