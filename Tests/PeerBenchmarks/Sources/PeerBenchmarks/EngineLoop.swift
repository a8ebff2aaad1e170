import SansIOTLS

/// Two engines without a channel; the caller moves the bytes. The bar of 1.5 times swift-nio-ssl's round trips of 64
/// bytes applies to them.
struct EngineLoop: ~Copyable {
  private var client: TLSEngine
  private var server: TLSEngine
  private let message: [UInt8]
  private var buffer: [UInt8] = []

  /// Creates both ends and performs the handshake.
  ///
  /// - Parameters:
  ///   - peer: the contexts.
  ///   - count: the size of a message in bytes.
  init(_ peer: AdapterPeer, message count: Int) throws {
    var client = try TLSEngine(.client(serverName: .dns("localhost")), context: peer.clientContext)
    var server = try TLSEngine(.server, context: peer.serverContext)
    for _ in 0..<4 {
      try client.drain { (segment) throws(TLSError) in try server.feed(segment) }
      try server.drain { (segment) throws(TLSError) in try client.feed(segment) }
      _ = try (client.handshake(), server.handshake())
    }
    guard client.negotiated != nil, server.negotiated != nil else { throw EmbeddedPair.Stalled() }
    self.client = client
    self.server = server
    message = Array(repeating: 7, count: count)
    buffer.reserveCapacity(count + 1)
  }

  /// Sends a message and its echo, repeatedly.
  mutating func roundTrips(_ count: Int) throws {
    // A copy, because the loop has exclusive access to `self`. The raw bytes of a span count as unsafe for types with
    // padding; UInt8 has none.
    let message = message
    let plaintext = unsafe message.span.bytes
    for _ in 0..<count {
      try Self.pass(plaintext, from: &client, to: &server, &buffer)
      try Self.pass(plaintext, from: &server, to: &client, &buffer)
    }
  }

  /// Sends messages in one direction, record by record.
  mutating func bulk(_ count: Int) throws {
    let message = message
    let plaintext = unsafe message.span.bytes
    for _ in 0..<count {
      var sent = 0
      while sent < plaintext.byteCount {
        let piece = plaintext.extracting(droppingFirst: sent).extracting(first: min(16_384, plaintext.byteCount - sent))
        try Self.pass(piece, from: &client, to: &server, &buffer)
        sent += piece.byteCount
      }
    }
  }

  /// Discards the events of both ends, a session ticket among them, and releases the buffers.
  ///
  /// - Returns: whether they were released.
  mutating func hibernate() -> Bool {
    while client.nextEvent() != nil || server.nextEvent() != nil {}
    return client.hibernate() && server.hibernate()
  }

  private static func pass(
    _ plaintext: RawSpan, from source: inout TLSEngine, to target: inout TLSEngine, _ buffer: inout [UInt8]
  ) throws {
    guard case .done(plaintext.byteCount) = try source.write(plaintext) else { throw EmbeddedPair.Stalled() }
    try source.drain { (segment) throws(TLSError) in try target.feed(segment) }
    buffer.removeAll(keepingCapacity: true)
    // With room for more, so that the engine knows that it has no more.
    try buffer.append(addingCapacity: plaintext.byteCount + 1) { output in _ = try target.read(into: &output) }
    guard buffer.count == plaintext.byteCount else { throw EmbeddedPair.Stalled() }
  }
}
