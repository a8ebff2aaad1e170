import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 5. The alert is sent: after a fatal error everything up to and including the alert is drained, and the peer
/// reports it.
@Suite(.tags(.law5))
struct AlertTests {
  @Test(arguments: TLSVersion.both, Breakage.allCases)
  func `the peer reports the alert of the side that failed`(version: TLSVersion, breakage: Breakage) throws {
    try check(version, breakage, .default)
  }

  /// A flight that is pending leaves other space in each buffer. The other failures find an empty buffer: the smallest
  /// is enough for these.
  @Test(arguments: TLSVersion.both, [64, 300, 700, 1000, 1500, 4096])
  func `the alert is complete however full the buffer was`(version: TLSVersion, bufferSize: Int) throws {
    let limits = TLSEngine.Limits.with { $0.bufferByteCount = bufferSize }
    for breakage in bufferSize == 64 ? Breakage.allCases : [.garbageBehindHello] {
      try check(version, breakage, limits)
    }
  }

  /// The free space of the buffer when the alert is due has every size that could truncate it.
  @Test(arguments: TLSVersion.both)
  func `the alert is complete for every amount of free space after a flight`(version: TLSVersion) throws {
    let contexts = try EnginePair.configurations(version: version, identity: Self.fixed)
    let (client, server) = (try TLSContext(contexts.client), try TLSContext(contexts.server))
    var probe = try EnginePair(client: client, server: server)
    _ = try probe.server.feed(probe.client.drain())
    let flight = probe.server.pendingOutputByteCount
    let alert = Breakage.garbageBehindHello.expectation(version).alert
    for size in flight - 5...flight + 40 {
      let limits = TLSEngine.Limits.with { $0.bufferByteCount = size }
      var pair = try EnginePair(client: client, server: server, limits: limits)
      let stream = pair.client.drain() + [UInt8](repeating: 0xff, count: 64)
      let error = thrownError { _ = try pair.server.feed(stream) }
      #expect(error?.alertSent == alert)
      let last = pair.server.drain()
      #expect(recordLengths(last).reduce(0, +) == last.count)
      #expect(thrownError { _ = try pair.client.absorb(last) }?.alertReceived == alert)
    }
  }

  /// Signatures of a fixed length make flights of a fixed length.
  private static let fixed = TestAuthority(key: .ed25519).issue(names: ["localhost"], key: .ed25519)

  private func check(_ version: TLSVersion, _ breakage: Breakage, _ limits: TLSEngine.Limits) throws {
    let expected = breakage.expectation(version)
    var pair = try breakage.pair(version, limits: limits)
    #expect(pair[expected.side].needs == [.drain])
    let (failure, last) = (pair[expected.side].failure, pair[expected.side].drain())
    #expect(failure?.code == expected.code, "\(breakage): \(failure as Any)")
    #expect(failure?.alertSent == expected.alert, "\(breakage): \(failure as Any)")
    #expect(recordLengths(last).reduce(0, +) == last.count)
    let reported = thrownError {
      _ = try pair[expected.side.peer].absorb(last)
    }
    #expect(reported?.code == .alertReceived, "\(breakage): \(reported as Any)")
    #expect(reported?.alertReceived == expected.alert, "\(breakage): \(reported as Any)")
  }

  // MARK: After the handshake

  /// The protection of the records. The largest alert is that of a CBC suite with a SHA-384 MAC.
  enum Suite: CaseIterable {
    case tls13, tls12, tls12CBC

    func contexts() throws -> (client: TLSContext, server: TLSContext) {
      var (client, server) = try EnginePair.configurations(
        version: self == .tls13 ? .tls13 : .tls12, identity: .server(key: self == .tls12CBC ? .rsa2048 : .p256))
      if self == .tls12CBC { client.cipherList = "ECDHE-RSA-AES256-SHA384" }
      server.resumption = .off
      client.tracesMessages = false
      server.tracesMessages = false
      return (try TLSContext(client), try TLSContext(server))
    }
  }

  /// The output buffer is larger by an alert: 640 bytes.
  private static let smallBuffer = TLSEngine.Limits.with { $0.bufferByteCount = 512 }

  /// The length of a record of so many bytes.
  private static func encryptedLengths(_ pair: consuming EnginePair) throws -> [Int] {
    var lengths: [Int] = []
    for count in 0...640 {
      #expect(try pair.server.write(pattern(count)) == .done(count))
      lengths.append(pair.server.drain().count)
    }
    return lengths
  }

  /// Leaves exactly `count` bytes pending: the last of one record and another one whole.
  ///
  /// - Returns: the plaintext, and what was drained of the first record.
  private static func fill(
    _ engine: inout TLSEngine, to count: Int, _ lengths: [Int]
  ) throws -> (plaintext: [UInt8], drained: [UInt8]) {
    let size = try #require(lengths.lastIndex { $0 < count })
    #expect(try engine.write([1]) == .done(1))
    let drained = engine.drain(upTo: lengths[1] + lengths[size] - count)
    #expect(try engine.write(pattern(size)) == .done(size))
    #expect(engine.pendingOutputByteCount == count)
    return ([1] + pattern(size), drained)
  }

  @Test(.withoutTap, arguments: Suite.allCases)
  func `the alert after the handshake is complete for every amount of free space after data`(suite: Suite) throws {
    let (client, server) = try suite.contexts()
    var probe = try EnginePair(client: client, server: server)
    try probe.handshake()
    if suite == .tls12CBC {
      #expect(probe.client.negotiated?.cipherSuite.description == "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384")
    }
    let lengths = try Self.encryptedLengths(probe)
    // The space matters where an alert of at most 85 bytes might not fit: at the end of the buffer, and, should it not
    // be larger by an alert, at that of 512 bytes.
    for fill in Array(420...515) + Array(550...640) {
      var pair = try EnginePair(client: client, server: server, limits: Self.smallBuffer)
      try pair.handshake()
      try pair.settle()
      let (plaintext, drained) = try Self.fill(&pair.server, to: fill, lengths)
      // When libssl has read all of it, little is left in the input buffer that could have made room for an alert.
      let error = thrownError { _ = try pair.server.absorb(corruptRecord, piece: 5) }
      #expect(error?.alertSent == .badRecordMAC, "after \(fill) bytes: \(error as Any)")
      let last = drained + pair.server.drain()
      #expect(recordLengths(last).reduce(0, +) == last.count, "after \(fill) bytes")
      let data = recordLengths(last).prefix(2).reduce(0, +)
      #expect(try pair.client.absorb(Array(last.prefix(data))) == plaintext, "after \(fill) bytes")
      let reported = thrownError { _ = try pair.client.absorb(Array(last.dropFirst(data))) }
      #expect(reported?.alertReceived == .badRecordMAC, "after \(fill) bytes: \(reported as Any)")
    }
  }

  /// The output of libssl while it reads, a warning for each request to renegotiate, uses the alert's space too.
  @Test(arguments: [1, 2])
  func `the alert is complete after the warnings that decline renegotiations`(requests: Int) throws {
    // Its records are as long as those of the forge's suite.
    let lengths = try Self.encryptedLengths(EnginePair.connected(.tls12))
    for fill in 400...520 {
      var (box, forge) = try RecordForge.connected(.tls12, limits: Self.smallBuffer)
      let (plaintext, drained) = try Self.fill(&box.pair.server, to: fill, lengths)
      var stream: [UInt8] = []
      for _ in 0..<requests { stream += forge.seal(.handshake, [1, 0, 0, 0]) }
      let error = thrownError { _ = try box.pair.server.absorb(stream + corruptRecord) }
      #expect(error?.alertSent == .badRecordMAC, "after \(fill) bytes: \(error as Any)")
      let last = drained + box.pair.server.drain()
      let records = recordLengths(last)
      #expect(records.reduce(0, +) == last.count, "after \(fill) bytes")
      #expect(records.suffix(requests + 1) == [Int](repeating: lengths[2], count: requests + 1)[...])
      // To the peer the first warning is the end: what it reads before it is all that was written.
      let data = last.prefix(records.prefix(2).reduce(0, +))
      #expect(try box.pair.client.absorb(Array(data)) == plaintext)
    }
  }
}
