import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The sizes of the records that are sent before the handshake is done.
@Suite(.tags(.behaviour, .law16))
struct EarlyRecordSizeTests {
  private static let start = TLSRecordPolicy.SmallStart(recordByteCount: 1000, totalByteCount: 3500)
  /// The bytes that a record of TLS 1.3 adds to its plaintext.
  private static let overhead = 22

  private static func sizes(_ bytes: [UInt8]) -> [Int] { recordLengths(bytes).map { $0 - overhead } }

  /// A server that begins with small records, and sends no ticket among them.
  private static func endsWithSmallStart() throws -> EarlyEnds {
    try EarlyEnds { _, server in
      server.records.smallStart = start
      server.resumption = .tickets(timing: .onRequest)
    }
  }

  @Test func `a server's first early records are small, and so are those that are left after the handshake`() throws {
    let ends = try Self.endsWithSmallStart()
    var pair = try EnginePair(client: ends.client, server: ends.server)
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    let flight = pair.drain(from: .server)
    #expect(try pair.writeEarly(pattern(1500)[...], from: .server) == .done(1500))
    let early = pair.drain(from: .server)
    #expect(Self.sizes(early) == [1000, 500])
    _ = try pair.feed(flight + early, to: .client)
    try pair.handshake()
    #expect(try pair.receive(at: .client) == pattern(1500))
    _ = try pair.write(pattern(20_000)[...], from: .server)
    #expect(Self.sizes(pair.drain(from: .server)) == [1000, 1000, 16_384, 1616])
  }

  @Test func `small early records of a server are followed by large ones, and again by small ones after idleness`()
    throws
  {
    let ends = try Self.endsWithSmallStart()
    var pair = try EnginePair(client: ends.client, server: ends.server)
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    var sent = pair.drain(from: .server)
    var plaintext: [UInt8] = []
    for _ in 0..<2 {
      #expect(try pair.writeEarly(pattern(20_000)[...], from: .server) == .done(20_000))
      let early = pair.drain(from: .server)
      #expect(Self.sizes(early) == [1000, 1000, 1000, 500, 16_384, 116])
      sent += early
      plaintext += pattern(20_000)
      pair.reportIdle(at: .server)
    }
    pair.link.send(sent, from: .server)
    #expect(try pair.receive(at: .client) == plaintext)
    try pair.handshake()
    _ = try pair.write(pattern(3600)[...], from: .server)
    #expect(Self.sizes(pair.drain(from: .server)) == [1000, 1000, 1000, 500, 100])
  }

  @Test(.tags(.law11)) func `small early records stay within pending output`() throws {
    let ends = try EarlyEnds { _, server in
      server.records.smallStart = .init(recordByteCount: 64, totalByteCount: 100_000)
    }
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 40_000 }
    var pair = try EnginePair(client: ends.client, server: ends.server, limits: limits)
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    let bytes = pattern(200_000)
    var accepted = 0
    while case .done(let count) = try pair.server.writeEarly(Array(bytes[accepted...])) { accepted += count }
    #expect(accepted > 25_000)
    #expect(pair.server.pendingOutputByteCount < 40_000 + 16_640)
    #expect(try pair.receive(at: .client) == Array(bytes.prefix(accepted)))
    try pair.handshake()
  }

  @Test func `a client's early data begins with small records, and those that are left follow the handshake`() throws {
    let ends = try EarlyEnds { client, _ in client.records.smallStart = Self.start }
    var pair = try ends.pair(try ends.session())
    #expect(try pair.writeEarly(pattern(1500)[...]) == .done(1500))
    let flight = pair.drain(from: .client)
    // The first records are the ClientHello's.
    #expect(Self.sizes(flight).suffix(2) == [1000, 500])
    _ = try pair.feed(flight, to: .server)
    #expect(try pair.readEarly() == .done(pattern(1500)))
    try pair.handshake()
    try pair.settle()
    _ = try pair.write(pattern(3000)[...], from: .client)
    #expect(Self.sizes(pair.drain(from: .client)) == [1000, 1000, 1000])
  }

  /// A server cannot read what it rejects, and counts whole records (RFC 8446, section 4.2.10).
  @Test(arguments: [(nil, 64, 100_000), (nil, 1360, 20_000), (256, 1000, 3500), (4096, 64, 500)] as [(Int?, Int, Int)])
  func `as many small records as a client can write may be rejected without harm`(
    padding: Int?, record: Int, total: Int
  ) throws {
    let ends = try EarlyEnds(maximum: 50_000) { client, server in
      client.records.smallStart = .init(recordByteCount: record, totalByteCount: total)
      client.records.paddingByteCount = padding
      server.pausesAtClientHello = true
      server.earlyDataReplayFilter = nil
    }
    let session = try ends.session()
    for isAtOnce in [true, false] {
      var pair = try ends.pair(session)
      let capacity = pair.client.earlyDataCapacity
      #expect(capacity > 2000)
      var written = 0
      while written < capacity {
        let part = isAtOnce || written >= total ? .max : min(record * 3, total - written)
        let count = min(part, capacity - written)
        try #require(try pair.writeEarly(pattern(count)[...]) == .done(count))
        written += count
        // Parts that are whole records leave as much as one write takes.
        #expect(pair.client.earlyDataCapacity == capacity - written)
      }
      #expect(pair.client.earlyDataCapacity == 0)
      while pair.step() {}
      try pair.answer(.serve, at: .server)
      try pair.handshake()
      #expect(pair.client.earlyDataEvents() == [.rejected(byteCount: capacity)])
    }
  }

  private static let policies: [TLSRecordPolicy] = {
    var policies = [512, 1000, 16_384].map { maximum in
      var policy = TLSRecordPolicy()
      policy.maximumByteCount = maximum
      return policy
    }
    var policy = TLSRecordPolicy()
    policy.smallStart = .init(recordByteCount: 1000, totalByteCount: 50_500)
    policies.append(policy)
    return policies
  }()

  @Test(arguments: policies)
  func `what can be written at once can be written in parts too, which pending output ends`(
    policy: TLSRecordPolicy
  ) throws {
    let ends = try EarlyEnds(maximum: 100_000) { client, _ in client.records = policy }
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 20_000 }
    var pair = try ends.pair(try ends.session(), limits: limits)
    let capacity = pair.client.earlyDataCapacity
    var written = 0
    while written < capacity {
      let step = try pair.client.writeEarly([UInt8](repeating: 5, count: capacity - written))
      written += try #require(step.value, "after \(written) of \(capacity) bytes")
      #expect(pair.client.pendingOutputByteCount < 20_000 + 16_640)
      _ = try pair.feed(pair.drain(from: .client), to: .server)
      while case .done = try pair.server.readEarly(upTo: 20_000) {}
    }
    try pair.handshake()
    #expect(pair.client.earlyData == .accepted(byteCount: capacity))
  }
}
