import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The laws of the engine over conversations with early data.
struct EarlyDataLawTests {
  private static func script(
    _ world: SeededWorld, _ link: SimulatedLink, limits: TLSEngine.Limits = .default, hibernates: Bool = false
  ) throws -> EnginePair {
    let ends = try EarlyEnds(maximum: 50_000, in: world)
    var pair = try ends.pair(try ends.session(), limits: limits, link: link)
    var random = SplitMix(seed: world.seed)
    var sent: [UInt8] = []
    for _ in 0..<4 {
      let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: Int(random.next() % 9_000))
      try pair.sendEarly(bytes)
      sent += bytes
      if hibernates {
        pair.link.send(pair.drain(from: .client), from: .client)
        let isAsleep = pair.hibernate(.client)
        #expect(isAsleep)
      }
    }
    var received: [UInt8] = []
    while received.count < sent.count {
      received += try pair.receiveEarly()
      if hibernates { pair.hibernate(.server) }
    }
    #expect(received == sent)
    try pair.handshake()
    #expect(pair.client.earlyData == .accepted(byteCount: sent.count))
    #expect(try pair.transfer([1, 2, 3], from: .server) == [1, 2, 3])
    #expect(try pair.transfer([1, 2, 3], from: .client) == [1, 2, 3])
    try pair.shutdown()
    return pair
  }

  @Test(.tags(.law2), arguments: TestSeeds.first(3))
  func `early data does not depend on how it is divided`(seed: UInt64) throws {
    try verifyChunking(seed: seed, cuts: 3) { world, link in try Self.script(world, link) }
  }

  @Test(.tags(.law3, .law4), arguments: TestSeeds.first(6))
  func `buffers of 64 bytes are enough`(seed: UInt64) throws {
    let limits = TLSEngine.Limits.with { $0.bufferByteCount = 64 }
    _ = try Self.script(SeededWorld(seed: seed), SimulatedLink(seed: seed, faults: [.splits]), limits: limits)
  }

  @Test(arguments: TestSeeds.first(6))
  func `engines hibernate among early data`(seed: UInt64) throws {
    _ = try Self.script(SeededWorld(seed: seed), .direct, hibernates: true)
  }

  @Test(arguments: TestSeeds.first(2))
  func `a seed determines every byte of early data`(seed: UInt64) throws {
    let first = try Self.script(SeededWorld(seed: seed), .direct).log.tape?.digest
    let second = try Self.script(SeededWorld(seed: seed), .direct).log.tape?.digest
    #expect(first != nil)
    #expect(first == second)
  }

  @Test(.tags(.law1)) func `nothing changes while nothing is fed`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly([1])
    for _ in 0..<3 {
      #expect(try pair.client.handshake() == .needsFeed)
      #expect(try pair.client.read(upTo: 1) == .needsFeed)
      #expect(try pair.client.write([1]) == .needsFeed)
    }
    #expect(try pair.writeEarly([2][...]) == .done(1))
    let pending = pair.client.pendingOutputByteCount
    #expect(try pair.client.handshake() == .needsFeed)
    #expect(pair.client.pendingOutputByteCount == pending)
    #expect(try pair.receiveEarly() == [1, 2])
  }

  @Test(.tags(.law6)) func `a failure among early data stays`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly([1, 2, 3])
    var flight = pair.drain(from: .client)
    flight[flight.count - 1] ^= 1
    #expect(thrownError { _ = try pair.feed(flight, to: .server) }?.code == .protocolViolation)
    #expect(pair.server.failure?.alertSent == .badRecordMAC)
    for _ in 0..<2 {
      #expect(thrownError { _ = try pair.readEarly() }?.code == .protocolViolation)
      #expect(thrownError { _ = try pair.writeEarly([1][...], from: .server) }?.code == .protocolViolation)
    }
  }

  @Test func `keys can be changed as soon as the handshake is done`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly([1])
    #expect(try pair.client.keyUpdate(requestingPeer: true) == .needsFeed)
    try pair.handshake()
    #expect(try pair.keyUpdate(from: .client, requestingPeer: true) == .done)
    #expect(try pair.transfer([2], from: .client) == [2])
    #expect(try pair.transfer([2], from: .server) == [2])
    #expect(try pair.readEarly() == .done([1]))
  }
}
