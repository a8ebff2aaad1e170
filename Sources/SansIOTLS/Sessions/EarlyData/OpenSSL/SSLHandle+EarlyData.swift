internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Early data of both sides. libssl ends a connection for calls that come at the wrong time, and for early data that
/// does not fit its session: all of that is found before it is asked.
extension SSLHandle {
  var early: EarlyData? { unsafe callbackState.pointee.early }

  // MARK: A client

  /// Prepares a client to send early data, if its session allows that.
  ///
  /// - Parameters:
  ///   - session: the session that it offers.
  ///   - context: the client's context.
  func prepareEarlyData(_ session: TLSSession?, by context: TLSContext) {
    if let obstacle = obstacleToEarlyData(session, by: context) {
      unsafe callbackState.pointee.early = EarlyData(obstacle)
    } else if let session {
      unsafe callbackState.pointee.early = EarlyData(
        limit: session.maximumEarlyDataByteCount, records: context.configuration.records,
        agreed: maximumFragmentByteCount)
    }
  }

  private func obstacleToEarlyData(_ session: TLSSession?, by context: TLSContext) -> TLSEarlyDataObstacle? {
    guard let session, session.isResumable else { return .noSession }
    if session.version < .tls13 || session.maximumEarlyDataByteCount == 0 { return .sessionWithoutEarlyData }
    let newest = unsafe sitls_ctx_max_version(context.handle.context)
    let isExcluded = unsafe SSL_get_options(ssl) & sitls_op_no_tls13 != 0
    if isExcluded || newest != 0 && newest < TLS1_3_VERSION { return .versionNotOffered }
    // libssl would send early data with an expired session, and not offer the session. It has no other clock than
    // libcrypto's; certificates have the configured one.
    let end = session.creationTime + min(session.lifetime, session.announcedLifetime)
    if unsafe VerificationClock.system >= end || VerificationClock.now(of: SSL_get0_param(ssl)) >= end {
      return .sessionExpired
    }
    if let host = session.acknowledgedServerName, host != serverName { return .serverNameDiffers }
    if let selected = session.applicationProtocol, !context.configuration.applicationProtocols.contains(selected) {
      return .applicationProtocolNotOffered
    }
    return nil
  }

  /// Sends a ClientHello that offers early data. Corresponds to `SSL_write_early_data(3)` without data.
  mutating func offerEarlyData() -> Outcome {
    let outcome = unsafe perform { ssl in
      var written = 0
      var nothing: UInt8 = 0
      return unsafe SSL_write_early_data(ssl, &nothing, 0, &written)
    }
    countRings()
    if case .success = outcome { return .wantsRead }
    early?.sendingEnded()
    return outcome
  }

  // MARK: Both sides

  /// Encrypts all bytes of a part. Corresponds to `SSL_write_early_data(3)`: a client's writes all or, while the
  /// outbound buffer is full, none; a server's writes one record, as `SSL_write_ex(3)` does in the engine's mode.
  mutating func writeEarly(_ bytes: borrowing RawSpan, _ part: RecordSizing.Part) -> Outcome {
    defer { countRings() }
    let outcome = unsafe bytes.withUnsafeBytes { buffer in
      var sealed = 0
      while sealed < part.byteCount {
        var written = 0
        let count = min(part.byteCount - sealed, part.recordByteCount)
        let outcome = unsafe perform { ssl in
          unsafe SSL_write_early_data(ssl, buffer.baseAddress! + sealed, count, &written)
        }
        guard case .success = outcome else { return outcome }
        sealed += written
      }
      return .success
    }
    if case .success = outcome { early?.sent(part.byteCount) }
    return outcome
  }

  /// The server's decision, once the handshake is done.
  var earlyDataOutcome: TLSEarlyDataOutcome? {
    guard let early else { return nil }
    switch unsafe SSL_get_early_data_status(ssl) {
    case SSL_EARLY_DATA_ACCEPTED:
      return .accepted(byteCount: early.wasOffered ? early.sentCount : early.totalReceived)
    case SSL_EARLY_DATA_REJECTED:
      return .rejected(byteCount: early.wasOffered ? early.sentCount : 0)
    default: return nil
    }
  }

  /// Whether both sides derive the same early keying material; `nil` before that is known.
  var hasEarlySecret: Bool? {
    guard let early else { return false }
    let status = unsafe SSL_get_early_data_status(ssl)
    if status == SSL_EARLY_DATA_ACCEPTED { return true }
    if state.isHandshakeDone { return false }
    if unsafe SSL_is_server(ssl) == 1 { return status == SSL_EARLY_DATA_NOT_SENT && early.isReceiving ? nil : false }
    if !early.wasOffered { return false }
    // libssl says "rejected" from the first ClientHello on. Its secret is that of the offered session's hash until the
    // server answers, perhaps by another session.
    return early.state.sending == .open ? true : nil
  }

  /// Corresponds to `SSL_export_keying_material_early(3)`.
  func exportEarlyKeyingMaterial(label: [UInt8], context: [UInt8], count: Int) throws(TLSError) -> [UInt8] {
    ErrorQueue.clear()
    var material = [UInt8](repeating: 0, count: count)
    let result = unsafe label.withUnsafeBytes { label in
      unsafe SSL_export_keying_material_early(
        ssl, &material, count, label.baseAddress?.assumingMemoryBound(to: CChar.self), label.count, context,
        context.count)
    }
    guard result == 1 else {
      throw TLSError(
        .openSSLFailure, .local, hint: "libssl could not export early keying material",
        openSSLErrors: ErrorQueue.take())
    }
    return material
  }

  /// Whether a client has offered early data, and the server has not shown that it uses TLS 1.3. Corresponds to
  /// `SSL_version(3)`, which is that of the session until the server has answered.
  var hasSentEarlyDataInVain: Bool {
    guard let early, early.wasOffered, !state.isHandshakeDone else { return false }
    // A HelloRetryRequest is one of TLS 1.3.
    if unsafe callbackState.pointee.hellos == .retried { return false }
    return unsafe SSL_get_early_data_status(ssl) != SSL_EARLY_DATA_ACCEPTED
  }

  // MARK: A server

  /// Prepares a server for early data, by the context that it was created with.
  func expectEarlyData(by context: TLSContext) {
    if context.configuration.maximumEarlyDataByteCount == 0 { return }
    unsafe callbackState.pointee.early = EarlyData(
      isHeld: context.pausesAtPeerCertificates, records: context.records)
  }

  /// Performs the handshake as `SSL_do_handshake(3)` does, and keeps the early data that it meets. libssl reads early
  /// data only if it is asked for it from the first call on, and until it says that there is no more.
  ///
  /// Corresponds to `SSL_read_early_data(3)`.
  mutating func handshakeReadingEarlyData(_ early: EarlyData) -> Outcome {
    while early.isReceiving {
      var status: Int32 = 0
      let outcome = unsafe withUnsafeTemporaryAllocation(byteCount: TLSEngine.recordSize, alignment: 16) { buffer in
        var count = 0
        let outcome = unsafe perform { ssl in
          status = unsafe SSL_read_early_data(ssl, buffer.baseAddress, buffer.count, &count)
          return status
        }
        if status == SSL_READ_EARLY_DATA_SUCCESS {
          unsafe early.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return outcome
      }
      noteFlight(early)
      guard case .success = outcome else { return outcome }
      if status == SSL_READ_EARLY_DATA_SUCCESS { notePreSharedKey() }
      if status == SSL_READ_EARLY_DATA_FINISH { early.receivingEnded() }
    }
    return handshakeWritingEarlyData(early)
  }

  /// Performs the handshake, and takes note of the flight that a server writes after a HelloRetryRequest.
  ///
  /// Corresponds to `SSL_do_handshake(3)`.
  mutating func handshakeWritingEarlyData(_ early: EarlyData) -> Outcome {
    let outcome = unsafe perform { unsafe SSL_do_handshake($0) }
    noteFlight(early)
    return outcome
  }

  /// Lets a server write once it has written its flight; early data that it has accepted may arrive later. A
  /// HelloRetryRequest is no such flight, although early data ends with it: libssl has no keys yet, and would send
  /// application data as it is.
  ///
  /// Corresponds to `SSL_get_finished(3)`.
  private func noteFlight(_ early: EarlyData) {
    guard early.state.sending == .beforeFlight else { return }
    var finished: UInt8 = 0
    guard unsafe SSL_version(ssl) < TLS1_3_VERSION || SSL_get_finished(ssl, &finished, 1) > 0 else { return }
    early.flightWritten(obstacleToWriting, agreed: maximumFragmentByteCount)
  }

  /// The reason that keeps a server from writing before the handshake is done.
  private var obstacleToWriting: TLSEarlyDataObstacle? {
    if unsafe SSL_version(ssl) < TLS1_3_VERSION { return .over }
    let demandsProof = unsafe SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0
    // A session proves the client, unless the application wants to be asked about it.
    let isProven = unsafe SSL_session_reused(ssl) == 1 && questions?.pausesAtPeerCertificates != true
    return demandsProof && !isProven ? .clientNotAuthenticated : nil
  }
}
