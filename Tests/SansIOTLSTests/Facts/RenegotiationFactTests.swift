import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Row 20. A default TLS 1.2 client obeys a HelloRequest; the engine's does not, nor does its server take a ClientHello.
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
    configuration.trust = [identity.trust]
    return try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(configuration))
  }

  @Test
  func `a HelloRequest is declined and the connection goes on`() throws {
    let identity = TestIdentity.server()
    let peer = RawPeer(.server, identity: identity)
    var client = try Self.client(for: identity)
    try Self.handshake(&client, with: peer)
    peer.renegotiate()
    let request = peer.drain()
    #expect(!request.isEmpty)
    #expect(try client.absorb(request).isEmpty)
    let answer = client.drain()
    #expect(answer.first == 21, "a warning, not a ClientHello")
    #expect(recordLengths(answer).count == 1)
    #expect(client.failure == nil)
    // A libssl server takes the warning for an error of its own; before it reads it, the connection is as good as ever.
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
    #expect(client.outboundCount < 65 * 40)
  }

  @Test
  func `a client's second ClientHello is declined and the connection goes on`() throws {
    let identity = TestIdentity.server()
    var server = try TLSEngine(.server, context: TLSContext(.server(identity.identity)))
    let peer = RawPeer(.client)
    try Self.handshake(&server, with: peer)
    peer.renegotiate()
    #expect(try server.absorb(peer.drain()).isEmpty)
    let answer = server.drain()
    #expect(answer.first == 21, "a warning, not a ServerHello")
    #expect(recordLengths(answer).count == 1)
    #expect(server.failure == nil)
    #expect(try server.write([1]) == .done(1))
  }

  @Test
  func `without extended main secret nothing is exported in TLS 1.2`() throws {
    let identity = TestIdentity.server()
    // SSL_OP_NO_EXTENDED_MASTER_SECRET
    let peer = RawPeer(.server, identity: identity, options: 1)
    var client = try Self.client(for: identity)
    try Self.handshake(&client, with: peer)
    let error = thrownError { _ = try client.exportKeyingMaterial(label: "EXPORTER-Channel-Binding", count: 32) }
    #expect(error?.code == .unsupported)
  }
}
