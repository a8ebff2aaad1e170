import SansIOTLS

/// Whatever moves bytes: a serial line, WebSocket frames, an SSH channel. This is all that the loop asks of it.
protocol Transport: AnyObject {
  /// Takes bytes toward the peer and tells how many it took.
  func send(_ bytes: RawSpan) -> Int
  /// Waits for bytes from the peer; `nil` is the end.
  func receive() -> [UInt8]?
}

/// Sends a request and returns all of the answer.
func converse(_ tls: inout TLSEngine, over transport: some Transport, request: [UInt8]) throws(TLSError) -> [UInt8] {
  // README: the loop
  var request = request[...], input: ArraySlice<UInt8> = [], answer: [UInt8] = []
  defer { tls.drain { transport.send($0) } }  // after an error, the alert still leaves
  while true {
    if case .done(let count) = try tls.write(request) { request = request.dropFirst(count) }
    tls.drain { transport.send($0) }  // 1. drain first, always
    switch try tls.read(upTo: 16_384) {  // 2. read until it needs more
    case .done(let plaintext): answer += plaintext
    case .needsFeed:  // 3. feed what came, or the end
      if input.isEmpty { if let bytes = transport.receive() { input = bytes[...] } else { tls.feedEOF() } }
      if !input.isEmpty { input = input.dropFirst(try tls.feed(input)) }
    case .endOfStream: _ = try tls.close(); return answer  // the peer said that this is all
    case .needsDrain, .needsAnswer: continue
    }
  }
  // README: end
}
