import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Channel bindings: RFC 9266 (tls-exporter) and RFC 5929 (tls-unique, tls-server-end-point).
@Suite(.tags(.behaviour))
struct ChannelBindingTests {
  private static func digest(_ bytes: [UInt8], _ hash: String) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 64)
    var count: UInt32 = 0
    let result = unsafe EVP_Digest(bytes, bytes.count, &digest, &count, EVP_get_digestbyname(hash), nil)
    precondition(result == 1)
    return Array(digest.prefix(Int(count)))
  }

  @Test(arguments: TLSVersion.both)
  func `tls-exporter is the same on both sides, and the export of its label with an empty context`(
    version: TLSVersion
  ) throws {
    let pair = try EnginePair.connected(version)
    let binding = try pair.client.channelBinding(.exporter)
    #expect(binding.count == 32)
    #expect(try pair.server.channelBinding(.exporter) == binding)
    #expect(
      try pair.client.exportKeyingMaterial(label: "EXPORTER-Channel-Binding", context: [], count: 32) == binding)
    let other = try EnginePair.connected(version)
    #expect(try other.client.channelBinding(.exporter) != binding)
  }

  @Test(.tags(.openSSLFact))
  func `tls-unique is the first Finished of TLS 1.2, the server's after a resumption`() throws {
    let (client, server) = try EnginePair.configurations(version: .tls12)
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var full = try EnginePair(client: contexts.client, server: contexts.server)
    try full.handshake()
    let binding = try full.client.channelBinding(.unique)
    #expect(binding.count == 12)
    #expect(try full.server.channelBinding(.unique) == binding)
    try full.settle()
    let session = try #require(full.client.allSessions().last)
    var resumed = try EnginePair(client: contexts.client, server: contexts.server, session: session)
    try resumed.handshake()
    #expect(resumed.client.negotiated?.isResumed == true)
    #expect(try resumed.client.channelBinding(.unique) == resumed.server.channelBinding(.unique))
    #expect(try resumed.client.channelBinding(.unique) != binding)
  }

  @Test
  func `tls-unique is refused in TLS 1.3`() throws {
    let pair = try EnginePair.connected(.tls13)
    expectRefusal(.unsupported, .misuse, naming: "tls-exporter") { _ = try pair.client.channelBinding(.unique) }
    expectRefusal(.unsupported, .misuse, naming: "TLS 1.3") { _ = try pair.server.channelBinding(.unique) }
  }

  @Test
  func `without extended main secret TLS 1.2 exports nothing and has no unique binding`() throws {
    let identity = TestIdentity.server()
    // SSL_OP_NO_EXTENDED_MASTER_SECRET
    let peer = RawPeer(.server, identity: identity, options: 1)
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [identity.trust]
    var client = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(configuration))
    for _ in 0..<4 {
      #expect(peer.absorb(client.drain()).isEmpty)
      _ = try client.absorb(peer.drain())
    }
    #expect(client.negotiated?.version == .tls12)
    expectRefusal(.unsupported, .peer, naming: "7627") {
      _ = try client.exportKeyingMaterial(label: "EXPORTER-Channel-Binding", count: 32)
    }
    for type in [TLSEngine.ChannelBinding.exporter, .unique] {
      expectRefusal(.unsupported, .peer, naming: "7627") { _ = try client.channelBinding(type) }
    }
    #expect(try client.channelBinding(.serverEndPoint) == Self.digest(identity.certificateDER, "SHA256"))
  }

  @Test(
    arguments: [
      (SelfSigned.Key.curve("P-256"), "SHA256", "SHA256"), (.curve("P-256"), "SHA384", "SHA384"),
      (.curve("P-256"), "SHA1", "SHA256"), (.rsa, "MD5", "SHA256"), (.rsa, "SHA512", "SHA512"),
      (.rsaPSS, "SHA384", "SHA384"),
    ])
  func `tls-server-end-point is the certificate's digest by the hash of its signature`(
    key: SelfSigned.Key, signature: String, expected: String
  ) throws {
    let certificate = SelfSigned(key, hash: signature)
    var client = TLSContext.Configuration.client()
    client.trustRoots = [certificate.trust]
    client.securityLevel = 0
    var server = TLSContext.Configuration.server(try certificate.identity)
    server.securityLevel = 0
    for version in TLSVersion.both {
      client.maximumVersion = version
      var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
      try pair.handshake()
      let binding = try pair.client.channelBinding(.serverEndPoint)
      #expect(binding == Self.digest(certificate.certificateDER, expected))
      #expect(try pair.server.channelBinding(.serverEndPoint) == binding)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `the certificate that a server of several selected counts`(version: TLSVersion) throws {
    let authority = TestAuthority()
    let identities = [
      authority.issue(names: ["a.example"]), authority.issue(names: ["b.example"]),
      authority.issue(names: ["b.example"], key: .rsa(bits: 2048)),
    ]
    var client = TLSContext.Configuration.client()
    client.trustRoots = [authority.trust]
    client.maximumVersion = version
    client.signatureSchemes = [.rsa_pss_rsae_sha256, .ecdsa_secp256r1_sha256]
    let server = TLSContext.Configuration.server(
      try identities.map { identity throws(TLSError) in try identity.identity })
    for name in ["a.example", "b.example"] {
      var pair = try EnginePair(
        client: TLSContext(client), server: TLSContext(server), serverName: .dns(name))
      try pair.handshake()
      let binding = try pair.client.channelBinding(.serverEndPoint)
      #expect(binding == Self.digest(try #require(pair.client.peerCertificates.first).der, "SHA256"))
      #expect(try pair.server.channelBinding(.serverEndPoint) == binding)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `tls-server-end-point is not defined for a signature without a hash`(version: TLSVersion) throws {
    let authority = TestAuthority(key: .ed25519)
    let identity = authority.issue(names: ["localhost"])
    let pair = try EnginePair.connected(version, identity: identity)
    expectRefusal(.unsupported, .peer, naming: "Ed25519") { _ = try pair.client.channelBinding(.serverEndPoint) }
    expectRefusal(.unsupported, .peer, naming: "RFC 5929") { _ = try pair.server.channelBinding(.serverEndPoint) }
  }

  @Test(arguments: TLSVersion.both)
  func `a resumption has the session's certificate on the client, and none on the server`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var full = try EnginePair(client: contexts.client, server: contexts.server)
    try full.handshake()
    let binding = try full.client.channelBinding(.serverEndPoint)
    try full.settle()
    let session = full.client.allSessions().last
    var pair = try EnginePair(client: contexts.client, server: contexts.server, session: session)
    try pair.handshake()
    #expect(pair.client.negotiated?.isResumed == true)
    #expect(try pair.client.channelBinding(.serverEndPoint) == binding)
    expectRefusal(.unsupported, .local, naming: "resumes") { _ = try pair.server.channelBinding(.serverEndPoint) }
    #expect(try pair.client.channelBinding(.exporter) == pair.server.channelBinding(.exporter))
  }

  @Test(arguments: TLSVersion.both, TLSEngine.ChannelBinding.allCases)
  func `no binding exists before the handshake is complete`(version: TLSVersion, type: TLSEngine.ChannelBinding) throws
  {
    var pair = try EnginePair.connected(version, handshake: false)
    expectRefusal(.handshakeNotComplete, .misuse, naming: type.rawValue) { _ = try pair.client.channelBinding(type) }
    pair.step()
    expectRefusal(.handshakeNotComplete, .misuse, naming: type.rawValue) { _ = try pair.server.channelBinding(type) }
  }

  @Test
  func `the types have their registered names`() {
    #expect(
      TLSEngine.ChannelBinding.allCases.map(\.rawValue) == ["tls-exporter", "tls-unique", "tls-server-end-point"])
  }
}
