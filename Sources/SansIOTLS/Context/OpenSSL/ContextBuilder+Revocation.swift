internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Pins, CRLs and OCSP staples.
extension ContextBuilder {
  func setRevocation(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    if configuration.pinnedKeys.count == 1, let pin = configuration.pinnedKeys.first {
      warnings.append(.pinWithoutBackup(pin))
    }
    try setRevocationLists(&warnings)
    try setStapling()
    checkStaples(&warnings)
  }

  private func setRevocationLists(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    guard let revocation = configuration.revocation, configuration.verifiesPeer else { return }
    let parameters = unsafe SSL_CTX_get0_param(context)
    let store = unsafe SSL_CTX_get_cert_store(context)
    for list in revocation.lists {
      let reference = try list.copied(to: library).reference
      let isAdded = withExtendedLifetime(reference) { unsafe X509_STORE_add_crl(store, reference.crl) == 1 }
      guard isAdded else {
        throw refuse(.invalidRevocationList, "libcrypto does not accept the CRL of \(list.issuer)", .local)
      }
      switch unsafe list.position(by: parameters) {
      case 1...: warnings.append(.expiredRevocationList(issuer: list.issuer.description))
      case ..<0: warnings.append(.notYetValidRevocationList(issuer: list.issuer.description))
      default: break
      }
    }
    let flags = X509_V_FLAG_CRL_CHECK | (revocation.coversChain ? X509_V_FLAG_CRL_CHECK_ALL : 0)
    unsafe X509_VERIFY_PARAM_set_flags(parameters, UInt(flags))
  }

  private func setStapling() throws(TLSError) {
    if configuration.stapling != .off {
      unsafe sitls_ctx_ask_for_staple(context)
      unsafe sitls_ctx_set_staple_callback(context, Callbacks.checkStaple)
      if configuration.collectsCertificateTimestamps,
        unsafe !sitls_ctx_collect_timestamps(context, Callbacks.acceptTimestamps)
      {
        throw refuse(.unsupported, "this libssl cannot ask for signed certificate timestamps", .local)
      }
      // The signer of a staple is verified by the parameters of the store, not by those of connections.
      let parameters = unsafe X509_STORE_get0_param(SSL_CTX_get_cert_store(context))
      if let time = configuration.verificationTime { unsafe X509_VERIFY_PARAM_set_time(parameters, Int(time)) }
      if configuration.acceptsPartialChains {
        unsafe X509_VERIFY_PARAM_set_flags(parameters, UInt(X509_V_FLAG_PARTIAL_CHAIN))
      }
    } else if configuration.identities.contains(where: { $0.stapleHolder != nil }) {
      unsafe sitls_ctx_set_staple_callback(context, Callbacks.sendStaple)
    }
  }

  private func checkStaples(_ warnings: inout [TLSContext.Warning]) {
    guard configuration.role == .server else { return }
    let now = unsafe VerificationClock.now(of: SSL_CTX_get0_param(context))
    for identity in configuration.identities {
      let leaf = unsafe identity.chain[0].reference.x509
      let subject = identity.chain[0].subject.description
      guard let holder = identity.stapleHolder else {
        if identity.chain[0].requiresStaple { warnings.append(.missingStaple(subject: subject)) }
        continue
      }
      // Without the issuer's certificate, what the staple is about is not known.
      guard identity.chain.count > 1, let der = holder.response, let response = OCSPResponse(der) else { continue }
      let issuer = unsafe identity.chain[1].reference.x509
      if unsafe !response.mentions(leaf, of: issuer) {
        warnings.append(.stapleOfAnotherCertificate(subject: subject))
      } else if let end = unsafe response.statement(on: leaf, of: issuer)?.nextUpdate, end < now {
        warnings.append(.expiredStaple(subject: subject))
      }
    }
  }
}
