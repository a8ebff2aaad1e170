internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension SSLHandle {
  /// Switches to another context while the ClientHello waits. `SSL_set_SSL_CTX` switches certificates, security level,
  /// signature algorithms and callbacks; the rest, which an `SSL` copies when it is created, is set here. Suites and
  /// groups that neither context names are the system's policy, and stay.
  ///
  /// - Parameters:
  ///   - context: the context to switch to.
  ///   - first: the context that the `SSL` was created from.
  mutating func adopt(_ context: TLSContext, after first: TLSContext) throws(TLSError) {
    ErrorQueue.clear()
    let configuration = context.configuration
    let other = unsafe context.handle.context
    var isAdopted = unsafe SSL_set_SSL_CTX(ssl, other) != nil
    isAdopted = unsafe isAdopted && sitls_set_min_version(ssl, sitls_ctx_min_version(other)) == 1
    isAdopted = unsafe isAdopted && sitls_set_max_version(ssl, sitls_ctx_max_version(other)) == 1
    isAdopted = unsafe isAdopted && replaceParameters(by: SSL_CTX_get0_param(other))
    if configuration.cipherSuites != nil || first.configuration.cipherSuites != nil {
      isAdopted = unsafe isAdopted && adoptSuites(of: other)
    }
    isAdopted = isAdopted && setGroups(of: context)
    if context.handle.callbacks.rawPublicKeys != nil || first.handle.callbacks.rawPublicKeys != nil {
      isAdopted = unsafe isAdopted && RawPublicKeys.apply(context.handle.callbacks.rawPublicKeys, to: ssl)
    }
    unsafe SSL_set_verify(ssl, SSL_CTX_get_verify_mode(other), nil)
    isAdopted = setRecords(of: context, replacing: first.records) && isAdopted
    alwaysQueues = context.queuesOutput
    // SSL_set_options only adds options, and contexts may differ in whether tickets are sent and clients renegotiate.
    unsafe SSL_clear_options(
      ssl,
      sitls_op_no_ticket | sitls_op_no_renegotiation | sitls_op_allow_client_renegotiation
        | sitls_op_no_resumption_on_renegotiation)
    unsafe SSL_set_options(ssl, SSL_CTX_get_options(other))
    // Whether libssl looks for early data was decided by the first step.
    let earlyData = min(
      configuration.maximumEarlyDataByteCount, first.configuration.maximumEarlyDataByteCount)
    unsafe SSL_set_max_early_data(ssl, UInt32(clamping: earlyData))
    early?.serve(isHeld: context.pausesAtPeerCertificates, records: context.records)
    unsafe SSL_set_num_tickets(ssl, SSL_CTX_get_num_tickets(other))
    unsafe SSL_set_psk_server_callback(
      ssl, context.handle.callbacks.hasPreSharedKeys ? Callbacks.lookUpPreSharedKey : nil)
    unsafe callbackState.pointee.ignoresVerdict = context.ignoresVerdict
    unsafe callbackState.pointee.questions?.pausesAtPeerCertificates = context.pausesAtPeerCertificates
    if !isAdopted {
      throw TLSError(
        .openSSLFailure, .local, hint: "libssl does not accept the other context for this connection",
        openSSLErrors: ErrorQueue.take())
    }
  }

  /// Replaces all verification parameters. `SSL_set1_param(3)` alone sets only the unset ones, and keeps the rest.
  private func replaceParameters(by parameters: OpaquePointer?) -> Bool {
    let own = unsafe SSL_get0_param(ssl)
    unsafe X509_VERIFY_PARAM_set_inh_flags(own, UInt32(X509_VP_FLAG_OVERWRITE | X509_VP_FLAG_RESET_FLAGS))
    defer { unsafe X509_VERIFY_PARAM_set_inh_flags(own, 0) }
    return unsafe X509_VERIFY_PARAM_set1(own, parameters) == 1
  }

  /// Sets the sizes and the padding of the context that serves. The context that asked about the ClientHello has set
  /// its padding alone.
  func setRecords(of context: TLSContext, replacing first: TLSRecordPolicy) -> Bool {
    let records = context.records
    if records == TLSRecordPolicy(), first == records { return true }
    return unsafe SSL_ctrl(ssl, SSL_CTRL_SET_MAX_SEND_FRAGMENT, records.maximumByteCount, nil) == 1
      && SSL_set_block_padding(ssl, records.paddingByteCount ?? 0) == 1
  }

  /// Adopts the other context's TLS 1.3 suites: those that it names, or else the system's.
  private func adoptSuites(of other: OpaquePointer) -> Bool {
    let names = unsafe CipherSuites.tls13(of: other).joined(separator: ":")
    // libssl's own names contain no NUL.
    return unsafe (try? names.withCText("cipherSuites") { unsafe SSL_set_ciphersuites(ssl, $0) }) == 1
  }

  /// Sets the groups of the context that serves, if it names some. The context that asked about the ClientHello has
  /// not.
  func setGroups(of context: TLSContext) -> Bool {
    guard let groups = context.handle.callbacks.groupList else { return true }
    // A name with a NUL is none that a provider can declare.
    return unsafe (try? groups.withCText("groups") { unsafe sitls_set_groups(ssl, $0) }) == 1
  }
}
