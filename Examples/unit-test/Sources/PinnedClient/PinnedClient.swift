import SansIOTLS

/// A client that sends a request to a pinned server, and reads the answer up to the server's close_notify.
public struct PinnedClient: Sendable {
  private let pin: Pin
  private let context: TLSContext

  /// Creates a client.
  ///
  /// - Parameter pin: the certificates that the server may present.
  /// - Throws: ``TLSError`` if the configuration is invalid, for example without trust roots.
  public init(pin: Pin) throws(TLSError) {
    self.pin = pin
    context = try TLSContext(pin.configuration)
  }

  /// Sends a request and returns the complete answer.
  ///
  /// - Parameters:
  ///   - request: bytes to send; none is sent before the server has presented a pinned certificate.
  ///   - host: the server's name, which its certificate must match.
  ///   - transport: a connection to the server.
  /// - Returns: the answer, complete because the server sent close_notify.
  /// - Throws: ``TLSError``, with code `.truncated` if the transport ended before the answer did.
  public func ask(_ request: [UInt8], of host: String, over transport: some Transport) throws(TLSError) -> [UInt8] {
    var tls = try TLSEngine(.client(serverName: .dns(host)), context: context)
    var request = request[...], input: ArraySlice<UInt8> = [], answer: [UInt8] = []
    defer { transport.send(tls.drain()) }  // after an error, sends the alert
    while true {
      while case .done(let count) = try tls.write(request), count > 0 {
        request = request.dropFirst(count)
        transport.send(tls.drain())
      }
      transport.send(tls.drain())
      switch try tls.read(upTo: 16_384) {
      case .done(let plaintext): answer += plaintext
      case .needsFeed:
        if input.isEmpty { if let bytes = transport.receive() { input = bytes[...] } else { tls.feedEOF() } }
        if !input.isEmpty { input = input.dropFirst(try tls.feed(input)) }
      case .needsAnswer:
        if case .peerCertificates(let presented) = tls.question { try tls.answer(pin.answer(to: presented)) }
      case .endOfStream where request.isEmpty:
        _ = try tls.closeWriting()
        return answer
      case .endOfStream: continue  // write the rest of the request
      }
    }
  }
}
