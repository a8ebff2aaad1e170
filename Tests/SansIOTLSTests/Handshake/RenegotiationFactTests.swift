import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Row 20 of the page OpenSSLFacts. A default TLS 1.2 client obeys a HelloRequest; the engine's does not, nor does its
/// server accept a ClientHello.
@Suite(.tags(.openSSLFact))
struct RenegotiationFactTests {
  private static func handshake(_ engine: inout TLSEngine, with peer: RawPeer) throws {
    for _ in 0..<4 {
      #expect(peer.absorb(engine.drain()).isEmpty)
      _ = try engine.absorb(peer.drain())
    }
    #expect(engine.negotiated?.version == .tls12)
  }

  private static func client(for identity: TestIdentity) throws -> TLSEngine {
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [identity.trust]
    configuration.tracesMessages = true
    return try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(configuration))
  }

  private static func takeMessages(_ engine: inout TLSEngine) -> [TLSTracedMessage] {
    var messages: [TLSTracedMessage] = []
    while let message = engine.nextTracedMessage() { messages.append(message) }
    return messages
  }

  /// Expects that a request was received and answered by the warning no_renegotiation, and that nothing else passed.
  private static func expectRefusal(
    of request: TLSTracedMessage.HandshakeType, in messages: [TLSTracedMessage],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      messages.map(\.content) == [
        .record(.handshake), .handshake(request), .record(.alert), .alert(.noRenegotiation, isFatal: false),
      ], sourceLocation: sourceLocation)
    #expect(messages.map(\.direction) == [.received, .received, .sent, .sent], sourceLocation: sourceLocation)
    #expect(messages.map(\.isEncrypted) == [true, true, true, true], sourceLocation: sourceLocation)
  }

  @Test
  func `a HelloRequest is declined and the connection continues`() throws {
    let identity = TestIdentity.server()
    let peer = RawPeer(.server, identity: identity)
    var client = try Self.client(for: identity)
    try Self.handshake(&client, with: peer)
    peer.renegotiate()
    let request = peer.drain()
    #expect(!request.isEmpty)
    _ = Self.takeMessages(&client)
    #expect(try client.absorb(request).isEmpty)
    Self.expectRefusal(of: .helloRequest, in: Self.takeMessages(&client))
    let answer = client.drain()
    #expect(answer.first == 21, "a warning, not a ClientHello")
    #expect(recordLengths(answer).count == 1)
    #expect(client.failure == nil)
    // A libssl server treats the warning as an error; before it reads it, the connection is intact.
    peer.write([1, 2, 3])
    #expect(try client.absorb(peer.drain()) == [1, 2, 3])
    #expect(try client.write([4]) == .done(1))
  }

  @Test
  func `a flood of HelloRequests ends the connection`() throws {
    let identity = TestIdentity.server()
    let peer = RawPeer(.server, identity: identity)
    var client = try Self.client(for: identity)
    try Self.handshake(&client, with: peer)
    // The peer never reads that it was declined.
    for _ in 0..<65 where client.failure == nil {
      peer.renegotiate()
      let request = peer.drain()
      #expect(!request.isEmpty)
      _ = try? client.absorb(request)
    }
    #expect(client.failure?.code == .limitExceeded)
    #expect(client.pendingOutputByteCount < 65 * 40)
    let alerts = Self.takeMessages(&client).filter { if case .alert = $0.content { true } else { false } }
    // The limit is reached after the last answer; nothing else is sent to the peer.
    #expect(alerts.count == 65)
    #expect(alerts.allSatisfy { $0.content == .alert(.noRenegotiation, isFatal: false) && $0.direction == .sent })
  }

  @Test
  func `a client's second ClientHello is declined and the connection continues`() throws {
    let identity = TestIdentity.server()
    var configuration = TLSContext.Configuration.server(try identity.identity)
    configuration.tracesMessages = true
    var server = try TLSEngine(.server, context: TLSContext(configuration))
    let peer = RawPeer(.client)
    try Self.handshake(&server, with: peer)
    peer.renegotiate()
    _ = Self.takeMessages(&server)
    #expect(try server.absorb(peer.drain()).isEmpty)
    Self.expectRefusal(of: .clientHello, in: Self.takeMessages(&server))
    let answer = server.drain()
    #expect(answer.first == 21, "a warning, not a ServerHello")
    #expect(recordLengths(answer).count == 1)
    #expect(server.failure == nil)
    #expect(try server.write([1]) == .done(1))
  }
}
