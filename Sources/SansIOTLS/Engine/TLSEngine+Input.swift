extension TLSEngine {
  /// Adds ciphertext received from the peer. During the handshake it advances the handshake; after the handshake it is
  /// buffered for `read`.
  ///
  /// - Parameter ciphertext: bytes in the order of the stream, divided anywhere. They are copied once.
  /// - Returns: the number of bytes accepted. Fewer than given is the back-pressure signal: `read` (or answer the
  ///   question, or call ``takeTrailingInput()``), then feed the rest.
  /// - Throws: ``TLSError``: what ended the connection; `.inputAfterEOF` after ``feedEOF()``; `.abandoned` after
  ///   ``closeWriting()`` during the handshake.
  ///
  /// Corresponds to `BIO_nwrite(3)` and, during the handshake, `SSL_do_handshake(3)`.
  public mutating func feed(_ ciphertext: RawSpan) throws(TLSError) -> Int {
    try admit(.feed)
    if state.isHandshakeDone { return handle.put(ciphertext) }
    return try feedHandshake(ciphertext)
  }

  @inline(never)
  mutating func feedHandshake(_ ciphertext: RawSpan) throws(TLSError) -> Int {
    opening.append(ciphertext)
    var accepted = 0
    while accepted < ciphertext.byteCount {
      var rest = ciphertext.extracting(droppingFirst: accepted)
      if !state.isHandshakeDone {
        rest = rest.extracting(first: min(rest.byteCount, try admissibleHandshakeInput()))
      }
      let count = handle.put(rest)
      if count == 0 { break }
      accepted += count
      if !state.isHandshakeDone { handshakeBytes += count }
      if state.isHandshaking {
        advanceHandshake()
        try throwFailure()
      }
    }
    return accepted
  }

  /// The number of bytes that the limit of a handshake still admits.
  ///
  /// - Throws: ``TLSError`` with code `.limitExceeded`, which ends the connection, if a handshake is at the limit.
  mutating func admissibleHandshakeInput() throws(TLSError) -> Int {
    let limit = handshakeInputLimit
    if handshakeBytes == limit, state.isHandshaking {
      fail(
        TLSError(
          .limitExceeded, .peer,
          hint: "the handshake exceeded limits.handshakeInputByteCount, \(limits.handshakeInputByteCount) bytes"
            + (limit > limits.handshakeInputByteCount ? ", and maximumEarlyDataByteCount more" : "")))
      try throwFailure()
    }
    return limit - handshakeBytes
  }

  /// Early data is part of the handshake's input, and what the server announces has room.
  private var handshakeInputLimit: Int {
    guard handle.early != nil, context.role == .server else { return limits.handshakeInputByteCount }
    return limits.handshakeInputByteCount + context.configuration.maximumEarlyDataByteCount
  }

  /// Signals the end of the transport: no more ciphertext follows. After all earlier plaintext was delivered, the next
  /// `read` or `handshake` throws `.truncated` if no close_notify was received. Repeating it changes nothing.
  ///
  /// Corresponds to `BIO_shutdown_wr(3)`.
  public mutating func feedEOF() {
    if state.inputEnded { return }
    handle.endInput()
    if state.isHandshaking { advanceHandshake() }
  }

  /// Returns the input after the peer's close_notify, or the input that a failed connection did not read: exactly these
  /// bytes, for protocols that continue in plaintext. They are removed, so that more can be fed.
  ///
  /// - Returns: the bytes, a copy; empty before the peer's close_notify or a failure.
  public mutating func takeTrailingInput() -> [UInt8] {
    state.hasTrailingInput ? handle.takeInbound() : []
  }
}
