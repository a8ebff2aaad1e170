import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 10. Nothing is lost after the end: what follows the peer's close_notify is returned byte for byte.
@Suite(.tags(.law10))
struct TrailingInputTests {
  /// The last records of `side`: some plaintext and its close_notify.
  private func lastWords(of side: TLSRole, in pair: inout EnginePair) throws -> [UInt8] {
    try pair.settle()
    _ = try pair[side].write(Array("bye".utf8))
    _ = try pair[side].closeWriting()
    return pair[side].drain()
  }

  @Test(.tags(.behaviour), arguments: TLSVersion.both, TLSRole.allCases)
  func `bytes after close_notify are returned exactly`(version: TLSVersion, side: TLSRole) throws {
    for count in [1, 4, 5, 6, 1000, 15_000] {
      var pair = try EnginePair.connected(version)
      let words = try lastWords(of: side.peer, in: &pair)
      let trailing = pattern(count)
      let stream = words + trailing
      #expect(try pair[side].feed(stream) == stream.count)
      #expect(pair[side].takeTrailingInput().isEmpty, "the end was not read yet")
      #expect(try pair[side].read(upTo: 100) == .done(Array("bye".utf8)))
      #expect(try pair[side].read(upTo: 100) == .endOfStream)
      #expect(pair[side].takeTrailingInput() == trailing)
      #expect(pair[side].takeTrailingInput().isEmpty)
      _ = try pair[side].feed([1, 2, 3])
      #expect(try pair[side].read(upTo: 100) == .endOfStream)
      #expect(pair[side].takeTrailingInput() == [1, 2, 3])
      #expect(pair[side].failure == nil)
    }
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `bytes after close_notify are returned when they are fed one by one`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    let words = try lastWords(of: side.peer, in: &pair)
    // What looks like a record is not read as one.
    let trailing: [UInt8] = [23, 3, 3, 0, 5] + pattern(300)
    var plaintext: [UInt8] = []
    for byte in words + trailing {
      #expect(try pair[side].feed([byte]) == 1)
      plaintext += try pair[side].readAll()
    }
    #expect(plaintext == Array("bye".utf8))
    #expect(try pair[side].read(upTo: 1) == .endOfStream)
    #expect(pair[side].takeTrailingInput() == trailing)
    #expect(pair[side].failure == nil)
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `more trailing input than the buffer holds is returned in parts`(version: TLSVersion, side: TLSRole) throws {
    let limits = TLSEngine.Limits.with { $0.bufferByteCount = 100 }
    var pair = try EnginePair.connected(version, limits: limits)
    let words = try lastWords(of: side.peer, in: &pair)
    let trailing = pattern(5000)
    var rest = (words + trailing)[...]
    var returned: [UInt8] = []
    while !rest.isEmpty {
      let accepted = try pair[side].feed(rest)
      #expect(accepted > 0)
      #expect(accepted <= 100)
      rest = rest.dropFirst(accepted)
      _ = try pair[side].readAll()
      returned += pair[side].takeTrailingInput()
    }
    #expect(returned == trailing)
  }

  @Test(.tags(.behaviour), arguments: TLSVersion.both)
  func `TLS records after close_notify are returned unread`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    var other = try EnginePair.connected(version)
    try pair.settle()
    try other.settle()
    _ = try other.client.write("data after the end".utf8)
    let record = other.client.drain()
    _ = try pair.client.closeWriting()
    _ = try pair.server.feed(pair.client.drain() + record)
    #expect(try pair.server.read(upTo: 100_000) == .endOfStream)
    #expect(pair.server.takeTrailingInput() == record)
  }

  @Test(.tags(.behaviour), arguments: TLSVersion.both)
  func `a new connection may follow on the same transport`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let contexts = (try TLSContext(client), try TLSContext(server))
    var first = try EnginePair(client: contexts.0, server: contexts.1)
    try first.handshake()
    let words = try lastWords(of: .client, in: &first)
    var second = try EnginePair(client: contexts.0, server: contexts.1)
    let hello = second.client.drain()
    #expect(try first.server.feed(words + hello) == words.count + hello.count)
    _ = try first.server.readAll()
    #expect(try first.server.read(upTo: 1) == .endOfStream)
    #expect(try second.server.absorb(first.server.takeTrailingInput()).isEmpty)
    try second.handshake()
    #expect(try second.transfer([1], from: .client) == [1])
  }

  @Test(arguments: TLSVersion.both, TLSVersion.both)
  func `TLS runs inside TLS`(outerVersion: TLSVersion, innerVersion: TLSVersion) throws {
    var outer = try EnginePair.connected(outerVersion)
    try outer.settle()
    var inner = try EnginePair.connected(innerVersion, handshake: false)
    func tunnel(from side: TLSRole) throws -> Int {
      let ciphertext = inner[side].drain()
      if ciphertext.isEmpty { return 0 }
      let through = try outer.transfer(ciphertext, from: side)
      #expect(through == ciphertext)
      return try inner[side.peer].feed(through)
    }
    while try tunnel(from: .client) + tunnel(from: .server) > 0 {
      _ = try inner.client.readAll()
      _ = try inner.server.readAll()
    }
    #expect(inner.client.negotiated?.version == innerVersion)
    #expect(inner.server.negotiated?.version == innerVersion)
    #expect(try inner.client.write(Array("deep".utf8)) == .done(4))
    #expect(try inner.client.closeWriting() == .done)
    _ = try tunnel(from: .client)
    #expect(try inner.server.readAll() == Array("deep".utf8))
    #expect(try inner.server.read(upTo: 1) == .endOfStream)
    // The inner end is not the outer's.
    #expect(try outer.transfer([1, 2], from: .client) == [1, 2])
    try outer.shutdown()
  }

  @Test(arguments: TLSVersion.both)
  func `the unread input of an abandoned connection is returned`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false) { _, server in server.pausesAtClientHello = true }
    let hello = pair.client.drain()
    #expect(try pair.server.feed(hello + [1, 2, 3]) == hello.count + 3)
    #expect(pair.server.question != nil)
    #expect(pair.server.takeTrailingInput().isEmpty, "the handshake may still continue")
    #expect(try pair.server.closeWriting() == .done)
    #expect(pair.server.takeTrailingInput() == [1, 2, 3])
    #expect(pair.server.takeTrailingInput().isEmpty)
    #expect(pair.server.drain().isEmpty)
  }

  @Test(arguments: TLSVersion.both)
  func `the unread input of a failed connection is returned`(version: TLSVersion) throws {
    let server = try TLSContext(EnginePair.configurations(version: version).server)
    var failed = try TLSEngine(.server, context: server)
    let request = Array("GET / HTTP/1.1\r\n\r\n".utf8)
    _ = try? failed.feed(request)
    #expect(failed.failure?.code == .notTLS)
    let unread = failed.takeTrailingInput()
    #expect(request.suffix(unread.count) == unread[...], "libssl took a header, the rest is here")
    #expect(unread.count >= request.count - 11)
  }
}
