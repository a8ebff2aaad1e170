import SansIOTLS

// Guide: transport
/// A connection that blocks: a socket, a pipe, a serial line.
public protocol Transport: AnyObject {
  /// Waits for room and sends some of the bytes, at least one; returns how many.
  func send(_ bytes: RawSpan) throws -> Int
  /// Waits for bytes; `nil` is the end of the connection.
  func receive() throws -> [UInt8]?
}
// Guide: end

// Guide: blocking client
/// Sends a request, closes this direction, and returns the whole response.
public func request(_ request: [UInt8], _ tls: inout TLSEngine, over transport: some Transport) throws -> [UInt8] {
  var request = request[...], input: ArraySlice<UInt8> = [], response: [UInt8] = []
  func flush() throws { while tls.pendingOutputByteCount > 0 { try tls.drain { try transport.send($0) } } }
  defer { try? flush() }  // the alert after an error, close_notify at the end
  while true {
    if !request.isEmpty, case .done(let count) = try tls.write(request) {
      request = request.dropFirst(count)
      if request.isEmpty { _ = try tls.closeWriting() }  // the response can still be read
    }
    try flush()
    switch try tls.read(upTo: 16_384) {
    case .done(let plaintext): response += plaintext
    case .needsFeed:
      if input.isEmpty { if let bytes = try transport.receive() { input = bytes[...] } else { tls.feedEOF() } }
      if !input.isEmpty { input = input.dropFirst(try tls.feed(input)) }
    case .endOfStream: return response
    default: preconditionFailure("this context asks no questions")
    }
  }
}
// Guide: end

// Guide: blocking server
/// Answers what the client sends, until the client closes.
public func serve(
  _ tls: inout TLSEngine, over transport: some Transport, answer: ([UInt8]) -> [UInt8]
) throws {
  var output: ArraySlice<UInt8> = [], input: ArraySlice<UInt8> = []
  func flush() throws { while tls.pendingOutputByteCount > 0 { try tls.drain { try transport.send($0) } } }
  defer { try? flush() }
  while true {
    while !output.isEmpty, case .done(let count) = try tls.write(output) {
      output = output.dropFirst(count)
      try flush()
    }
    try flush()
    switch try tls.read(upTo: 16_384) {
    case .done(let plaintext): output += answer(plaintext)
    case .needsFeed:
      if input.isEmpty { if let bytes = try transport.receive() { input = bytes[...] } else { tls.feedEOF() } }
      if !input.isEmpty { input = input.dropFirst(try tls.feed(input)) }
    case .endOfStream:
      _ = try tls.closeWriting()
      return
    default: preconditionFailure("this context asks no questions")
    }
  }
}
// Guide: end

// Guide: ask
/// Asks a server one thing.
public func ask(_ question: [UInt8], of name: String, context: TLSContext, over transport: some Transport) throws
  -> [UInt8]
{
  var tls = try TLSEngine(.client(serverName: .dns(name)), context: context)
  return try request(question, &tls, over: transport)
}
// Guide: end
