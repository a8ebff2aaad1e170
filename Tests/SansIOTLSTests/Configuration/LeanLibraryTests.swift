import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The library context that holds only what TLS needs.
@Suite(.tags(.law16))
struct LeanLibraryTests {
  @Test func `it is created once`() throws {
    #expect(try TLSLibraryContext.lean() === TLSLibraryContext.lean())
    #expect(try "\(TLSLibraryContext.lean())" == "the lean library")
  }

  @Test(arguments: TLSVersion.both, [TestIdentity.KeyType.p256, .p384, .rsa2048, .ed25519])
  func `both sides connect and authenticate by it`(version: TLSVersion, key: TestIdentity.KeyType) throws {
    var pair = try EnginePair.connected(version, identity: .server(key: key)) { client, server in
      try EnginePair.authenticateClient(&client, &server, .client(key: key))
      client.library = try .lean()
      server.library = try .lean()
    }
    #expect(pair.server.peerCertificates.count == 1)
    #expect(try pair.transfer([1, 2, 3], from: .server) == [1, 2, 3])
  }

  /// Everything that a client offers, by default and if all suites of TLS 1.2 are named.
  private func offer(_ library: TLSLibraryContext, cipherList: String?) throws -> TLSEngine.ClientHello {
    var (client, server) = try EnginePair.configurations()
    client.library = library
    client.cipherList = cipherList
    client.securityLevel = 1
    server.pausesAtClientHello = true
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    pair.step()
    guard case .clientHello(let hello)? = pair.server.question else { throw NoQuestion() }
    return hello
  }
  private struct NoQuestion: Error {}

  @Test(arguments: [nil, "ALL"])
  func `it offers the suites, groups and signature schemes of the default one, except for DSA`(cipherList: String?)
    throws
  {
    let lean = try offer(.lean(), cipherList: cipherList)
    let full = try offer(.default, cipherList: cipherList)
    #expect(lean.cipherSuites == full.cipherSuites.filter { !"\($0)".contains("_DSS_") })
    #expect(lean.groups == full.groups)
    #expect(lean.signatureSchemes == full.signatureSchemes.filter { !"\($0)".hasPrefix("dsa_") })
    #expect(lean.cipherSuites.count > 10)
  }

  @Test func `each group of the default library is negotiated in it`() throws {
    for group in try offer(.default, cipherList: nil).groups {
      let pair = try EnginePair.connected(.tls13) { client, server in
        client.library = try .lean()
        server.library = try .lean()
        client.groups = [group]
        server.groups = [group]
      }
      #expect(pair.client.negotiated?.group == group)
    }
  }

  @Test func `a session is resumed in it`() throws {
    var (client, server) = try EnginePair.configurations()
    client.library = try .lean()
    server.library = try .lean()
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var first = try EnginePair(client: contexts.client, server: contexts.server)
    try first.handshake()
    _ = try first.transfer([1], from: .server)
    let session = try #require(first.client.allSessions().last)
    var second = try EnginePair(client: contexts.client, server: contexts.server, session: session)
    try second.handshake()
    #expect(second.client.negotiated?.isResumed == true)
  }

  @Test(arguments: TLSVersion.both)
  func `a certificate of another authority is refused in it`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      client.library = try .lean()
      client.trustRoots = [TestAuthority().trust]
    }
    let failures = pair.outcome()
    #expect(failures.client?.code == .certificateRejected)
    #expect(failures.server?.alertReceived == .unknownCA)
  }

  @Test func `identities in every form are decoded for it`() throws {
    let lean = try TLSLibraryContext.lean()
    for key in [TestIdentity.KeyType.p256, .rsa2048, .ed25519] {
      let minted = TestIdentity.server(key: key)
      let forms = [
        try TLSIdentity(derChain: [minted.certificateDER], privateKey: minted.privateKeyDER, library: lean),
        try TLSIdentity(pemChain: minted.chainPEM, privateKey: minted.privateKeyPEM, library: lean),
        try TLSIdentity(pkcs12: minted.pkcs12(passphrase: "p"), passphrase: "p", library: lean),
      ]
      for identity in forms {
        var configuration = TLSContext.Configuration.server(identity)
        _ = try TLSContext(configuration)
        configuration.library = lean
        _ = try TLSContext(configuration)
      }
    }
  }

  @Test func `a DSA identity is refused by name, and a server's DSA certificate by the handshake`() throws {
    let minted = SelfSigned(.dsa)
    var server = TLSContext.Configuration.server(try minted.identity)
    server.cipherList = "ALL:@SECLEVEL=0"
    server.maximumVersion = .tls12
    let context = try TLSContext(server)
    server.library = try .lean()
    expectRefusal(.invalidPrivateKey, .local, naming: "the lean library") { _ = try TLSContext(server) }

    var client = TLSContext.Configuration.client()
    client.trustRoots = [minted.trust]
    client.cipherList = "ALL:@SECLEVEL=0"
    client.library = try .lean()
    var pair = try EnginePair(client: TLSContext(client), server: context)
    let failures = pair.outcome()
    #expect(failures.client != nil)
    #expect(pair.client.negotiated == nil)
  }
}
