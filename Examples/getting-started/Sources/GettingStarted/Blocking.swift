import Glibc
import SansIOTLS
import SansIOTLSTransports

// Guide: transport
/// A connection that blocks: a socket, a pipe, a serial line.
public protocol Transport: AnyObject {
  /// Waits for room and sends some of the bytes, at least one; returns how many.
  func send(_ bytes: RawSpan) throws -> Int
  /// Waits for bytes; `nil` is the end of the connection.
  func receive() throws -> [UInt8]?
}
// Guide: end

// Guide: blocking descriptor
/// A descriptor that blocks. The caller closes it.
public final class BlockingDescriptor: Transport {
  private let descriptor: Int32

  /// Wraps an open descriptor.
  public init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Writes some of the bytes.
  public func send(_ bytes: RawSpan) throws -> Int {
    let count = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    guard count >= 0 else { throw TransportError(.write, number: errno) }
    return count
  }

  /// Reads what has arrived, at most 16 KiB.
  public func receive() throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    guard count >= 0 else { throw TransportError(.read, number: errno) }
    return count == 0 ? nil : Array(bytes[..<count])
  }
}
// Guide: end

// Guide: blocking client
/// Sends a request, closes this direction, and returns the whole response.
public func request(_ request: [UInt8], _ tls: inout TLSEngine, over transport: some Transport) throws -> [UInt8] {
  var request = request[...], isWritten = false, input: ArraySlice<UInt8> = [], response: [UInt8] = []
  func flush() throws { while tls.pendingOutputByteCount > 0 { try tls.drain { try transport.send($0) } } }
  defer { try? flush() }  // the alert after an error, close_notify at the end
  while true {
    while !isWritten, case .done(let count) = try tls.write(request) {
      request = request.dropFirst(count)
      isWritten = request.isEmpty
      if isWritten { _ = try tls.closeWriting() }  // the response can still be read
      try flush()  // makes room for the rest
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
