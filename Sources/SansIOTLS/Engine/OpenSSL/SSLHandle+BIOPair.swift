internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The two buffers between libssl and the caller.
extension SSLHandle {
  /// Room for the largest alert: a CBC record with a SHA-384 MAC has 85 bytes.
  static let alertReserve = 128

  /// Creates the buffers and connects libssl to its half.
  mutating func attach() throws(TLSError) {
    // During the handshake no flight has to fit the buffer, and an alert has room even if it ends the handshake in the
    // same call.
    let queue = unsafe state.isHandshakeDone && !alwaysQueues ? nil : try outboundQueue()
    var inner: OpaquePointer?
    var network: OpaquePointer?
    // libssl's side writes into the outbound buffer, which is larger by an alert: see `makeRoom`.
    guard unsafe BIO_new_bio_pair(&inner, ringSize + Self.alertReserve, &network, ringSize) == 1 else {
      throw TLSError(.openSSLFailure, .local, hint: "no memory for a BIO pair", openSSLErrors: ErrorQueue.take())
    }
    unsafe callbackState.pointee.network = network
    if let queue = unsafe queue {
      unsafe BIO_up_ref(queue)
      unsafe SSL_set_bio(ssl, inner, queue)
    } else {
      unsafe SSL_set_bio(ssl, inner, inner)
    }
    if state.sending == .closed { unsafe SSL_set0_wbio(ssl, BIO_new(BIO_s_null())) }
    if state.inputEnded {
      watchReads()
      unsafe sitls_end_of_input(network)
    }
  }

  /// Records from now on the requests by which libssl reads. That costs 2,000 instructions for a small message, so it
  /// is limited to the end of input.
  private func watchReads() {
    let inner = unsafe SSL_get_rbio(ssl)
    unsafe UnsafeMutableRawPointer(callbackState).withMemoryRebound(to: CChar.self, capacity: 1) { argument in
      unsafe BIO_set_callback_arg(inner, argument)
    }
    unsafe BIO_set_callback_ex(inner, CallbackState.watch)
  }

  /// Reallocates the buffers after `hibernate`. Without memory for them the process cannot continue: there is no state
  /// that a caller could use.
  @inline(__always)
  mutating func wake() {
    if unsafe callbackState.pointee.network == nil { attachAgain() }
  }

  @inline(never)
  private mutating func attachAgain() {
    do throws(TLSError) { try attach() } catch { fatalError("\(error)") }
  }

  var isHibernating: Bool { unsafe callbackState.pointee.network == nil }

  /// Frees libssl's record buffers if it is between records, and the BIO pair. Both of its buffers must be empty.
  mutating func hibernate() -> Bool {
    guard unsafe callbackState.pointee.network != nil else { return true }
    guard pendingOutputByteCount == 0, inboundCount == 0, !hasBufferedPlaintext,
      early?.receivedCount ?? 0 == 0
    else { return false }
    // SSL_free_buffers does not detect a record of which only the header has arrived; nor, before CVE-2024-4741 was
    // fixed, one of which a message is still unread.
    if isBetweenRecords, !hasPending { unsafe SSL_free_buffers(ssl) }
    unsafe SSL_set_bio(ssl, nil, nil)
    unsafe BIO_free(callbackState.pointee.network)
    unsafe callbackState.pointee.network = nil
    releaseQueue()
    return true
  }

  var inboundCount: Int { unsafe callbackState.pointee.inbound }
  var pendingOutputByteCount: Int { unsafe callbackState.pointee.outbound + callbackState.pointee.spilled.count }

  /// Whether a read could find something: received bytes, decrypted or not, or the end of input.
  var hasInput: Bool { hasBufferedPlaintext || inboundCount > 0 || state.inputEnded }

  /// The input so far ends between two records.
  var isBetweenRecords: Bool { unsafe callbackState.pointee.lastReadRequest == 5 && sitls_awaits_header(ssl) }

  /// The number of bytes that libssl needs to make progress.
  var bytesNeeded: Int { unsafe max(Int(callbackState.pointee.lastReadRequest) - callbackState.pointee.inbound, 0) }

  /// Copies as much as the inbound buffer has room for.
  @inline(__always)
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

  /// The free part of the inbound buffer that lies in one piece, and no more than `limit` bytes of it; valid until the
  /// next call of libssl. Corresponds to `BIO_nwrite0(3)`.
  mutating func inboundWindow(upTo limit: Int) -> UnsafeMutableRawBufferPointer {
    wake()
    var window: UnsafeMutablePointer<CChar>?
    let room = Int(unsafe BIO_nwrite0(callbackState.pointee.network, &window))
    return unsafe UnsafeMutableRawBufferPointer(start: window, count: max(min(room, limit), 0))
  }

  /// Passes bytes that were written into the window to libssl. Corresponds to `BIO_nwrite(3)`.
  mutating func acceptInbound(_ count: Int) {
    var window: UnsafeMutablePointer<CChar>?
    let accepted = unsafe BIO_nwrite(callbackState.pointee.network, &window, Int32(truncatingIfNeeded: count))
    precondition(accepted == count)
    unsafe callbackState.pointee.inbound += count
  }

  mutating func endInput() {
    wake()
    watchReads()
    state.inputDidEnd()
    unsafe sitls_end_of_input(callbackState.pointee.network)
  }

  /// The first of the outbound bytes, the queue's before the buffer's, as many as lie in one piece; valid until the
  /// next mutation. Corresponds to `BIO_nread0(3)`.
  @inline(__always)
  var outboundSegment: UnsafeRawBufferPointer {
    if unsafe callbackState.pointee.spilled.count > 0 { return unsafe callbackState.pointee.spilled.window }
    if unsafe callbackState.pointee.outbound == 0 { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    var start: UnsafeMutablePointer<CChar>?
    let count = unsafe BIO_nread0(callbackState.pointee.network, &start)
    return unsafe UnsafeRawBufferPointer(start: start, count: max(Int(count), 0))
  }

  /// Removes outbound bytes, no more than the segment has. Corresponds to `BIO_nread(3)`.
  @inline(__always)
  mutating func removeOutbound(_ count: Int) {
    if unsafe callbackState.pointee.spilled.count > 0 { return unsafe callbackState.pointee.spilled.removeFirst(count) }
    if count == 0 { return }
    var start: UnsafeMutablePointer<CChar>?
    unsafe BIO_nread(callbackState.pointee.network, &start, Int32(truncatingIfNeeded: count))
    unsafe callbackState.pointee.outbound -= count
  }

  /// Removes the contents of the inbound buffer, which libssl does not read any more.
  mutating func takeInbound() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(inboundCount)
    while inboundCount > 0 {
      // Input is read through libssl's half, as libssl would have done.
      let inner = unsafe SSL_get_rbio(ssl)
      var window: UnsafeMutablePointer<CChar>?
      let count = Int(unsafe BIO_nread(inner, &window, Int32(clamping: inboundCount)))
      guard count > 0 else { break }
      unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: window, count: count))
      unsafe callbackState.pointee.inbound -= count
    }
    return bytes
  }

  /// Updates the byte counts of the buffers. Each half of the pair counts what it wrote and read since it was created;
  /// to compare them costs a fifth of `BIO_ctrl_pending(3)`.
  @inline(__always)
  func countRings() {
    countInbound()
    countOutbound()
  }

  @inline(__always)
  func countInbound() {
    unsafe callbackState.pointee.inbound = Int(
      truncatingIfNeeded: BIO_number_written(callbackState.pointee.network) &- BIO_number_read(SSL_get_rbio(ssl)))
  }

  @inline(__always)
  func countOutbound() {
    unsafe callbackState.pointee.outbound = Int(
      truncatingIfNeeded: BIO_number_written(SSL_get_rbio(ssl)) &- BIO_number_read(callbackState.pointee.network))
  }

  /// Makes room before libssl reads: what it writes while it reads, a warning for each request to renegotiate, is never
  /// longer than what it reads, and one alert may follow. A buffer without room for that is spilled first.
  @inline(__always)
  func makeRoom() {
    if unsafe callbackState.pointee.outbound + callbackState.pointee.inbound > ringSize {
      unsafe callbackState.pointee.spill()
    }
  }
}
