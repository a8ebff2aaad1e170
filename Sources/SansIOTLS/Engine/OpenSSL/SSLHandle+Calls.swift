internal import CSansIOTLSOpenSSL

/// The calls of libssl that read or write.
extension SSLHandle {
  /// Corresponds to `SSL_do_handshake(3)`.
  mutating func handshake() -> Outcome {
    while true {
      let before = inboundCount
      let outcome = handshakeStep()
      countRings()
      // Verifying certificates may leave entries in the queue although it succeeded.
      ErrorQueue.clear()
      switch outcome {
      case .wantsRead, .controlRecord:
        if asksAboutClient(isDone: false) { return .asksPeerCertificate }
        if inboundCount == 0 || inboundCount >= before { return .wantsRead }
      case .success:
        if asksAboutClient(isDone: true) { return .asksPeerCertificate }
        if let outcome = settleTickets() { return outcome }
        state.isInsideMessage = false
        unsafe callbackState.pointee.lastReadRequest = 5
        if state.isHandshaking { endQueueing() }
        return outcome
      default: return outcome
      }
    }
  }

  private mutating func handshakeStep() -> Outcome {
    if let early {
      // libssl takes no more early data after a client's first step.
      if state.isHandshaking, early.wasOffered { early.sendingEnded() }
      if early.isReceiving { return handshakeReadingEarlyData(early) }
      if early.state.sending == .beforeFlight { return handshakeWritingEarlyData(early) }
    }
    return unsafe perform { unsafe SSL_do_handshake($0) }
  }

  /// Continues a message that the peer began after the handshake, to its end and no further. `SSL_read_ex` would
  /// continue to read after it, and not report that it passed. Corresponds to `SSL_do_handshake(3)`.
  mutating func finishMessage() -> Outcome {
    makeRoom()
    let outcome = handshake()
    guard case .success = outcome else {
      hasBufferedPlaintext = false
      return outcome
    }
    hasBufferedPlaintext = hasPending
    return .controlRecord
  }

  /// Decrypts into the caller's memory. Corresponds to `SSL_read_ex(3)`.
  @inline(__always)
  mutating func read(into output: inout OutputRawSpan) -> Outcome {
    unsafe output.withUnsafeMutableBytes { buffer, initialized in
      let start = unsafe buffer.baseAddress! + initialized
      let room = buffer.count - initialized
      makeRoom()
      if state.sending == .closed, hasPendingKeyUpdate { return unsafe readAfterClosing(start, room, &initialized) }
      return unsafe readRecord(start, room, &initialized)
    }
  }

  @inline(__always)
  private mutating func readRecord(_ start: UnsafeMutableRawPointer, _ room: Int, _ initialized: inout Int) -> Outcome {
    var count = 0
    let outcome = unsafe perform { ssl in unsafe SSL_read_ex(ssl, start, room, &count) }
    switch outcome {
    case .success:
      initialized += count
      // libssl returns all that it has of a record: if that is less than requested, it has no more.
      hasBufferedPlaintext = count == room
      unsafe callbackState.pointee.lastReadRequest = 5
      countInbound()
    case .controlRecord:
      // Several messages may be in one record, and libssl returns after each.
      hasBufferedPlaintext = hasPending
    default:
      hasBufferedPlaintext = false
    }
    return outcome
  }

  /// After close_notify the answer to a KeyUpdate is discarded. libssl writes it when the next message begins, in a
  /// call that returns as if that message had passed.
  @inline(never)
  private mutating func readAfterClosing(
    _ start: UnsafeMutableRawPointer, _ room: Int, _ initialized: inout Int
  ) -> Outcome {
    let outcome = unsafe readRecord(start, room, &initialized)
    if case .controlRecord = outcome, !hasPendingKeyUpdate {
      return unsafe readRecord(start, room, &initialized)
    }
    return outcome
  }

  /// Encrypts all bytes into records. Corresponds to `SSL_write_ex(3)`.
  ///
  /// - Parameter recordByteCount: the most plaintext of one record, where it is less than libssl's own limit.
  /// - Returns: the outcome, and the number of bytes encrypted before it.
  @inline(__always)
  mutating func write(_ bytes: borrowing RawSpan, count: Int, recordByteCount: Int = .max) -> (Outcome, Int) {
    // More than the outbound buffer can hold is encrypted into the queue without passing through the buffer.
    let isLarge = unsafe count > ringSize - callbackState.pointee.outbound
    if isLarge { beginQueueing() }
    let result = unsafe bytes.withUnsafeBytes { buffer in
      var sealed = 0
      while sealed < count {
        var written = 0
        let outcome = unsafe perform { ssl in
          unsafe SSL_write_ex(ssl, buffer.baseAddress! + sealed, min(count - sealed, recordByteCount), &written)
        }
        guard case .success = outcome else { return (outcome, sealed) }
        sealed += written
      }
      return (.success, sealed)
    }
    if isLarge { endQueueing() }
    countOutbound()
    return result
  }

  /// The maximum fragment length that both sides keep to (RFC 6066, section 4); `nil` if none was agreed on.
  var maximumFragmentByteCount: Int? {
    guard let session = unsafe SSL_get_session(ssl) else { return nil }
    let code = unsafe SSL_SESSION_get_max_fragment_length(session)
    return (1...4).contains(code) ? 256 << Int(code) : nil
  }

  /// The division of writes into records after the handshake.
  func recordSizing(by policy: TLSRecordPolicy) -> RecordSizing? {
    RecordSizing(
      policy, agreed: maximumFragmentByteCount, isTLS13: unsafe SSL_version(ssl) >= TLS1_3_VERSION)
  }

  /// Sends what libssl sends only with the next write: the answer to a KeyUpdate, a ticket. Corresponds to a
  /// zero-length `SSL_write_ex(3)`.
  mutating func flush() -> Outcome {
    var written = 0
    var nothing: UInt8 = 0
    defer { countRings() }
    return unsafe perform { ssl in unsafe SSL_write_ex(ssl, &nothing, 0, &written) }
  }

  /// libssl has not yet sent the answer to a KeyUpdate.
  var hasPendingKeyUpdate: Bool { unsafe SSL_get_key_update_type(ssl) != SSL_KEY_UPDATE_NONE }

  /// libssl holds a part of a record, decrypted or not. Corresponds to `SSL_has_pending(3)`.
  var hasPending: Bool { unsafe SSL_has_pending(ssl) == 1 }

  /// Sends close_notify. The first return of 0 is success too: the peer's own is received by reading. Corresponds to
  /// `SSL_shutdown(3)`.
  mutating func shutdown() -> Outcome {
    defer { countRings() }
    let outcome = unsafe perform { ssl in
      let result = unsafe SSL_shutdown(ssl)
      return result == 0 ? 1 : result
    }
    if case .success = outcome {
      // While reading continues, libssl may answer a KeyUpdate. The peer reads what follows close_notify as plaintext.
      state.closeNotifySent()
      unsafe SSL_set0_wbio(ssl, BIO_new(BIO_s_null()))
    }
    return outcome
  }

  /// Corresponds to `SSL_key_update(3)`.
  mutating func scheduleKeyUpdate(requestingPeer: Bool) -> Outcome {
    unsafe perform { ssl in
      unsafe SSL_key_update(ssl, requestingPeer ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED)
    }
  }
}
