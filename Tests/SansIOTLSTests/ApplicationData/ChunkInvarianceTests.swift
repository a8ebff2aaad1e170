import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 2. The result of a byte stream depends on its bytes, never on how it was divided.
@Suite(.tags(.law2))
struct ChunkInvarianceTests {
  /// Signatures of a fixed length, so that two handshakes of the same contexts send records of the same lengths.
  private static let authority = TestAuthority(key: .ed25519)
  private static let serverIdentity = authority.issue(names: ["localhost"], key: .ed25519)
  private static let clientIdentity = authority.issue(subject: "Client", key: .ed25519, usage: .client)

  private struct Contexts {
    let client: TLSContext
    let server: TLSContext
    let version: TLSVersion

    init(_ version: TLSVersion, tickets: Int) throws {
      var (client, server) = try EnginePair.configurations(version: version, identity: serverIdentity)
      try EnginePair.authenticateClient(&client, &server, clientIdentity)
      server.resumption = .tickets(count: tickets)
      self.client = try TLSContext(client)
      self.server = try TLSContext(server)
      self.version = version
    }

    func outcome(
      count: Int, limits: TLSEngine.Limits = .default, feedsInPlace: Bool = false, nextPiece: @escaping () -> Int
    ) throws -> (Conversation.Outcome, pieces: Int) {
      var conversation = Conversation(
        try EnginePair(client: client, server: server, limits: limits), feedsInPlace: feedsInPlace,
        nextPiece: nextPiece)
      try conversation.run(count: count, version: version)
      return (conversation.outcome, conversation.pieces)
    }
  }

  /// Pieces of a random size up to a random maximum: some streams in small chunks, some in large ones.
  private static func randomPieces(seed: UInt64) -> () -> Int {
    var random = SplitMix(seed: seed)
    let most = 1 << Int.random(in: 1...13, using: &random)
    return { Int.random(in: 1...most, using: &random) }
  }

  @Test(arguments: TLSVersion.both)
  func `a whole conversation has the same outcome for two hundred random divisions`(version: TLSVersion) throws {
    let contexts = try Contexts(version, tickets: 0)
    let (whole, _) = try contexts.outcome(count: 1000) { .max }
    var cuts = 0
    for seed in UInt64(1)...200 {
      let (cut, pieces) = try contexts.outcome(count: 1000, nextPiece: Self.randomPieces(seed: seed))
      #expect(cut == whole, "seed \(seed)")
      cuts += pieces
    }
    #expect(cuts > 4000)
  }

  /// Small buffers, so that the windows wrap around and end within records.
  @Test(arguments: TLSVersion.both, [100, 1000, 17_408])
  func `a conversation received in the engine's own memory has the same outcome`(
    version: TLSVersion, size: Int
  ) throws {
    let contexts = try Contexts(version, tickets: 0)
    let limits = TLSEngine.Limits.with { $0.bufferByteCount = size }
    // All around the buffer at least once.
    let count = max(4000, size + 2000)
    let (whole, _) = try contexts.outcome(count: count) { .max }
    #expect(try contexts.outcome(count: count, limits: limits, feedsInPlace: true) { .max }.0 == whole)
    for seed in UInt64(1)...20 {
      let (cut, _) = try contexts.outcome(
        count: count, limits: limits, feedsInPlace: true, nextPiece: Self.randomPieces(seed: seed))
      #expect(cut == whole, "seed \(seed)")
    }
  }

  /// A ticket's length depends on a random number inside it, so here the records are counted and not measured.
  @Test(arguments: TLSVersion.both)
  func `a conversation with tickets has the same outcome for random divisions`(version: TLSVersion) throws {
    let contexts = try Contexts(version, tickets: 3)
    let (whole, _) = try contexts.outcome(count: 1000) { .max }
    #expect(whole.events[.client]?.filter { $0.hasPrefix("sessionTicket") }.count == (version == .tls13 ? 3 : 1))
    for seed in UInt64(1001)...1050 {
      let (cut, _) = try contexts.outcome(count: 1000, nextPiece: Self.randomPieces(seed: seed))
      #expect(cut.plaintext == whole.plaintext, "seed \(seed)")
      #expect(cut.events == whole.events, "seed \(seed)")
      #expect(cut.needs == whole.needs, "seed \(seed)")
      #expect(cut.sent.mapValues(\.count) == whole.sent.mapValues(\.count), "seed \(seed)")
    }
  }

  @Test(arguments: TLSVersion.both)
  func `one byte at a time and whole flights have the same outcome`(version: TLSVersion) throws {
    let contexts = try Contexts(version, tickets: 0)
    let (whole, _) = try contexts.outcome(count: 20_000) { .max }
    let (bytewise, _) = try contexts.outcome(count: 20_000) { 1 }
    #expect(bytewise == whole)
  }

  /// The identities of the next test, generated once in a world of their own: RSA keys are slow to generate.
  private static let seeded: [TestIdentity.KeyType: (server: TestIdentity, client: TestIdentity)] = Dictionary(
    uniqueKeysWithValues: [TestIdentity.KeyType.p256, .ed25519, .rsa2048, .p384].map { key in
      let authority = SeededWorld(seed: 20).authority()
      return (
        key,
        (authority.issue(names: ["localhost"], key: key), authority.issue(subject: "Client", key: key, usage: .client))
      )
    })

  /// In a seeded world the ciphertext itself is compared, tickets and signatures of any length included.
  @Test(
    arguments: TLSVersion.both,
    [(TestIdentity.KeyType.p256, 17_408), (.ed25519, 64), (.rsa2048, 700), (.p384, 4096)]
      as [(TestIdentity.KeyType, Int)])
  func `the ciphertext of both sides does not depend on how it is divided`(
    version: TLSVersion, kind: (key: TestIdentity.KeyType, bufferSize: Int)
  ) throws {
    let limits = TLSEngine.Limits.with { $0.bufferByteCount = kind.bufferSize }
    let (serverIdentity, clientIdentity) = try #require(Self.seeded[kind.key])
    try verifyChunking(seed: 21, cuts: 12) { world, link in
      var (client, server) = try EnginePair.configurations(version: version, identity: serverIdentity)
      try EnginePair.authenticateClient(&client, &server, clientIdentity)
      server.resumption = .tickets(count: 3)
      var pair = try EnginePair(
        client: world.context(client), server: world.context(server), limits: limits, link: link, in: world)
      try pair.handshake()
      for side in TLSRole.allCases {
        _ = try pair.transfer(pattern(3000), from: side)
        if version == .tls13 { try pair.keyUpdate(from: side, requestingPeer: true) }
        _ = try pair.transfer(pattern(10), from: side)
      }
      try pair.shutdown()
      return pair
    }
  }

  /// Twenty requests in one feed, in twenty or in five hundred have the same twenty answers (row 12).
  @Test(arguments: TLSRole.allCases)
  func `each request for a key update is answered, however many are received at once`(side: TLSRole) throws {
    try verifyChunking(seed: 12, cuts: 8) { world, link in
      var pair = try EnginePair(version: .tls13, link: link, in: world)
      try pair.handshake()
      #expect(try pair.transfer([0], from: side.peer) == [0])
      for _ in 0..<20 { #expect(try pair.keyUpdate(from: side.peer, requestingPeer: true) == .done) }
      #expect(try pair.transfer([1], from: side.peer) == [1])
      #expect(pair[side].pendingOutputByteCount == 20 * 27)
      #expect(try pair.transfer([2], from: side) == [2])
      try pair.shutdown()
      return pair
    }
  }

  /// The conversation that all buffer sizes are compared with.
  private static let large = Result {
    try Dictionary(
      uniqueKeysWithValues: TLSVersion.both.map { version in
        let contexts = try Contexts(version, tickets: 0)
        return (version, (contexts, try contexts.outcome(count: 200_000) { .max }.0))
      })
  }

  @Test(arguments: TLSVersion.both, [64, 100, 512, 4096, 17_408, 65_536, 262_144])
  func `the size of the buffers changes nothing`(version: TLSVersion, size: Int) throws {
    let (contexts, expected) = try #require(try Self.large.get()[version])
    let limits = TLSEngine.Limits.with { $0.bufferByteCount = size }
    let (outcome, _) = try contexts.outcome(count: 200_000, limits: limits) { .max }
    #expect(outcome == expected)
    #expect(outcome.plaintext[.server]?.starts(with: Conversation.clientBytes) == true)
    #expect(outcome.plaintext[.client]?.starts(with: Conversation.serverBytes) == true)
  }

  /// The one stream of a real handshake that can be replayed: a server draws nothing before it has read it all.
  @Test(arguments: TLSVersion.both)
  func `a recorded ClientHello divided anywhere has one answer`(version: TLSVersion) throws {
    let contexts = try Contexts(version, tickets: 0)
    var client = try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client)
    let hello = client.drain()
    var whole = try TLSEngine(.server, context: contexts.server)
    #expect(try whole.feed(hello) == hello.count)
    let expected = recordLengths(whole.drain())
    #expect(expected.count > 1)
    for cut in 1..<hello.count {
      var server = try TLSEngine(.server, context: contexts.server)
      #expect(try server.feed(hello[..<cut]) == cut)
      #expect(server.needs == [.feed], "cut at \(cut)")
      #expect(try server.feed(hello[cut...]) == hello.count - cut)
      #expect(recordLengths(server.drain()) == expected, "cut at \(cut)")
    }
  }

  @Test(
    arguments: [
      Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8),
      [UInt8](repeating: 0xff, count: 40), [22, 3, 1, 0, 4, 1, 0, 0, 0], [21, 3, 1, 0, 2, 2, 40],
      [22, 3, 1, 0x7f, 0xff, 0, 0, 0, 0, 0, 0],
    ])
  func `a failing stream divided anywhere has one error`(stream: [UInt8]) throws {
    let server = try TLSContext(.server(try Self.serverIdentity.identity))
    func failure(_ pieces: [ArraySlice<UInt8>]) throws -> (String?, alert: [UInt8]) {
      var engine = try TLSEngine(.server, context: server)
      for piece in pieces where engine.failure == nil { _ = try? engine.feed(piece) }
      engine.feedEOF()
      return (engine.failure?.description, engine.drain())
    }
    let whole = try failure([stream[...]])
    #expect(whole.0 != nil)
    #expect(try failure(stream.indices.map { stream[$0...$0] }) == whole)
    for cut in 1..<stream.count {
      #expect(try failure([stream[..<cut], stream[cut...]]) == whole, "cut at \(cut)")
    }
  }
}
