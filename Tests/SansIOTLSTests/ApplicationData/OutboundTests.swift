import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 3. No WANT_WRITE escapes: flights, alerts, KeyUpdates and close_notify are never refused or truncated. Only
/// application data is limited, at `write`.
@Suite(.tags(.law3))
struct OutboundTests {
  /// A chain so long that a flight with it overflows small buffers many times.
  private static func longChain(_ usage: TestIdentity.Usage) -> TestIdentity {
    var authority = TestAuthority()
    for depth in 0..<8 { authority = authority.issueIntermediate(name: "Intermediate \(depth)") }
    return authority.issue(names: ["localhost"], usage: usage)
  }

  @Test(arguments: TLSVersion.both, [64, 1000, 17_408])
  func `long flights are sent whole although nothing is drained in between`(version: TLSVersion, size: Int) throws {
    // Application data is refused until these flights are drained: the limit does not apply to flights.
    let limits = TLSEngine.Limits.with {
      $0.bufferByteCount = size
      $0.pendingOutputByteCount = 1
    }
    var pair = try EnginePair.connected(
      version, handshake: false, limits: limits, identity: Self.longChain(.server)
    ) { client, server in
      try EnginePair.authenticateClient(&client, &server, Self.longChain(.client))
    }
    #expect(try pair.server.absorb(pair.client.drain()).isEmpty)
    #expect(pair.server.pendingOutputByteCount > 3000)
    #expect(try pair.client.absorb(pair.server.drain()).isEmpty)
    #expect(pair.client.pendingOutputByteCount > 3000)
    #expect(try pair.server.absorb(pair.client.drain()).isEmpty)
    #expect(pair.server.negotiated != nil)
    #expect(pair.server.peerCertificates.count == 9)
    #expect(pair.server.pendingOutputByteCount > 0)
    #expect(try pair.client.absorb(pair.server.drain()).isEmpty)
    #expect(pair.client.negotiated != nil)
    #expect(pair.client.peerCertificates.count == 9)
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `write returns needsDrain at the limit and continues after a drain`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version, limits: .with { $0.pendingOutputByteCount = 40_000 })
    try pair.settle()
    let plaintext = pattern(200_000)
    var written = 0
    var received: [UInt8] = []
    var drains = 0
    while written < plaintext.count {
      switch try pair.write(plaintext[written...], from: side) {
      case .done(let count):
        #expect(count > 0)
        written += count
      case .needsDrain:
        #expect(pair[side].needs.contains(.drain))
        let (waiting, ciphertext) = (pair[side].pendingOutputByteCount, pair[side].drain())
        #expect(waiting >= 40_000)
        #expect(waiting <= 40_000 + 16_640)
        #expect(waiting == ciphertext.count)
        received += try pair[side.peer].absorb(ciphertext)
        drains += 1
      case let other: Issue.record("\(other)")
      }
    }
    let rest = pair[side].drain()
    received += try pair[side.peer].absorb(rest)
    #expect(received == plaintext)
    #expect(drains >= 4)
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `beyond the limit close_notify and key updates are still sent, after all data`(
    version: TLSVersion, side: TLSRole
  ) throws {
    let limits = TLSEngine.Limits.with {
      $0.bufferByteCount = 64
      $0.pendingOutputByteCount = 1000
    }
    var pair = try EnginePair.connected(version, limits: limits)
    try pair.settle()
    let plaintext = pattern(5000)
    #expect(try pair[side].write(plaintext) == .done(5000))
    #expect(try pair[side].write([1]) == .needsDrain)
    if version == .tls13 {
      for _ in 0..<20 { #expect(try pair[side].keyUpdate(requestingPeer: false) == .done) }
    }
    #expect(try pair[side].write([1]) == .needsDrain)
    #expect(try pair[side].closeWriting() == .done)
    let ciphertext = pair[side].drain()
    #expect(try pair[side.peer].absorb(ciphertext) == plaintext)
    #expect(try pair[side.peer].read(upTo: 1) == .endOfStream)
  }

  @Test(arguments: TLSVersion.both)
  func `tickets are queued if the buffer is too small for them`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, limits: .with { $0.bufferByteCount = 64 }) { _, server in
      server.resumption = .tickets(count: 16)
    }
    let tickets = pair.server.drain()
    if version == .tls13 { #expect(tickets.count > 16 * 200) }
    #expect(try pair.client.absorb(tickets).isEmpty)
    let sessions = pair.client.allEvents().filter { $0.hasPrefix("sessionTicket") }
    #expect(sessions.count == (version == .tls13 ? 16 : 1))
  }

  @Test(arguments: TLSVersion.both)
  func `drain returns any part and keeps the rest in order`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, limits: .with { $0.bufferByteCount = 512 })
    try pair.settle()
    let plaintext = pattern(30_000)
    #expect(try pair.client.write(plaintext) == .done(30_000))
    var ciphertext: [UInt8] = []
    var random = SplitMix(seed: 11)
    while pair.client.pendingOutputByteCount > 0 {
      let before = pair.client.pendingOutputByteCount
      var taken = 0
      pair.client.drain { segment in
        let count = Int.random(in: 0...min(700, segment.byteCount), using: &random)
        for index in 0..<count { ciphertext.append(unsafe segment.unsafeLoad(fromByteOffset: index, as: UInt8.self)) }
        taken += count
        return count
      }
      #expect(pair.client.pendingOutputByteCount == before - taken)
    }
    #expect(try pair.server.absorb(ciphertext) == plaintext)
  }
}
