import PinnedClient
import SansIOTLS
import SansIOTLSSwiftTesting
import SansIOTLSTestKit
import Testing

/// A pin against several servers: two engines, no network, a millisecond each.
@Suite(.conversations)
struct PinTests {
  // Guide: good
  @Test
  func `the pinned server is accepted`() throws {
    let server = TestIdentity.server()
    let pin = try Pin([server.certificate], trust: [server.trust])
    var pair = try EnginePair(pin: pin, server: server)
    try pair.handshake(answering: pin)
    #expect(try pair.transfer(Array("hello".utf8), from: .client) == Array("hello".utf8))
  }
  // Guide: end

  // Guide: other
  @Test
  func `another certificate of the same authority and name is rejected with an alert`() throws {
    let authority = TestAuthority()
    let (known, other) = (authority.issue(names: ["localhost"]), authority.issue(names: ["localhost"]))
    let pin = try Pin([known.certificate], trust: [authority.trust])
    var pair = try EnginePair(pin: pin, server: other)
    #expect(throws: TLSError.self) { try pair.handshake(answering: pin) }
    #expect(pair.client.failure?.code == .rejected)
    #expect(pair.server.failure?.alertReceived == .certificateUnknown)
  }
  // Guide: end

  // Guide: bad
  @Test(arguments: [TestIdentity.Defect.expired, .notYetValid, .wrongName, .unknownIssuer, .wrongUsage])
  func `an invalid certificate is rejected even if it is pinned`(defect: TestIdentity.Defect) throws {
    let server = TestIdentity.server(defect: defect)
    let pin = try Pin([server.certificate], trust: [server.trust])
    var pair = try EnginePair(pin: pin, server: server)
    #expect(throws: TLSError.self) { try pair.handshake(answering: pin) }
    #expect(pair.client.failure?.code == .certificateRejected)
  }
  // Guide: end

  @Test
  func `a self-signed server is accepted only if it is pinned and trusted`() throws {
    let server = TestIdentity.server(defect: .selfSigned)
    let pin = try Pin([server.certificate], trust: [.certificates([server.certificate])])
    var pair = try EnginePair(pin: pin, server: server)
    try pair.handshake(answering: pin)
    var impostor = try EnginePair(pin: pin, server: .server(defect: .selfSigned))
    #expect(throws: TLSError.self) { try impostor.handshake(answering: pin) }
  }

  @Test
  func `the next certificate is accepted beside the present one`() throws {
    let authority = TestAuthority()
    let servers = [authority.issue(names: ["localhost"]), authority.issue(names: ["localhost"])]
    let pin = try Pin(Set(servers.map { try $0.certificate }), trust: [authority.trust])
    for server in servers {
      var pair = try EnginePair(pin: pin, server: server)
      try pair.handshake(answering: pin)
    }
  }

  // Guide: chunking
  @Test
  func `fragmentation by the network makes no difference`() throws {
    try verifyChunking { world, link in
      let server = world.authority().issue(names: ["localhost"])
      let pin = try Pin([server.certificate], trust: [server.trust])
      var pair = try EnginePair(pin: pin, server: server, link: link, in: world)
      try pair.handshake(answering: pin)
      _ = try pair.transfer(Array("hello".utf8), from: .client)
      try pair.shutdown()
      return pair
    }
  }
  // Guide: end

  // Guide: seeds
  @Test(arguments: TestSeeds.first(25))
  func `a slow network that splits and joins makes no difference`(seed: UInt64) throws {
    let server = TestIdentity.server()
    let pin = try Pin([server.certificate], trust: [server.trust])
    var pair = try EnginePair(pin: pin, server: server, link: SimulatedLink(seed: seed, faults: .harmless))
    try pair.handshake(answering: pin)
    #expect(try pair.transfer(Array("hello".utf8), from: .client) == Array("hello".utf8))
  }
  // Guide: end

  // Guide: tape
  @Test
  func `the same world produces the same conversation, byte for byte`() throws {
    func converse(replaying tape: Tape? = nil) throws -> Tape {
      let world = SeededWorld(seed: 7)
      let server = world.authority().issue(names: ["localhost"])
      let pin = try Pin([server.certificate], trust: [server.trust])
      var pair = try EnginePair(pin: pin, server: server, in: world)
      if let tape { try tape.replay(on: &pair) } else { try pair.handshake(answering: pin) }
      return try #require(pair.log.tape)
    }
    let text = "\(try converse())"  // may be saved to a file
    let tape = try Tape(parsing: text)
    #expect(try converse(replaying: tape) == tape)
  }
  // Guide: end
}
