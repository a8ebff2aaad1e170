import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The kit's pairs with pre-shared keys.
struct PreSharedPairTests {
  @Test(arguments: [TLSVersion.tls12, .tls13], TLSPreSharedKey.Hash.allCases)
  func `a pair by a key is one line`(version: TLSVersion, hash: TLSPreSharedKey.Hash) throws {
    var pair = try EnginePair(preSharedKey: .test("device", hash: hash), version: version)
    try pair.handshake()
    #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
    #expect(pair.log.report.contains("pre-shared key device"))
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a seed decides every byte of a conversation by a key`(version: TLSVersion) throws {
    func tape(_ seed: UInt64) throws -> Tape {
      let world = SeededWorld(seed: seed)
      var pair = try EnginePair(preSharedKey: .test(), version: version, in: world)
      try pair.handshake()
      _ = try pair.transfer([1, 2, 3], from: .client)
      _ = try pair.transfer([4], from: .server)
      return try #require(pair.log.tape)
    }
    let (first, second, other) = (try tape(1), try tape(1), try tape(2))
    #expect(first.digest == second.digest)
    #expect(first.digest != other.digest)
    let world = SeededWorld(seed: 1)
    var again = try EnginePair(preSharedKey: .test(), version: version, in: world)
    try first.replay(on: &again)
  }

  @Test func `a tape has the identity of a key that an answer accepts, and a replay asks for the key`() throws {
    let key = try TLSPreSharedKey(identity: "device", key: [UInt8](repeating: 0xA5, count: 32))
    func pair() throws -> EnginePair {
      try EnginePair(preSharedKey: key, version: .tls13, in: SeededWorld(seed: 3)) { _, server in
        server.preSharedKeys = [.test("another")]
        server.pausesAtClientHello = true
      }
    }
    var first = try pair()
    while first.step() {}
    try first.answer(.serve.accepting(key), at: .server)
    try first.handshake()
    #expect(first.server.negotiated?.peerAuthentication == .preSharedKey(identity: key.identity))
    let text = try #require(first.log.tape).description
    #expect(text.contains("server answer serve,preSharedKey:646576696365 = "))
    #expect(!text.contains("a5a5a5a5"))
    let tape = try Tape(parsing: text)
    var again = try pair()
    var asked: [[UInt8]] = []
    try tape.replay(
      on: &again,
      accepting: { identity in
        asked.append(identity)
        return key
      })
    #expect(asked == [key.identity])
    #expect(again.log.tape == first.log.tape)
    var without = try pair()
    #expect(throws: Tape.Difference.self) { try tape.replay(on: &without) }
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `the ladder shows the identity where the client shows it, and none of a ticket`(version: TLSVersion) throws {
    for name in ["device 1", "gerät"] {
      var pair = try EnginePair(preSharedKey: .test(name), version: version)
      try pair.handshake()
      let lines = pair.log.report.split(separator: "\n")
      let shown = try #require(lines.firstIndex { $0.contains("pre-shared key \(name)") })
      #expect(lines[shown - 1].contains(version == .tls13 ? "ClientHello" : "ClientKeyExchange"))
      #expect(lines.count { $0.contains("pre-shared key") } == 2, "the agreement is the other")
    }
    var (client, server) = try EnginePair.configurations(version: version)
    client.tracesMessages = true
    server.tracesMessages = true
    var first = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    try first.handshake()
    var second = try first.resumed()
    try second.handshake()
    #expect(second.client.negotiated?.isResumed == true)
    #expect(!second.log.report.contains("pre-shared key"))
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a conversation by a key does not depend on how its bytes are divided`(version: TLSVersion) throws {
    for faults in 0..<4 {
      var pair = try EnginePair(
        preSharedKey: .test(), version: version, link: SimulatedLink(seed: UInt64(faults), faults: .harmless))
      try pair.handshake(limit: 100_000)
      #expect(try pair.transfer([UInt8](repeating: 5, count: 3000), from: .client).count == 3000)
    }
  }

  @Test func `keys for tests are the same in each process`() {
    #expect(TLSPreSharedKey.test("a") == .test("a"))
    #expect(TLSPreSharedKey.test("a") != .test("b"))
  }
}
