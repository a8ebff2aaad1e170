import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Law 15. Verified means verified: if a certificate is required, no handshake completes without an acceptable one.
@Suite(.tags(.law15))
struct VerifiedPeerTests {
  /// Runs a handshake against libssl alone, as far as possible.
  private static func run(_ engine: inout TLSEngine, _ peer: RawPeer) {
    for _ in 0..<4 {
      _ = peer.absorb(engine.drain())
      _ = try? engine.absorb(peer.drain())
    }
  }

  private static func client(_ list: String? = nil) throws -> TLSContext {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherList = list
    configuration.securityLevel = 0
    configuration.trustRoots = [TestAuthority().trust]
    return try TLSContext(configuration)
  }

  @Test(arguments: ["HIGH", "ALL", "HIGH:aNULL", "ALL:COMPLEMENTOFALL"])
  func `a client offers no suite without a certificate, whatever list admits it`(list: String) throws {
    for asks in [false, true] {
      var configuration = TLSContext.Configuration.client()
      configuration.cipherList = list
      configuration.securityLevel = 0
      configuration.pausesAtPeerCertificates = asks
      let context = try TLSContext(configuration)
      var client = try TLSEngine(.client(serverName: .dns("bank.example")), context: context)
      let server = RawPeer(.server, ciphers: "aNULL")
      Self.run(&client, server)
      #expect(client.negotiated == nil)
      #expect(client.failure?.alertReceived == .handshakeFailure)
      #expect(server.cipher == nil)
    }
  }

  @Test(arguments: ["aNULL", "AECDH-AES128-SHA", "eNULL", "ECDHE-RSA-NULL-SHA"])
  func `a list that leaves no suite with certificate and encryption is refused`(list: String) {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherList = list
    configuration.securityLevel = 0
    expectRefusal(.unknownCipher, .local, naming: "configuration", "authenticates") {
      _ = try TLSContext(configuration)
    }
  }

  @Test(arguments: ["HIGH", "ALL"])
  func `a server completes no handshake without presenting its certificate`(list: String) throws {
    var configuration = TLSContext.Configuration.server(try TestIdentity.server().identity)
    configuration.cipherList = list
    configuration.securityLevel = 0
    var server = try TLSEngine(.server, context: TLSContext(configuration))
    let client = RawPeer(.client, ciphers: "aNULL")
    Self.run(&server, client)
    #expect(server.negotiated == nil)
    #expect(server.failure?.code == .peerIncompatible)
  }

  // MARK: The engine's own look

  /// A suite without certificate gets past the configuration, as a fault of libssl's or ours might let it.
  @Test func `a client completes no handshake in which the server presented no certificate`() throws {
    let context = try Self.client()
    unsafe SSL_CTX_set_cipher_list(context.handle.context, "aNULL:@SECLEVEL=0")
    var client = try TLSEngine(.client(serverName: .dns("bank.example")), context: context)
    let server = RawPeer(.server, ciphers: "aNULL")
    Self.run(&client, server)
    #expect(server.cipher != nil, "libssl itself is content")
    #expect(client.failure?.code == .certificateRejected)
    #expect(client.negotiated == nil)
    #expect(client.allEvents().isEmpty)
    #expect(thrownError { _ = try client.write([1]) }?.code == .certificateRejected)
  }

  @Test(arguments: TLSVersion.both)
  func `a server that requires a certificate completes no handshake in which libssl requested none`(
    version: TLSVersion
  ) throws {
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      try EnginePair.authenticateClient(&client, &server)
      client.identities = []
    }
    unsafe SSL_set_verify(pair.server.handle.ssl, SSL_VERIFY_NONE, nil)
    #expect(thrownError { try pair.handshake() }?.code == .certificateRejected)
    #expect(pair.server.negotiated == nil)
  }
}
