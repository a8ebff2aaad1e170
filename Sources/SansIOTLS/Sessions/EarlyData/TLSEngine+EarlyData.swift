/// Early data (0-RTT, RFC 8446, section 2.3): a client's first bytes leave with its ClientHello, before the server has
/// said anything. They have no forward secrecy, and anyone who records them can send them again.
extension TLSEngine {
  /// Encrypts plaintext before the handshake is done. What is accepted is encrypted in this call, as by
  /// ``write(_:)-(RawSpan)``.
  ///
  /// A **client** that was created with `sendsEarlyData` sends early data (0-RTT), from its creation until it is first
  /// fed. **An attacker can send a copy of it to the server again**: write only what may be executed twice. Whether the
  /// server accepts it, is reported by ``Event/earlyData(_:)`` after the handshake.
  ///
  /// A **server** with ``TLSContext/Configuration/maximumEarlyDataByteCount`` sends ordinary application data earlier
  /// (0.5-RTT), from its first flight until the handshake is done. **The client has not shown yet that it is live**: it
  /// may be a replay, whose sender cannot read the answer. Servers that authenticate their clients must wait, unless a
  /// session has proved the client.
  ///
  /// - Parameter plaintext: bytes to send. They are encrypted from where they lie.
  /// - Returns: `.done` with the number of bytes accepted: all of them, or as many as the session and
  ///   ``Limits-swift.struct/pendingOutputByteCount`` allow; `.unavailable` with the reason if none can be;
  ///   `.needsDrain` if the limit is reached; on a server `.needsFeed` or `.needsAnswer` before its first flight.
  /// - Throws: ``TLSError``: what ended the connection; `.abandoned` after ``closeWriting()``.
  ///
  /// Corresponds to `SSL_write_early_data(3)`.
  public mutating func writeEarly(_ plaintext: RawSpan) throws(TLSError) -> EarlyWriteStep {
    let early = handle.early
    switch (early?.state ?? EarlyDataState()).writing(in: state.phase) {
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    case .failed: try throwFailure()
    case .misuse(let misuse): throw Self.error(for: misuse)
    case .proceed: break
    default: return .unavailable(early?.obstacle ?? .notRequested)
    }
    let count = plaintext.byteCount
    if count == 0 { return .done(0) }
    guard let early, early.room > 0 else { return .unavailable(.limitReached) }
    if handle.pendingOutputByteCount >= limits.pendingOutputByteCount { return .needsDrain }
    var sealed = 0
    while sealed < count {
      let room = limits.pendingOutputByteCount - handle.pendingOutputByteCount
      let part = early.part(of: count - sealed, in: room, isFirst: sealed == 0)
      if part.byteCount == 0 { break }
      let outcome = handle.writeEarly(plaintext.extracting(droppingFirst: sealed), part)
      guard case .success = outcome else {
        end(outcome)
        // What was encrypted before it counts; the next call reports the failure.
        if sealed > 0 { break }
        try throwFailure()
        return .unavailable(.over)
      }
      sealed += part.byteCount
    }
    return .done(sealed)
  }

  /// Copies early plaintext of the client, which a server received before the handshake was done. It is apart from what
  /// ``read(into:)-(OutputRawSpan)`` delivers, because **it may be a copy that an attacker sends again**: see
  /// ``TLSContext/Configuration/maximumEarlyDataByteCount``. It waits until it is read here, also after the handshake
  /// and after a failure, and ``Needs/readEarly`` says so. A server that asks about its client's certificates delivers
  /// it after the answer.
  ///
  /// - Parameter output: receives the plaintext; its present contents stay.
  /// - Returns: `.done` with the number of bytes, `.needsFeed`, `.needsAnswer`, or `.endOfEarlyData`, which repeats.
  /// - Throws: ``TLSError``: what ended the connection; `.abandoned`.
  ///
  /// Corresponds to `SSL_read_early_data(3)`.
  public mutating func readEarly(into output: inout OutputRawSpan) throws(TLSError) -> EarlyReadStep<Int> {
    let early = handle.early
    let rules = early?.state ?? EarlyDataState()
    switch rules.reading(in: state.phase, hasReceived: (early?.receivedCount ?? 0) > 0) {
    case .proceed:
      if output.freeCapacity == 0 { return .done(0) }
      return .done(early?.take(into: &output) ?? 0)
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    case .failed: try throwFailure()
    case .misuse(let misuse): throw Self.error(for: misuse)
    default: break
    }
    return .endOfEarlyData
  }

  /// Copies early plaintext of the client into an output span of bytes; see ``readEarly(into:)-(OutputRawSpan)``.
  ///
  /// - Parameter output: receives the plaintext.
  /// - Returns: how many bytes were read, or what the call waits for.
  /// - Throws: ``TLSError`` as the raw span form does.
  public mutating func readEarly(into output: inout OutputSpan<UInt8>) throws(TLSError) -> EarlyReadStep<Int> {
    try output.withRawSpan { (raw) throws(TLSError) in try readEarly(into: &raw) }
  }

  /// Returns early plaintext of the client as an array, a copy; see ``readEarly(into:)-(OutputRawSpan)``.
  ///
  /// - Parameter count: bytes at most, 1 or more.
  /// - Returns: `.done` with the bytes, never empty; else as ``readEarly(into:)-(OutputRawSpan)``.
  /// - Throws: ``TLSError`` as the span form does.
  public mutating func readEarly(upTo count: Int) throws(TLSError) -> EarlyReadStep<[UInt8]> {
    var step: Result<EarlyReadStep<Int>, TLSError> = .success(.needsFeed)
    let capacity = max(min(count, handle.early?.receivedCount ?? 0), 0)
    let bytes = [UInt8](capacity: capacity) { (output: inout OutputSpan<UInt8>) in
      do throws(TLSError) { step = .success(try readEarly(into: &output)) } catch { step = .failure(error) }
    }
    switch try step.get() {
    case .done: return .done(bytes)
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    case .endOfEarlyData: return .endOfEarlyData
    }
  }

  /// The bytes of early data that a client can still write at once; 0 if it cannot write any. On a server 0.
  ///
  /// A server that rejects early data counts its records, because it cannot read them: padding and small records
  /// (``TLSContext/Configuration/records``) and many small writes leave less than the session allows.
  ///
  /// Corresponds to `SSL_SESSION_get_max_early_data(3)`.
  public var earlyDataCapacity: Int {
    guard context.role == .client, let early = handle.early else { return 0 }
    return early.state.writing(in: state.phase) == .proceed ? early.room : 0
  }

  /// The server's decision about early data, after the handshake; `nil` before, and if the client offered none.
  ///
  /// Corresponds to `SSL_get_early_data_status(3)`.
  public var earlyData: TLSEarlyDataOutcome? { state.isHandshakeDone ? handle.earlyDataOutcome : nil }

  /// The parameters of a server's connection that has accepted early data and whose handshake is not done: what reads
  /// early data may need the application protocol, the server name or the client's certificate. **The client has not
  /// shown yet that it is live.** `nil` elsewhere: see ``negotiated`` after the handshake.
  public var earlyParameters: NegotiatedParameters? {
    guard context.role == .server, state.phase == .handshaking || state.phase == .failed, !state.isHandshakeDone,
      handle.early?.state.isHeld == false, case .accepted? = handle.earlyDataOutcome
    else { return nil }
    return handle.negotiated
  }

  /// Encrypts plaintext before the handshake is done; see ``writeEarly(_:)-(RawSpan)``.
  ///
  /// - Parameter plaintext: bytes to send.
  /// - Returns: how many bytes were accepted, or why none.
  /// - Throws: ``TLSError`` as the span form does.
  public mutating func writeEarly(_ plaintext: [UInt8]) throws(TLSError) -> EarlyWriteStep {
    try writeEarly(unsafe plaintext.span.bytes)
  }

  /// Encrypts plaintext before the handshake is done; see ``writeEarly(_:)-(RawSpan)``.
  ///
  /// - Parameter plaintext: bytes to send.
  /// - Returns: how many bytes were accepted, or why none.
  /// - Throws: ``TLSError`` as the span form does.
  public mutating func writeEarly(_ plaintext: ArraySlice<UInt8>) throws(TLSError) -> EarlyWriteStep {
    try writeEarly(unsafe plaintext.span.bytes)
  }
}
