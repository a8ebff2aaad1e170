internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The trust roots, and the verification of a peer's chain.
extension ContextBuilder {
  func setTrust(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    var named: [TLSCertificate] = []
    if configuration.verifiesPeer {
      for source in configuration.trustRoots { try use(source, &named, &warnings) }
    }
    guard configuration.role == .server else { return }
    if configuration.clientAuthentication != .none {
      try name(configuration.clientAuthorities ?? named)
    } else if !configuration.trustRoots.isEmpty || configuration.clientAuthorities?.isEmpty == false {
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

  /// Whether the system's file and directories contain no certificate: the file has contributed none.
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
      throw TLSError(
        error.code, error.blame, hint: "the trust file \(path): \(error.hint)", openSSLErrors: error.openSSLErrors)
    }
  }

  /// Lists CA names in the CertificateRequest: in TLS 1.2 a list with a length of two bytes, in TLS 1.3 an extension
  /// among others, all of which together have such a length.
  private func name(_ authorities: [TLSCertificate]) throws(TLSError) {
    let allowsTLS13 = unsafe sitls_ctx_max_version(context) != TLS1_2_VERSION
    // TLS 1.3 needs room for four headers, and for the signature algorithms, less than 200 bytes.
    let limit = allowsTLS13 ? Int(UInt16.max) - 512 : Int(UInt16.max)
    let size = authorities.reduce(0) { size, authority in
      unsafe size + 2 + Int(i2d_X509_NAME(X509_get_subject_name(authority.reference.x509), nil))
    }
    if size > limit {
      throw refuse(
        .invalidConfiguration,
        "the names of \(authorities.count) authorities take \(size) bytes, and a server's request has room for "
          + "\(limit); name fewer in clientAuthorities, or none"
      )
    }
    for authority in authorities { unsafe SSL_CTX_add_client_CA(context, authority.reference.x509) }
  }

  private func add(_ certificates: [TLSCertificate], to named: inout [TLSCertificate]) throws(TLSError) {
    if certificates.isEmpty {
      throw refuse(.missingTrustRoots, "a list of trusted certificates is empty; remove it or add certificates")
    }
    let store = unsafe SSL_CTX_get_cert_store(context)
    for certificate in try certificates.copied(to: library) {
      guard unsafe X509_STORE_add_cert(store, certificate.reference.x509) == 1 else {
        throw refuse(.invalidCertificate, "libcrypto does not accept \(certificate.subject) as a trust root", .local)
      }
    }
    named += certificates
  }

  func setVerification() throws(TLSError) {
    let mode: Int32
    switch (configuration.role, configuration.clientAuthentication, configuration.peerVerification) {
    case (.client, _, _) where configuration.demandsPreSharedKey: mode = SSL_VERIFY_PEER
    case (.client, _, .chain): mode = SSL_VERIFY_PEER
    case (.client, _, .none): mode = configuration.pausesAtPeerCertificates ? SSL_VERIFY_PEER : SSL_VERIFY_NONE
    // A request later sets the mode of its connection.
    case (.server, .none, _), (.server, .onRequest, _): mode = SSL_VERIFY_NONE
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
    if configuration.checksStrictly { unsafe X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_X509_STRICT)) }
    if !configuration.checksExtendedKeyUsage { unsafe X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY) }
  }
}
