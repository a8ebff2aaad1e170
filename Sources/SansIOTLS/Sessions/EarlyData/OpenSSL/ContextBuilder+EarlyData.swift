internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension ContextBuilder {
  /// libssl's own protection from replays keeps sessions in this process's memory, which a server with tickets does
  /// not: it would resume nothing. The decision is the application's, or the replay filter's.
  ///
  /// - Parameter filter: the filter; if tickets may be older than it, it does not know whether they were used.
  func setEarlyData(_ filter: TLSReplayFilter?) throws(TLSError) {
    guard configuration.role == .server else { return }
    unsafe SSL_CTX_set_options(context, sitls_op_no_anti_replay)
    unsafe SSL_CTX_set_recv_max_early_data(context, Self.discardedEarlyData)
    let limit = UInt32(clamping: configuration.maximumEarlyDataByteCount)
    if limit == 0 { return }
    let newest = unsafe sitls_ctx_max_version(context)
    let isExcluded = unsafe SSL_CTX_get_options(context) & sitls_op_no_tls13 != 0
    if isExcluded || newest != 0 && newest < TLS1_3_VERSION {
      throw refuse(
        .forbiddenByPolicy,
        "the system's policy, openssl.cnf, excludes TLS 1.3, which early data needs; set "
          + "maximumVersion, or no maximumEarlyDataByteCount", .local)
    }
    unsafe SSL_CTX_set_max_early_data(context, limit)
    unsafe SSL_CTX_set_allow_early_data_cb(context, Callbacks.allowEarlyData, nil)
    if configuration.resumption.keys != nil, let filter {
      filter.begin(at: configuration.verificationTime ?? VerificationClock.system)
    }
  }

  /// The bytes of rejected early data that libssl discards at most: as many as a ticket ever allowed, which may be of a
  /// time when more was. What is accepted has limits of its own, and the handshake's input is bounded by the engine.
  private static let discardedEarlyData: UInt32 = 16_777_216
}
