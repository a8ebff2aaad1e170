import SansIOTLS

/// Round trips of two engines without a channel; the caller moves the bytes. The bar of 1.5 times swift-nio-ssl's round
/// trips of 64 bytes applies to them.
final class EnginePingPong {
  private var client: TLSEngine
  private var server: TLSEngine
  private let message: [UInt8]
  private var buffer: [UInt8] = []

  init(_ peer: AdapterPeer, count: Int) throws {
    client = try TLSEngine(.client(serverName: .dns("localhost")), context: peer.clientContext)
    server = try TLSEngine(.server, context: peer.serverContext)
    message = Array(repeating: 7, count: count)
    buffer.reserveCapacity(count)
    for _ in 0..<4 {
      try client.drain { (segment) throws(TLSError) in try server.feed(segment) }
      try server.drain { (segment) throws(TLSError) in try client.feed(segment) }
      _ = try (client.handshake(), server.handshake())
    }
    guard client.negotiated != nil, server.negotiated != nil else { throw EmbeddedPair.Stalled() }
  }

  func run(_ rounds: Int) throws { try Self.run(rounds, message, &client, &server, &buffer) }

  /// Runs all rounds with one access to the engines and the buffer, as with local variables.
  private static func run(
    _ rounds: Int, _ message: [UInt8], _ client: inout TLSEngine, _ server: inout TLSEngine, _ buffer: inout [UInt8]
  ) throws {
    // The raw bytes of a span count as unsafe for types with padding; UInt8 has none.
    let plaintext = unsafe message.span.bytes
    for _ in 0..<rounds {
      try pass(plaintext, from: &client, to: &server, &buffer)
      try pass(plaintext, from: &server, to: &client, &buffer)
    }
  }

  private static func pass(
    _ plaintext: RawSpan, from source: inout TLSEngine, to target: inout TLSEngine, _ buffer: inout [UInt8]
  ) throws {
    guard case .done(plaintext.byteCount) = try source.write(plaintext) else { throw EmbeddedPair.Stalled() }
    try source.drain { (segment) throws(TLSError) in try target.feed(segment) }
    buffer.removeAll(keepingCapacity: true)
    try buffer.append(addingCapacity: plaintext.byteCount) { output in _ = try target.read(into: &output) }
    guard buffer.count == plaintext.byteCount else { throw EmbeddedPair.Stalled() }
  }
}
