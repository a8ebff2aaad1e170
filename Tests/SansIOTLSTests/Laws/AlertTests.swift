import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 5. The alert leaves: after a fatal error all is drained, up to and including the alert, and the peer reports it.
struct AlertTests {
  @Test(arguments: TLSVersion.both, Breakage.allCases)
  func `the peer reports the alert of the side that failed`(version: TLSVersion, breakage: Breakage) throws {
    try check(version, breakage, .default)
  }

  @Test(arguments: TLSVersion.both, [64, 300, 700, 1000, 1500, 4096])
  func `the alert is whole however full the ring was`(version: TLSVersion, ring: Int) throws {
    var limits = TLSEngine.Limits.default
    limits.ring = ring
    for breakage in Breakage.allCases { try check(version, breakage, limits) }
  }

  /// The ring's free room when the alert is due goes through every size that could cut it.
  @Test(arguments: TLSVersion.both)
  func `the alert is whole for every room that a flight may leave`(version: TLSVersion) throws {
    let contexts = try EnginePair.configurations(version: version, identity: Self.fixed)
    let (client, server) = (try TLSContext(contexts.client), try TLSContext(contexts.server))
    var probe = try EnginePair(client: client, server: server)
    _ = try probe.server.feed(probe.client.drain())
    let flight = probe.server.outboundCount
    let alert = Breakage.garbageBehindHello.expectation(version).alert
    for ring in flight - 5...flight + 40 {
      var limits = TLSEngine.Limits.default
      limits.ring = ring
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
    let (failure, last) = try pair.at(expected.side) { (engine) throws in
      #expect(engine.needs == [.drain])
      return (engine.failure, engine.drain())
    }
    #expect(failure?.code == expected.code, "\(breakage): \(failure as Any)")
    #expect(failure?.alertSent == expected.alert, "\(breakage): \(failure as Any)")
    #expect(recordLengths(last).reduce(0, +) == last.count)
    let reported = thrownError {
      try pair.at(expected.side.peer) { _ = try $0.absorb(last) }
    }
    #expect(reported?.code == .alertReceived, "\(breakage): \(reported as Any)")
    #expect(reported?.alertReceived == expected.alert, "\(breakage): \(reported as Any)")
  }
}
