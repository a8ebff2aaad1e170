internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// The two buffers between libssl and the caller.
extension SSLHandle {
  /// Room for the largest alert: a CBC record with a SHA-384 MAC has 85 bytes.
  static let alertReserve = 128

  /// Creates the buffers and connects libssl to its half.
  mutating func attach() throws(TLSError) {
    var inner: OpaquePointer?
    var network: OpaquePointer?
    // libssl's side writes into the outbound buffer, which is larger by an alert: see `makeRoom`.
    guard unsafe BIO_new_bio_pair(&inner, ringSize + Self.alertReserve, &network, ringSize) == 1 else {
      throw TLSError(.openSSLFailure, .local, hint: "no memory for a BIO pair", openSSLErrors: ErrorQueue.take())
    }
    unsafe UnsafeMutableRawPointer(callbackState).withMemoryRebound(to: CChar.self, capacity: 1) { argument in
      unsafe BIO_set_callback_arg(inner, argument)
    }
    if isWatching { unsafe BIO_set_callback_ex(inner, CallbackState.watch) }
    unsafe SSL_set_bio(ssl, inner, inner)
    unsafe callbackState.pointee.network = network
    if state.sending == .closed { unsafe SSL_set0_wbio(ssl, BIO_new(BIO_s_null())) }
    if state.inputEnded { unsafe sitls_end_of_input(network) }
  }

  mutating func watch(_ isWatching: Bool) {
    self.isWatching = isWatching
    unsafe BIO_set_callback_ex(SSL_get_rbio(ssl), isWatching ? CallbackState.watch : nil)
  }

  /// Reallocates the buffers after `hibernate`. Without memory for them the process cannot continue: there is no state
  /// that a caller could use.
  @inline(__always)
  mutating func wake() {
    if unsafe callbackState.pointee.network == nil {
      do throws(TLSError) { try attach() } catch { fatalError("\(error)") }
    }
  }

  var isHibernating: Bool { unsafe callbackState.pointee.network == nil }

  /// Frees libssl's record buffers if it is between records, and the BIO pair. Both of its buffers must be empty.
  mutating func hibernate() -> Bool {
    guard unsafe callbackState.pointee.network != nil else { return true }
    guard pendingOutputByteCount == 0, inboundCount == 0, !hasBufferedPlaintext else { return false }
    // SSL_free_buffers does not detect a record of which only the header has arrived; nor, before CVE-2024-4741 was
    // fixed, one of which a message is still unread.
    if isBetweenRecords, !hasPending { unsafe SSL_free_buffers(ssl) }
    unsafe SSL_set_bio(ssl, nil, nil)
    unsafe BIO_free(callbackState.pointee.network)
    unsafe callbackState.pointee.network = nil
    unsafe callbackState.pointee.spilled.release()
    return true
  }

  var inboundCount: Int { unsafe callbackState.pointee.inbound }
  var pendingOutputByteCount: Int { unsafe callbackState.pointee.outbound + callbackState.pointee.spilled.count }

  /// Whether a read could find something: received bytes, decrypted or not, or the end of input.
  var hasInput: Bool { hasBufferedPlaintext || inboundCount > 0 || state.inputEnded }

  /// The input so far ends between two records.
  var isBetweenRecords: Bool { unsafe callbackState.pointee.lastReadRequest == 5 && sitls_awaits_header(ssl) }

  /// The number of bytes that libssl needs to make progress.
  var bytesNeeded: Int { unsafe max(callbackState.pointee.lastReadRequest - callbackState.pointee.inbound, 0) }

  /// Copies as much as the inbound buffer has room for.
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
    watch(true)
    state.inputDidEnd()
    unsafe sitls_end_of_input(callbackState.pointee.network)
  }

  /// Passes the outbound bytes to the body in order, the queue's first, then the buffer's own window, until the body
  /// consumes less than it was passed.
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

  /// Updates the byte counts of the buffers.
  @inline(__always)
  func countRings() {
    unsafe callbackState.pointee.inbound = BIO_ctrl_wpending(callbackState.pointee.network)
    unsafe callbackState.pointee.outbound = BIO_ctrl_pending(callbackState.pointee.network)
  }

  /// Makes room before libssl reads: what it writes while it reads, a warning for each request to renegotiate, is never
  /// longer than what it reads, and one alert may follow. A buffer without room for that is spilled first.
  @inline(__always)
  func makeRoom() {
    if unsafe callbackState.pointee.outbound > ringSize - callbackState.pointee.inbound {
      unsafe callbackState.pointee.spill()
    }
  }
}
