extension TLSEngine {
  /// Takes ciphertext that came from the peer. During the handshake it drives it; afterwards it waits for `read`.
  ///
  /// - Parameter ciphertext: bytes in the order of the stream, cut anywhere. They are copied once.
  /// - Returns: how many bytes were accepted. Fewer than given is the back-pressure signal: `read` (or answer the
  ///   question, or take the trailing input), then feed the rest.
  /// - Throws: ``TLSError``: what ended the connection; `.inputAfterEOF` or `.abandoned` if it was not to be fed.
  ///
  /// Corresponds to `BIO_nwrite(3)` and, during the handshake, `SSL_do_handshake(3)`.
  public mutating func feed(_ ciphertext: RawSpan) throws(TLSError) -> Int {
    try admit(.feed)
    if state.isHandshakeDone { return handle.put(ciphertext) }
    return try feedHandshake(ciphertext)
  }

  mutating func feedHandshake(_ ciphertext: RawSpan) throws(TLSError) -> Int {
    opening.append(ciphertext)
    var accepted = 0
    while accepted < ciphertext.byteCount {
      var rest = ciphertext.extracting(droppingFirst: accepted)
      if !state.isHandshakeDone {
        if handshakeBytes == limits.handshakeInputByteCount, state.isHandshaking {
          fail(
            TLSError(
              .limitExceeded, .peer,
              hint:
                "the handshake took more than limits.handshakeInputByteCount, \(limits.handshakeInputByteCount) bytes"))
          try throwFailure()
        }
        rest = rest.extracting(first: min(rest.byteCount, limits.handshakeInputByteCount - handshakeBytes))
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

  /// Tells that the transport ended: no more ciphertext will come. Whether that is a truncation shows at the next
  /// `read` or `handshake`, after all that arrived before it was delivered. Repeating it changes nothing.
  ///
  /// Corresponds to `BIO_shutdown_wr(3)`.
  public mutating func feedEOF() {
    if state.inputEnded { return }
    state.inputDidEnd()
    handle.endInput()
    if state.isHandshaking { advanceHandshake() }
  }

  /// The bytes that were fed behind the peer's close_notify, or that a failed connection never read: exactly these, for
  /// a protocol that goes on in clear. Empty before. Room is made for more to be fed.
  ///
  /// - Returns: the bytes, a copy.
  public mutating func takeTrailingInput() -> [UInt8] {
    guard state.receiving == .closed || state.phase == .failed || state.phase == .abandoned else { return [] }
    return handle.takeInbound()
  }
}
