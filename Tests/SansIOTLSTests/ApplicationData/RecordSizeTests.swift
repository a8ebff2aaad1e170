import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 71 to 73 of the page OpenSSLFacts: the sizes of records and their padding.
@Suite(.tags(.openSSLFact))
struct RecordSizeTests {
  /// The bytes that a record adds to its plaintext, with the suites that the pair agrees on.
  private static func overhead(_ version: TLSVersion) -> Int { version == .tls13 ? 22 : 29 }

  private static func pair(
    _ version: TLSVersion, limits: TLSEngine.Limits = .default, _ change: (inout TLSRecordPolicy) -> Void
  ) throws -> EnginePair {
    var pair = try EnginePair.connected(version, limits: limits) { client, server in
      change(&client.records)
      change(&server.records)
      server.records.requestedByteCount = nil
      client.cipherList = "ECDHE-ECDSA-AES128-GCM-SHA256"
    }
    try pair.settle()
    return pair
  }

  private static func expectRoundTrip(_ pair: inout EnginePair) throws {
    let plaintext = pattern(100_000)
    for side in TLSRole.allCases { #expect(try pair.transfer(plaintext, from: side) == plaintext) }
    try pair.shutdown()
  }

  @Test(arguments: TLSVersion.both, [512, 1_400, 16_383])
  func `no record is larger than the maximum, in the handshake neither`(version: TLSVersion, maximum: Int) throws {
    var handshake = try EnginePair.connected(version, handshake: false) { client, server in
      client.records.maximumByteCount = maximum
      server.records.maximumByteCount = maximum
    }
    _ = try handshake.server.feed(handshake.client.drain())
    #expect(recordLengths(handshake.server.drain()).allSatisfy { $0 <= maximum + 5 + 17 })
    var pair = try Self.pair(version) { $0.maximumByteCount = maximum }
    for side in TLSRole.allCases {
      _ = try pair.write(pattern(2 * maximum + 10)[...], from: side)
      let record = maximum + Self.overhead(version)
      #expect(recordLengths(pair.drain(from: side)) == [record, record, 10 + Self.overhead(version)])
    }
  }

  @Test(arguments: TLSVersion.both)
  func `small records come first, and again after idleness`(version: TLSVersion) throws {
    var pair = try Self.pair(version) { $0.smallStart = .init(recordByteCount: 1000, totalByteCount: 3500) }
    let overhead = Self.overhead(version)
    for _ in 0..<2 {
      _ = try pair.write(pattern(500)[...], from: .server)
      _ = try pair.write(pattern(20_000)[...], from: .server)
      #expect(
        recordLengths(pair.drain(from: .server))
          == [500, 1000, 1000, 1000, 16_384, 616].map { $0 + overhead })
      _ = try pair.write(pattern(5000)[...], from: .server)
      #expect(recordLengths(pair.drain(from: .server)) == [5000 + overhead])
      pair.reportIdle(at: .server)
    }
  }

  @Test(arguments: TLSVersion.both, [512, 1024, 2048, 4096])
  func `a client's maximum is that of both sides`(version: TLSVersion, maximum: Int) throws {
    var pair = try Self.pair(version) { $0.requestedByteCount = maximum }
    for side in TLSRole.allCases {
      #expect(pair[side].maximumFragmentByteCount == maximum)
      _ = try pair.write(pattern(2 * maximum)[...], from: side)
      let lengths = recordLengths(pair.drain(from: side))
      #expect(lengths == [maximum + Self.overhead(version), maximum + Self.overhead(version)])
    }
    var plain = try Self.pair(version) { _ in }
    #expect(plain.client.maximumFragmentByteCount == nil)
    #expect(try plain.transfer([1], from: .client) == [1])
  }

  @Test(arguments: TLSVersion.both)
  func `a resumption keeps the maximum that the client asks for`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.records.requestedByteCount = 1024
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    server.records = TLSRecordPolicy()
    var first = try EnginePair(client: contexts.client, server: contexts.server)
    try first.handshake()
    try first.settle()
    let session = try #require(first.client.allSessions().last)
    var second = try EnginePair(client: contexts.client, server: contexts.server, session: session)
    try second.handshake()
    #expect(second.client.negotiated?.isResumed == true)
    #expect(second.client.maximumFragmentByteCount == 1024)
    #expect(second.server.maximumFragmentByteCount == 1024)
  }

  @Test(arguments: TLSRole.allCases)
  func `records of TLS 1.3 are padded to a multiple, and full ones do not grow`(side: TLSRole) throws {
    var pair = try Self.pair(.tls13) { $0.paddingByteCount = 512 }
    for count in [1, 100, 511, 512, 16_000, 16_384] {
      _ = try pair.write(pattern(count)[...], from: side)
      let length = try #require(recordLengths(pair.drain(from: side)).first)
      #expect(length >= count + 22)
      #expect(length <= 16_384 + 22)
      // The content type is padded too.
      #expect((length - 5 - 16) % 512 == 0 || length == 16_384 + 22)
    }
    var other = try Self.pair(.tls13) { $0.paddingByteCount = 512 }
    try Self.expectRoundTrip(&other)
  }

  @Test(.tags(.law5), arguments: [64, 17 * 1024], [512, 16_384])
  func `a padded alert is sent, whatever the buffer`(ring: Int, padding: Int) throws {
    var pair = try Self.pair(.tls13, limits: .with { $0.bufferByteCount = ring }) { $0.paddingByteCount = padding }
    _ = try pair.write(pattern(20_000)[...], from: .server)
    _ = try? pair.server.absorb(corruptRecord)
    #expect(pair.server.failure?.alertSent == .badRecordMAC)
    var rest = pair.server.drain()[...]
    var received: [UInt8] = []
    let error = thrownError {
      while !rest.isEmpty {
        rest = rest.dropFirst(try pair.client.feed(rest))
        while case .done(let some) = try pair.client.read(upTo: 16_384) { received += some }
      }
    }
    #expect(error?.alertReceived == .badRecordMAC)
    #expect(received == pattern(20_000))
  }

  @Test(.tags(.law5), arguments: [64, 1000])
  func `a padded connection that slept continues`(ring: Int) throws {
    var pair = try Self.pair(.tls13, limits: .with { $0.bufferByteCount = ring }) { $0.paddingByteCount = 4096 }
    for side in TLSRole.allCases { pair.hibernate(side) }
    #expect(try pair.transfer(pattern(5000), from: .client) == pattern(5000))
    for side in TLSRole.allCases { pair.hibernate(side) }
    _ = try? pair.server.absorb(corruptRecord)
    #expect(pair.server.failure?.alertSent == .badRecordMAC)
    #expect(thrownError { _ = try pair.client.absorb(pair.server.drain()) }?.alertReceived == .badRecordMAC)
  }

  @Test(.tags(.law11), arguments: TLSVersion.both)
  func `pending output stays within its limit and one record`(version: TLSVersion) throws {
    // More than the limit.
    let bytes = pattern(100_000)
    for records in [512, 16_384] {
      var pair = try Self.pair(version, limits: .with { $0.pendingOutputByteCount = 40_000 }) {
        $0.maximumByteCount = records
        $0.smallStart = .init(recordByteCount: 100, totalByteCount: 10_000)
      }
      var accepted = 0
      while case .done(let count) = try pair.server.write(bytes) { accepted += count }
      #expect(accepted > 30_000)
      #expect(pair.server.pendingOutputByteCount < 40_000 + 16_640)
      #expect(try pair.client.absorb(pair.server.drain()).count == accepted)
    }
  }

  @Test(.tags(.law2, .law3), arguments: TLSVersion.both, [64, 700, 17 * 1024])
  func `buffers of any size carry records of any size`(version: TLSVersion, ring: Int) throws {
    for maximum in [512, 3000] {
      var pair = try Self.pair(version, limits: .with { $0.bufferByteCount = ring }) {
        $0.maximumByteCount = maximum
        $0.smallStart = .init(recordByteCount: 64, totalByteCount: 5000)
        if version == .tls13 { $0.paddingByteCount = 128 }
      }
      try Self.expectRoundTrip(&pair)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a context that asks about a ClientHello and serves it has its sizes`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    var asking = server
    asking.pausesAtClientHello = true
    asking.records.maximumByteCount = 512
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(asking))
    pair.step()
    try pair.answer(TLSEngine.ClientHello.Answer.serve, at: .server)
    #expect(recordLengths(pair.drain(from: .server)).allSatisfy { $0 <= 512 + 22 })
  }

  @Test(arguments: TLSVersion.both)
  func `the context that serves decides the sizes`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    var asking = server
    asking.pausesAtClientHello = true
    asking.records.maximumByteCount = 512
    var serving = server
    serving.records.maximumByteCount = 2000
    if version == .tls13 { serving.records.paddingByteCount = 256 }
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(asking))
    pair.step()
    try pair.answer(.serve(with: TLSContext(serving)), at: .server)
    try pair.handshake()
    try pair.settle()
    _ = try pair.write(pattern(4001)[...], from: .server)
    let lengths = recordLengths(pair.drain(from: .server))
    #expect(lengths.count == 3)
    #expect(lengths.allSatisfy { $0 <= 2000 + 29 && $0 > 100 } || version == .tls12)
  }

  @Test(.tags(.law16))
  func `sizes that cannot be are refused by name`() throws {
    func expect(
      _ culprit: String, _ change: (inout TLSContext.Configuration) -> Void,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      var configuration = TLSContext.Configuration.client()
      configuration.peerVerification = .none
      change(&configuration)
      expectRefusal(.invalidConfiguration, .misuse, naming: culprit, sourceLocation: sourceLocation) {
        _ = try TLSContext(configuration)
      }
    }
    expect("maximumByteCount is 511") { $0.records.maximumByteCount = 511 }
    expect("maximumByteCount is 16385") { $0.records.maximumByteCount = 16_385 }
    expect("paddingByteCount is 1") { $0.records.paddingByteCount = 1 }
    expect("paddingByteCount is 16385") { $0.records.paddingByteCount = 16_385 }
    expect("requestedByteCount is 1000") { $0.records.requestedByteCount = 1000 }
    expect("recordByteCount is 63") { $0.records.smallStart = .init(recordByteCount: 63) }
    expect("recordByteCount is 1360") {
      $0.records.maximumByteCount = 1000
      $0.records.smallStart = .init()
    }
    expect("totalByteCount is 99") { $0.records.smallStart = .init(recordByteCount: 100, totalByteCount: 99) }
    expect("paddingByteCount needs TLS 1.3") {
      $0.records.paddingByteCount = 512
      $0.maximumVersion = .tls12
    }
    var server = TLSContext.Configuration.server(try TestIdentity.server().identity)
    server.records.requestedByteCount = 512
    expectRefusal(.invalidConfiguration, .misuse, naming: "a client's") { _ = try TLSContext(server) }
  }

  @Test(.tags(.law16))
  func `a context that pads and allows TLS 1.2 warns`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.peerVerification = .none
    configuration.records.paddingByteCount = 512
    #expect(try TLSContext(configuration).warnings == [.unpaddedRecords(.tls12)])
    configuration.minimumVersion = .tls13
    #expect(try TLSContext(configuration).warnings == [])
  }
}
