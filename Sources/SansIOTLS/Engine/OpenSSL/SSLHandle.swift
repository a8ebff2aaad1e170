internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Owns an `SSL`, the BIO pair under it and the record that its callbacks write. Every call of libssl that can do I/O goes
/// through `perform`.
///
/// `@unchecked Sendable`: the handle is noncopyable and reached only through mutating methods of the one engine that owns
/// it, so at any moment one thread at most is inside libssl with this `SSL`.
/// `@safe`: `ssl` and `record` are valid from init to deinit; `record.network` is nil or our half of the pair.
@safe
struct SSLHandle: ~Copyable, @unchecked Sendable {
  let ssl: OpaquePointer
  let callbackState: UnsafeMutablePointer<CallbackState>
  /// libssl holds no decrypted bytes back: nothing can come out of it before more ciphertext goes in.
  private(set) var isEmpty = true
  private var inputEnded = false
  /// close_notify was sent: whatever libssl writes from then on goes nowhere.
  private var hasSentCloseNotify = false
  /// The last call ended at a record without application data, not for want of bytes.
  private(set) var endedAtControlRecord = false
  /// The peer began a message, and its rest has not come.
  private(set) var isInsideMessage = false
  private let ringSize: Int
  /// Watching costs 2,000 instructions for a small message: it is done where it is needed, in the handshake and at the end.
  private var isWatching = true

  /// Room for the largest alert: a CBC record with a SHA-384 MAC has 85 bytes.
  private static let alertReserve = 128

  /// How one call of libssl ended.
  enum Outcome {
    case success
    case wantsRead
    case asksClientHello
    case asksPeerCertificate
    /// The peer's close_notify was read.
    case peerClosed
    case failed(Failure)
  }

  /// The facts about a failed call; the `TLSError` made from them makes sense of them.
  struct Failure {
    let code: Int32
    let entries: [TLSError.OpenSSLEntry]
    /// The transport had ended inside a record.
    let isMidRecord: Bool
  }

  private init(ssl: OpaquePointer, limits: TLSEngine.Limits, context: TLSContext) {
    unsafe self.ssl = ssl
    ringSize = limits.bufferByteCount
    unsafe callbackState = UnsafeMutablePointer<CallbackState>.allocate(capacity: 1)
    unsafe callbackState.initialize(to: CallbackState(limits: limits, context: context))
    unsafe SSL_set_ex_data(ssl, 0, callbackState)
    unsafe SSL_set_info_callback(ssl, Callbacks.info)
  }

  /// A handle that is ready for its first step.
  static func make(
    _ endpoint: TLSEngine.Endpoint, context: TLSContext, limits: TLSEngine.Limits, session: TLSSession?,
    keepsMessages: Bool
  ) throws(TLSError) -> SSLHandle {
    ErrorQueue.clear()
    guard let ssl = unsafe SSL_new(context.handle.context) else {
      throw TLSError(.library, .local, hint: "libssl could not make a connection object", library: ErrorQueue.take())
    }
    var handle = unsafe SSLHandle(ssl: ssl, limits: limits, context: context)
    // Before SSL_set_connect_state, which makes the record layer.
    if keepsMessages { handle.startTap(limit: limits.tracedMessageCount) }
    try handle.attach()
    switch endpoint {
    case .client(let serverName):
      unsafe SSL_set_connect_state(ssl)
      try handle.setServerName(serverName)
      if let session { try handle.offer(session, to: serverName, by: context) }
    case .server:
      unsafe SSL_set_accept_state(ssl)
    }
    return handle
  }

  deinit {
    unsafe sitls_free_quietly(ssl)
    unsafe BIO_free(callbackState.pointee.network)
    unsafe callbackState.deinitialize(count: 1)
    unsafe callbackState.deallocate()
  }

  // MARK: The BIO pair

  /// Makes the rings and binds libssl to its half.
  private mutating func attach() throws(TLSError) {
    var inner: OpaquePointer?
    var network: OpaquePointer?
    // libssl's side writes into the outbound ring, which is larger by an alert: see `makeRoom`.
    guard unsafe BIO_new_bio_pair(&inner, ringSize + Self.alertReserve, &network, ringSize) == 1 else {
      throw TLSError(.library, .local, hint: "no memory for a BIO pair", library: ErrorQueue.take())
    }
    unsafe UnsafeMutableRawPointer(callbackState).withMemoryRebound(to: CChar.self, capacity: 1) { argument in
      unsafe BIO_set_callback_arg(inner, argument)
    }
    if isWatching { unsafe BIO_set_callback_ex(inner, CallbackState.watch) }
    unsafe SSL_set_bio(ssl, inner, inner)
    unsafe callbackState.pointee.network = network
    if hasSentCloseNotify { unsafe SSL_set0_wbio(ssl, BIO_new(BIO_s_null())) }
    if inputEnded { unsafe sitls_end_of_input(network) }
  }

  private mutating func watch(_ isWatching: Bool) {
    self.isWatching = isWatching
    unsafe BIO_set_callback_ex(SSL_get_rbio(ssl), isWatching ? CallbackState.watch : nil)
  }

  /// Brings the rings back after `hibernate`. Without memory for them the process cannot go on: there is no state to
  /// return to that a caller could use.
  @inline(__always)
  private mutating func wake() {
    if unsafe callbackState.pointee.network == nil {
      do throws(TLSError) { try attach() } catch { fatalError("\(error)") }
    }
  }

  /// Frees libssl's record buffers where it is between records, and the rings. Both rings must be empty.
  mutating func hibernate() -> Bool {
    guard unsafe callbackState.pointee.network != nil else { return true }
    guard pendingOutputByteCount == 0, inboundCount == 0, isEmpty else { return false }
    // SSL_free_buffers does not notice a record of which only the header has arrived; nor, before CVE-2024-4741 was mended,
    // one of which a message is still to be read.
    if isBetweenRecords, !hasPending { unsafe SSL_free_buffers(ssl) }
    unsafe SSL_set_bio(ssl, nil, nil)
    unsafe BIO_free(callbackState.pointee.network)
    unsafe callbackState.pointee.network = nil
    unsafe callbackState.pointee.spilled.release()
    return true
  }

  var inboundCount: Int { unsafe callbackState.pointee.inbound }
  var pendingOutputByteCount: Int { unsafe callbackState.pointee.outbound + callbackState.pointee.spilled.count }

  /// libssl holds something of a record, read or not. Corresponds to `SSL_has_pending(3)`.
  private var hasPending: Bool { unsafe SSL_has_pending(ssl) == 1 }

  /// Whether libssl is known to wait for ciphertext: a call could not find anything.
  var isAtRest: Bool { isEmpty && inboundCount == 0 && !inputEnded }

  /// The transport's stream so far ends between two records.
  var isBetweenRecords: Bool { unsafe callbackState.pointee.lastReadRequest == 5 && sitls_awaits_header(ssl) }

  /// How many more bytes libssl needs until it can make a step.
  var bytesNeeded: Int { unsafe max(callbackState.pointee.lastReadRequest - callbackState.pointee.inbound, 0) }

  /// Copies as much as the inbound ring takes.
  mutating func put(_ bytes: borrowing RawSpan) -> Int {
    wake()
    let total = bytes.byteCount
    return unsafe bytes.withUnsafeBytes { source in
      var copied = 0
      while copied < total {
        var window: UnsafeMutablePointer<CChar>?
        let room = Int(
          unsafe BIO_nwrite(
            callbackState.pointee.network, &window, Int32(truncatingIfNeeded: min(total - copied, 1 << 20))))
        guard room > 0, let window = unsafe window else { break }
        unsafe UnsafeMutableRawPointer(window).copyMemory(from: source.baseAddress! + copied, byteCount: room)
        copied += room
      }
      unsafe callbackState.pointee.inbound += copied
      return copied
    }
  }

  mutating func endInput() {
    wake()
    watch(true)
    inputEnded = true
    unsafe sitls_end_of_input(callbackState.pointee.network)
  }

  /// Lends the outbound bytes in order, the queue's first, then the ring's own window, until the body takes less than
  /// it was lent.
  @inline(__always)
  mutating func drain<E>(_ body: (RawSpan) throws(E) -> Int) throws(E) {
    while unsafe callbackState.pointee.spilled.count > 0 {
      let window = unsafe callbackState.pointee.spilled.window
      let taken = try body(unsafe window.bytes)
      precondition(taken >= 0 && taken <= window.count, "a drain body takes between none and all of what it was lent")
      unsafe callbackState.pointee.spilled.removeFirst(taken)
      if taken < window.count { return }
    }
    while unsafe callbackState.pointee.outbound > 0 {
      var start: UnsafeMutablePointer<CChar>?
      let lent = Int(unsafe BIO_nread0(callbackState.pointee.network, &start))
      guard lent > 0 else { return }
      let taken = try body(unsafe UnsafeRawBufferPointer(start: start, count: lent).bytes)
      precondition(taken >= 0 && taken <= lent, "a drain body takes between none and all of what it was lent")
      if taken > 0 { unsafe BIO_nread(callbackState.pointee.network, &start, Int32(taken)) }
      unsafe callbackState.pointee.outbound -= taken
      if taken < lent { return }
    }
  }

  /// Takes what the inbound ring holds and libssl will not read any more.
  mutating func takeInbound() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(inboundCount)
    while inboundCount > 0 {
      // The half that reads what was fed is libssl's; reading through it is what libssl would have done.
      let inner = unsafe SSL_get_rbio(ssl)
      var window: UnsafeMutablePointer<CChar>?
      let count = Int(unsafe BIO_nread(inner, &window, Int32(clamping: inboundCount)))
      guard count > 0 else { break }
      unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: window, count: count))
      unsafe callbackState.pointee.inbound -= count
    }
    return bytes
  }

  // MARK: Calls of libssl

  /// The only door to libssl's I/O calls. Clears what others left in the error queue, calls, and classifies once.
  ///
  /// WANT_WRITE does not come out: the ring is spilled and the call repeated.
  @inline(__always)
  private mutating func perform(_ call: (OpaquePointer) -> Int32) -> Outcome {
    wake()
    while true {
      ErrorQueue.clear()
      let result = unsafe call(ssl)
      if result > 0 { return .success }
      let code = unsafe SSL_get_error(ssl, result)
      if code == SSL_ERROR_WANT_WRITE {
        unsafe callbackState.pointee.spill()
        continue
      }
      return classify(code)
    }
  }

  private mutating func classify(_ code: Int32) -> Outcome {
    countRings()
    isInsideMessage = unsafe SSL_in_init(ssl) != 0
    switch code {
    case SSL_ERROR_WANT_READ:
      let request = unsafe BIO_ctrl_get_read_request(callbackState.pointee.network)
      // libssl asked the ring in vain, or dealt with a whole record and came back without asking further.
      endedAtControlRecord = request == 0
      unsafe callbackState.pointee.lastReadRequest = request == 0 ? 5 : request
      return .wantsRead
    case SSL_ERROR_ZERO_RETURN:
      return .peerClosed
    case SSL_ERROR_SYSCALL where hasSilentlyClosed:
      return .peerClosed
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
      return .asksClientHello
    case Int32(sitls_error_want_retry_verify):
      return .asksPeerCertificate
    default:
      return .failed(Failure(code: code, entries: ErrorQueue.take(), isMidRecord: !isBetweenRecords))
    }
  }

  /// The peer's close_notify was read although `SSL_get_error` does not say so.
  ///
  /// It says ZERO_RETURN if the last warning was close_notify. In TLS 1.3 user_canceled counts as a warning and close_notify,
  /// from libssl 3.2 on or at the fatal level, does not: of the two in a row, as RFC 8446, section 6.1, wants them, it makes
  /// a SYSCALL of which nobody says why (openssl#25254). The only other end that sets the flag, a fatal alert, leaves an entry
  /// in the queue.
  private var hasSilentlyClosed: Bool {
    unsafe ERR_peek_error() == 0 && SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0
  }

  /// Reads off how full the rings are.
  @inline(__always)
  private func countRings() {
    unsafe callbackState.pointee.inbound = BIO_ctrl_wpending(callbackState.pointee.network)
    unsafe callbackState.pointee.outbound = BIO_ctrl_pending(callbackState.pointee.network)
  }

  /// Before libssl reads: what it writes while it reads, a refusal for each request to renegotiate, is never longer than
  /// what it reads, and then one alert may follow. A ring without room for that is spilled first.
  @inline(__always)
  private func makeRoom() {
    if unsafe callbackState.pointee.outbound > ringSize - callbackState.pointee.inbound {
      unsafe callbackState.pointee.spill()
    }
  }

  /// Corresponds to `SSL_do_handshake(3)`.
  mutating func handshake() -> Outcome {
    while true {
      let before = inboundCount
      let outcome = unsafe perform { unsafe SSL_do_handshake($0) }
      countRings()
      // Checking certificates may leave entries behind although all went well.
      ErrorQueue.clear()
      switch outcome {
      case .wantsRead where inboundCount > 0 && inboundCount < before: continue
      case .success:
        isInsideMessage = false
        unsafe callbackState.pointee.lastReadRequest = 5
        watch(inputEnded)
        return outcome
      default: return outcome
      }
    }
  }

  /// Goes on with a message that the peer began after the handshake, to its end and no further. `SSL_read_ex` would read on
  /// behind it and not tell that it passed. Corresponds to `SSL_do_handshake(3)`.
  mutating func finishMessage() -> Outcome {
    makeRoom()
    let outcome = handshake()
    if case .success = outcome { isEmpty = !hasPending } else { isEmpty = true }
    return outcome
  }

  /// Decrypts into the caller's memory. Corresponds to `SSL_read_ex(3)`.
  @inline(__always)
  mutating func read(into output: inout OutputRawSpan) -> Outcome {
    unsafe output.withUnsafeMutableBytes { buffer, initialized in
      let room = buffer.count - initialized
      var count = 0
      makeRoom()
      let owed = hasSentCloseNotify && hasPendingKeyUpdate
      var outcome = unsafe perform { ssl in
        unsafe SSL_read_ex(ssl, buffer.baseAddress! + initialized, room, &count)
      }
      // After close_notify the answer to a KeyUpdate goes nowhere. libssl writes it when the next message begins, in a call that
      // returns as if that message had passed.
      if owed, !hasPendingKeyUpdate, case .wantsRead = outcome, endedAtControlRecord {
        outcome = unsafe perform { ssl in
          unsafe SSL_read_ex(ssl, buffer.baseAddress! + initialized, room, &count)
        }
      }
      switch outcome {
      case .success:
        initialized += count
        // libssl gives all that it has of a record; short of what was asked for, it has no more.
        isEmpty = count < room
        unsafe callbackState.pointee.lastReadRequest = 5
        unsafe callbackState.pointee.inbound = BIO_ctrl_wpending(callbackState.pointee.network)
      case .wantsRead:
        // Several messages may be in one record, and libssl comes back behind each.
        isEmpty = !endedAtControlRecord || !hasPending
      default:
        isEmpty = true
      }
      return outcome
    }
  }

  /// Seals all bytes into records. Corresponds to `SSL_write_ex(3)`.
  ///
  /// - Returns: how it ended, and how many bytes were sealed before that.
  @inline(__always)
  mutating func write(_ bytes: borrowing RawSpan, count: Int) -> (Outcome, Int) {
    unsafe bytes.withUnsafeBytes { buffer in
      var sealed = 0
      while sealed < count {
        var written = 0
        let outcome = unsafe perform { ssl in
          unsafe SSL_write_ex(ssl, buffer.baseAddress! + sealed, count - sealed, &written)
        }
        guard case .success = outcome else { return (outcome, sealed) }
        sealed += written
      }
      unsafe callbackState.pointee.outbound = BIO_ctrl_pending(callbackState.pointee.network)
      return (.success, sealed)
    }
  }

  /// Sends what libssl has to send without a call for it: the answer to a KeyUpdate, a ticket. Corresponds to a zero-length
  /// `SSL_write_ex(3)`, which is what makes libssl send them.
  mutating func flush() -> Outcome {
    var written = 0
    var nothing: UInt8 = 0
    defer { countRings() }
    return unsafe perform { ssl in unsafe SSL_write_ex(ssl, &nothing, 0, &written) }
  }

  /// libssl has not yet sent the answer to a KeyUpdate.
  var hasPendingKeyUpdate: Bool { unsafe SSL_get_key_update_type(ssl) != SSL_KEY_UPDATE_NONE }

  /// Sends close_notify. The first return of 0 is success too: the peer's own is learnt by reading. Corresponds to
  /// `SSL_shutdown(3)`.
  mutating func shutdown() -> Outcome {
    defer { countRings() }
    let outcome = unsafe perform { ssl in
      let result = unsafe SSL_shutdown(ssl)
      return result == 0 ? 1 : result
    }
    if case .success = outcome {
      // While it reads on, libssl may answer a KeyUpdate. The peer takes what follows close_notify for clear text.
      hasSentCloseNotify = true
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
