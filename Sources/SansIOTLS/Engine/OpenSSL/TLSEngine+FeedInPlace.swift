/// Input without a copy. The window is the free part of the inbound buffer: valid until the next call of libssl, and
/// lent to the closure for the duration of its call.
extension TLSEngine {
  /// Lends the free memory of the inbound buffer to a closure, which appends ciphertext received from the peer: a
  /// transport receives where libssl reads, without a copy. Otherwise as ``feed(_:)-(RawSpan)``.
  ///
  /// The memory is as much as is free in one piece, which may be less than is free altogether: 0 is returned only if
  /// there is none, so a full buffer, and not a small window, is the back-pressure signal. A hibernating engine
  /// allocates its buffers: wait until the transport has bytes before the call.
  ///
  /// - Parameters:
  ///   - count: bytes at most.
  ///   - body: appends 0 or more bytes in the order of the stream, divided anywhere. It is called once, or not at all
  ///     if the buffer is full.
  /// - Returns: the number of bytes appended, all of which are accepted; 0 if the buffer is full.
  /// - Throws: ``FeedError``: `.engine` with the errors of ``feed(_:)-(RawSpan)``, thrown before the closure is called,
  ///   or after it if the bytes made the handshake fail; `.body` with what `body` throws. What it appended before that
  ///   is accepted; if it also made the handshake fail, the next call throws that error.
  ///
  /// Corresponds to `BIO_nwrite0(3)`, `BIO_nwrite(3)` and, during the handshake, `SSL_do_handshake(3)`.
  @inlinable
  @inline(never)
  public mutating func feed<E: Error>(
    upTo count: Int = .max, _ body: (inout OutputRawSpan) throws(E) -> Void
  ) throws(FeedError<E>) -> Int {
    // Specialised in the caller's module, and not inlined: Swift 6.3.1 cannot compile an asynchronous function that
    // contains this body.
    let window: UnsafeMutableRawBufferPointer
    do throws(TLSError) { unsafe window = try inboundWindow(upTo: count) } catch { throw .engine(error) }
    if unsafe window.isEmpty { return 0 }
    var output = unsafe OutputRawSpan(buffer: window, initializedCount: 0)
    var failure: E?
    do throws(E) { try body(&output) } catch { failure = error }
    // Verifies that the closure did not replace the span by another.
    let fed = unsafe output.finalize(for: window)
    unsafe acceptInput(UnsafeRawBufferPointer(rebasing: window[..<fed]))
    if let failure { throw .body(failure) }
    do throws(TLSError) { try throwFailureOfInput() } catch { throw .engine(error) }
    return fed
  }

  @usableFromInline
  mutating func inboundWindow(upTo count: Int) throws(TLSError) -> UnsafeMutableRawBufferPointer {
    try admit(.feed)
    let acceptable = state.isHandshakeDone ? count : min(count, try admissibleHandshakeInput())
    return unsafe handle.inboundWindow(upTo: acceptable)
  }

  /// Counts bytes that were written into the window, and advances the handshake with them.
  @usableFromInline
  mutating func acceptInput(_ bytes: UnsafeRawBufferPointer) {
    if unsafe bytes.isEmpty { return }
    handle.acceptInbound(bytes.count)
    if state.isHandshakeDone { return }
    opening.append(unsafe bytes.bytes)
    handshakeBytes += bytes.count
    if state.isHandshaking { advanceHandshake() }
  }

  @usableFromInline
  mutating func throwFailureOfInput() throws(TLSError) { try throwFailure() }
}
