internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension SSLHandle {
  /// The tap, if tracing is enabled.
  var tap: MessageTap? { unsafe callbackState.pointee.tap }

  /// Reports the outcome of a call to the tap, if there is one.
  func rest(_ outcome: @autoclosure () -> TLSTracedMessage.CallOutcome) {
    guard let tap else { return }
    tap.rest(outcome(), isBetweenRecords: unsafe sitls_awaits_header(ssl))
  }

  /// Starts tracing. A ClientHello that waits to be drained was written before; it is noted from its bytes.
  ///
  /// Corresponds to `SSL_set_msg_callback(3)`.
  ///
  /// - Parameter limit: The number of messages that may wait to be read.
  mutating func startTap(limit: Int) {
    if tap != nil { return }
    let tap = MessageTap(limit: limit)
    unsafe callbackState.pointee.tap = tap
    unsafe callbackState.pointee.hasPendingEvents = true
    unsafe SSL_set_msg_callback(ssl, Callbacks.message)
    noteWaitingClientHello(in: tap)
  }

  /// The headers of the record and of the message (RFC 8446, sections 5.1 and 4) suffice, but for the identities of
  /// pre-shared keys.
  private mutating func noteWaitingClientHello(in tap: MessageTap) {
    // Sound: the bytes are copied while the segment is valid.
    let segment = unsafe Array(outboundSegment)
    let headers = segment.prefix(9)
    guard headers.count == 9, headers[0] == UInt8(SSL3_RT_HANDSHAKE), headers[5] == UInt8(SSL3_MT_CLIENT_HELLO) else {
      return
    }
    let size = Int(headers[6]) << 16 + Int(headers[7]) << 8 + Int(headers[8])
    // A ClientHello that is divided among records shows none here.
    let identities = ShownIdentities.inClientHello(Array(segment.dropFirst(5).prefix(4 + size)))
    func note(_ kind: Int32, _ bytes: [UInt8]) {
      // Sound: the tap reads the array during the call.
      unsafe bytes.withUnsafeBytes {
        unsafe tap.note(kind, .sent, $0, isTLS13: false, isSettled: false, identities: identities)
      }
    }
    note(SSL3_RT_HEADER, Array(headers[..<5]))
    note(SSL3_RT_HANDSHAKE, headers[5...] + [UInt8](repeating: 0, count: size))
    rest(.needsFeed)
  }
}
