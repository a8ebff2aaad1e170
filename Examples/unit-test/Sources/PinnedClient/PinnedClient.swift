import SansIOTLS

/// Asks a server that it knows by its certificate: sends a request, and reads the answer up to the server's end.
public struct PinnedClient: Sendable {
  private let pin: Pin
  private let context: TLSContext

  /// Makes a client.
  ///
  /// - Parameter pin: the certificates that the server may show.
  /// - Throws: ``TLSError`` if no context can be made, for example without trust.
  public init(pin: Pin) throws(TLSError) {
    self.pin = pin
    context = try TLSContext(pin.configuration)
  }

  /// Sends a request and returns all of the answer.
  ///
  /// - Parameters:
  ///   - request: bytes to send; none of them leaves before the server has shown the right certificate.
  ///   - host: the server's name, as its certificate has it.
  ///   - transport: a connection to the server.
  /// - Returns: the answer, which the server has said to be all.
  /// - Throws: ``TLSError``, with `.truncated` if the answer was cut short.
  public func ask(_ request: [UInt8], of host: String, over transport: some Transport) throws(TLSError) -> [UInt8] {
    var tls = try TLSEngine(.client(serverName: .dns(host)), context: context)
    var request = request[...], input: ArraySlice<UInt8> = [], answer: [UInt8] = []
    defer { transport.send(tls.drain()) }  // after an error, the alert still leaves
    while true {
      if case .done(let count) = try tls.write(request) { request = request.dropFirst(count) }
      transport.send(tls.drain())
      switch try tls.read(upTo: 16_384) {
      case .done(let plaintext): answer += plaintext
      case .needsFeed:
        if input.isEmpty { if let bytes = transport.receive() { input = bytes[...] } else { tls.feedEOF() } }
        if !input.isEmpty { input = input.dropFirst(try tls.feed(input)) }
      case .needsAnswer: if let question = tls.question { try tls.answer(pin.answer(to: question)) }
      case .endOfStream where request.isEmpty:
        _ = try tls.close()
        return answer
      case .endOfStream, .needsDrain: continue  // the rest of the request is still due
      }
    }
  }
}
