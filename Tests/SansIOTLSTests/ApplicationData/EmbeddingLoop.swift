import SansIOTLS

/// Whatever moves bytes: a serial line, WebSocket frames, an SSH channel. This is all that the loop asks of it.
protocol Transport: AnyObject {
  /// Waits for room, and takes bytes for the peer.
  ///
  /// - Parameter bytes: at least one byte.
  /// - Returns: how many bytes it took, from the first on. The rest is offered again at once, so that waiting for room is
  ///   up to this call.
  /// - Throws: what ended the transport.
  func send(_ bytes: RawSpan) throws -> Int

  /// Waits for bytes from the peer.
  ///
  /// - Returns: at least one byte; `nil` at the end of the transport.
  /// - Throws: what ended the transport.
  func receive() throws -> [UInt8]?
}

/// Sends a request and returns the whole response.
///
/// - Parameters:
///   - tls: an engine whose handshake is made on the way.
///   - transport: a connection to the peer.
///   - request: bytes to send.
///   - decide: answers the questions of a context that asks.
/// - Returns: what the peer sent, up to its close_notify.
/// - Throws: `TLSError`, with code `.truncated` if the transport ended before the response did; what `transport` throws.
func converse(
  _ tls: inout TLSEngine, over transport: some Transport, request: [UInt8],
  decide: (TLSEngine.Question) -> TLSEngine.Answer = { _ in .proceed }
) throws -> [UInt8] {
  // README: the loop
  var request = request[...], input: ArraySlice<UInt8> = [], response: [UInt8] = []
  func flush() throws { while tls.pendingOutputByteCount > 0 { try tls.drain { try transport.send($0) } } }
  defer { try? flush() }  // the alert after an error, close_notify at the end
  while true {
    if case .done(let count) = try tls.write(request) { request = request.dropFirst(count) }
    try flush()  // 1. drain first, all of it: the transport may take a part
    switch try tls.read(upTo: 16_384) {  // 2. read until it needs more
    case .done(let plaintext): response += plaintext
    case .needsFeed:  // 3. feed what came, or the end of the transport
      if input.isEmpty { if let bytes = try transport.receive() { input = bytes[...] } else { tls.feedEOF() } }
      if !input.isEmpty { input = input.dropFirst(try tls.feed(input)) }
    case .needsAnswer: if let question = tls.question { try tls.answer(decide(question)) }  // 4. answer a question
    case .endOfStream where request.isEmpty: _ = try tls.close(); return response  // the peer sent everything
    case .endOfStream, .needsDrain: continue  // write the rest of the request
    }
  }
  // README: end
}
