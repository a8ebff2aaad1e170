import SansIOTLS

/// A transport of bytes: a serial line, WebSocket frames, an SSH channel.
protocol Transport: AnyObject {
  /// Waits until the transport accepts bytes, and sends them.
  ///
  /// - Parameter bytes: at least one byte.
  /// - Returns: the number of bytes accepted, a prefix of `bytes`. The remainder is offered again at once, so that this
  ///   call has to wait.
  /// - Throws: the error that ended the transport.
  func send(_ bytes: RawSpan) throws -> Int

  /// Waits for bytes from the peer.
  ///
  /// - Returns: at least one byte; `nil` at the end of the transport.
  /// - Throws: the error that ended the transport.
  func receive() throws -> [UInt8]?
}

/// Answers the questions of an engine, each by an answer of its type.
protocol Delegate {
  func decide(_ hello: TLSEngine.ClientHello) -> TLSEngine.ClientHello.Answer
  func decide(_ certificates: TLSEngine.PeerCertificates) -> TLSEngine.PeerCertificates.Answer
}

extension Delegate {
  func decide(_ hello: TLSEngine.ClientHello) -> TLSEngine.ClientHello.Answer { .serve }
  func decide(_ certificates: TLSEngine.PeerCertificates) -> TLSEngine.PeerCertificates.Answer { .followVerification }
}

/// Follows the configuration.
struct Defaults: Delegate {}

/// Sends a request and returns the whole response.
///
/// - Parameters:
///   - tls: an engine; the handshake is performed if it is not complete.
///   - transport: a connection to the peer.
///   - request: bytes to send.
///   - delegate: answers the engine's questions.
/// - Returns: the plaintext received up to the peer's close_notify.
/// - Throws: `TLSError`, with code `.truncated` if the transport ended before the response did; the error of
///   `transport`.
func converse(
  _ tls: inout TLSEngine, over transport: some Transport, request: [UInt8],
  delegate: some Delegate = Defaults()
) throws -> [UInt8] {
  // Guide: the loop
  var request = request[...], input: ArraySlice<UInt8> = [], response: [UInt8] = []
  func flush() throws { while tls.pendingOutputByteCount > 0 { try tls.drain { try transport.send($0) } } }
  defer { try? flush() }  // the alert after an error, close_notify at the end
  while true {
    while case .done(let count) = try tls.write(request), count > 0 { request.removeFirst(count); try flush() }
    try flush()  // 1. drain first, all of it: the transport may take a part
    switch try tls.read(upTo: 16_384) {  // 2. read until it needs more
    case .done(let plaintext): response += plaintext
    case .needsFeed:  // 3. feed input, or the end of the transport
      if input.isEmpty { if let bytes = try transport.receive() { input = bytes[...] } else { tls.feedEOF() } }
      if !input.isEmpty { input = input.dropFirst(try tls.feed(input)) }
    case .needsAnswer:  // 4. answer the question
      switch tls.question {
      case .clientHello(let hello): try tls.answer(delegate.decide(hello))
      case .peerCertificates(let certificates): try tls.answer(delegate.decide(certificates))
      default: try tls.answerAsConfigured()
      }
    case .endOfStream where request.isEmpty: _ = try tls.closeWriting(); return response  // the peer sent everything
    case .endOfStream: continue  // write the rest of the request
    }
  }
  // Guide: end
}
