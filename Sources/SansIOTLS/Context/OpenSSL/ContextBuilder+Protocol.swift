internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Security level, versions, groups, signature algorithms and application protocols.
extension ContextBuilder {
  func setSecurityLevel() throws(TLSError) {
    if let level = configuration.securityLevel { unsafe SSL_CTX_set_security_level(context, Int32(level)) }
  }

  /// The system's policy applies unless the configuration sets a version, with TLS 1.2 as the minimum.
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
      let isPolicys = asksForMinimum == policy || asksForMaximum == policy
      throw refuse(
        isPolicys ? .forbiddenByPolicy : .invalidVersionRange,
        "at least \(TLSVersion(rawValue: UInt16(minimum))) (\(asksForMinimum)) and at most "
          + "\(TLSVersion(rawValue: UInt16(maximum))) (\(asksForMaximum)) leave no version; set both ends of the range")
    }
    guard unsafe sitls_ctx_set_min_version(context, minimum) == 1,
      unsafe sitls_ctx_set_max_version(context, maximum) == 1
    else {
      throw refuse(.invalidVersionRange, "this libssl does not offer the requested versions")
    }
  }

  func setGroups(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    guard let groups = configuration.groups else { return }
    let known = DeclaredNames.groups(in: library)
    var distinct: Set<TLSGroup> = []
    for group in groups {
      guard let name = known.name(of: group.rawValue), try unsafe isKnown(name, "groups", sitls_ctx_set_groups) else {
        throw group.absent(from: library)
      }
      if !distinct.insert(group).inserted { throw refuse(.unknownGroup, "the list of groups names \(group) twice") }
    }
    let list = TLSGroup.list(groups, known)
    guard !groups.isEmpty, try unsafe isKnown(list, "groups", sitls_ctx_set_groups) else {
      throw refuse(.unknownGroup, "the list of groups is empty")
    }
    // Where a ClientHello is asked about, the answer says whose groups count; what is set here could not be taken back
    // to the system's policy.
    if !configuration.pausesAtClientHello,
      try unsafe list.withCText("groups", { unsafe sitls_ctx_set_groups(context, $0) }) != 1
    {
      throw refuse(.unknownGroup, "libssl does not accept the groups")
    }
    let allowsTLS12 = unsafe sitls_ctx_min_version(context) <= TLS1_2_VERSION
    // A client that demands a pre-shared key accepts no certificate, of whatever curve.
    let acceptsCertificates = configuration.role == .client && !configuration.demandsPreSharedKey
    if acceptsCertificates, allowsTLS12, distinct.isDisjoint(with: [.secp256r1, .secp384r1]) {
      warnings.append(.groupsExcludeCommonCertificates)
    }
  }

  func setSignatureSchemes(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    guard let schemes = configuration.signatureSchemes else { return }
    var names: [String] = []
    for scheme in schemes {
      guard let name = scheme.libraryName(in: library),
        try unsafe isKnown(name, "signatureSchemes", sitls_ctx_set_signature_algorithms)
      else { throw scheme.absent(from: library) }
      names.append(name)
    }
    let list = names.joined(separator: ":")
    guard !names.isEmpty,
      try unsafe list.withCText("signatureSchemes", { unsafe sitls_ctx_set_signature_algorithms(context, $0) }) == 1
    else {
      throw refuse(.unknownSignatureScheme, "the list of signature schemes is empty, or names one twice")
    }
    var forbidden: [TLSSignatureScheme] = []
    for (scheme, name) in zip(schemes, names) where try !isAllowed(name) { forbidden.append(scheme) }
    if forbidden.count == schemes.count {
      throw refuseAtLevel(
        .peerIncompatible,
        "the security level allows none of this side's signature schemes "
          + "(\(forbidden.map(\.description).joined(separator: ", ")))",
        .local
      )
    }
    warnings += forbidden.map { .forbiddenSignatureScheme($0) }
  }

  /// Whether libssl offers a signature scheme at the context's security level: whether it can write a ClientHello with
  /// it.
  func isAllowed(_ algorithm: String) throws(TLSError) -> Bool {
    guard let probe = unsafe SSL_new(context) else {
      throw refuse(.openSSLFailure, "no memory for a connection", .local)
    }
    defer {
      unsafe SSL_free(probe)
      ErrorQueue.clear()
    }
    unsafe SSL_set_connect_state(probe)
    unsafe SSL_set_bio(probe, BIO_new(BIO_s_null()), BIO_new(BIO_s_null()))
    let isSet = try unsafe algorithm.withCText("signatureSchemes") {
      unsafe sitls_set_signature_algorithms(probe, $0)
    }
    if isSet != 1 { return false }
    ErrorQueue.clear()
    unsafe SSL_do_handshake(probe)
    return !ErrorQueue.take().contains {
      $0.isFromLibSSL && $0.reasonCode == Int(SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM)
    }
  }

  func setApplicationProtocols(_ callbacks: ContextCallbackState) throws(TLSError) {
    guard !configuration.applicationProtocols.isEmpty else { return }
    if configuration.role == .server {
      unsafe SSL_CTX_set_alpn_select_cb(
        context, Callbacks.selectApplicationProtocol, Unmanaged.passUnretained(callbacks).toOpaque())
    } else {
      // This function answers 0 for success.
      guard
        unsafe SSL_CTX_set_alpn_protos(
          context, callbacks.protocolList.baseAddress, UInt32(clamping: callbacks.protocolList.count)) == 0
      else { throw refuse(.invalidApplicationProtocol, "libssl does not accept the application protocols") }
    }
  }
}
