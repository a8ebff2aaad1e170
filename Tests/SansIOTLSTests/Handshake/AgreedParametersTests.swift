import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The parameters that two sides agreed on beyond version and suite, and those that a context leaves to agree on.
struct AgreedParametersTests {
  @Test(arguments: TLSVersion.both, [TestIdentity.KeyType.p256, .p384, .ed25519, .rsa2048])
  func `each side knows the schemes that both have signed by`(version: TLSVersion, key: TestIdentity.KeyType) throws {
    let pair = try EnginePair.connected(version, identity: .server("localhost", key: key)) { client, server in
      try EnginePair.authenticateClient(&client, &server)
    }
    let agreed = (pair.client.negotiated, pair.server.negotiated)
    let client = try #require(agreed.0)
    let server = try #require(agreed.1)
    let expected: TLSSignatureScheme =
      switch key {
      case .p384: version == .tls13 ? .ecdsa_secp384r1_sha384 : .ecdsa_secp256r1_sha256
      case .ed25519: .ed25519
      case .rsa2048: .rsa_pss_rsae_sha256
      default: .ecdsa_secp256r1_sha256
      }
    #expect(server.ownSignatureScheme == expected)
    #expect(client.peerSignatureScheme == expected)
    #expect(client.ownSignatureScheme == .ecdsa_secp256r1_sha256)
    #expect(server.peerSignatureScheme == .ecdsa_secp256r1_sha256)
    #expect(client.peerAuthentication == .certificate)
    #expect(server.peerAuthentication == .certificate)
  }

  @Test(arguments: TLSVersion.both)
  func `a side that has not signed has no scheme`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version)
    #expect(pair.client.negotiated?.ownSignatureScheme == nil)
    #expect(pair.server.negotiated?.peerSignatureScheme == nil)
    #expect(pair.client.ownCertificates.isEmpty)
    #expect(pair.server.negotiated?.peerAuthentication == TLSEngine.PeerAuthentication.none)
  }

  @Test(arguments: TLSVersion.both)
  func `a resumption has no signature, and the authentication of its first connection`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let contexts = (try TLSContext(client), try TLSContext(server))
    var first = try EnginePair(client: contexts.0, server: contexts.1)
    try first.handshake()
    try first.settle()
    var second = try EnginePair(client: contexts.0, server: contexts.1, session: first.client.allSessions().last)
    try second.handshake()
    let agreed = second.client.negotiated
    let negotiated = try #require(agreed)
    #expect(negotiated.isResumed)
    #expect(negotiated.peerAuthentication == .certificate)
    #expect(negotiated.peerSignatureScheme == nil)
    #expect(second.server.negotiated?.ownSignatureScheme == nil)
    #expect(second.server.ownCertificates.isEmpty)
  }

  @Test(arguments: TLSVersion.both)
  func `each side knows which identity it has shown`(version: TLSVersion) throws {
    let authority = TestAuthority()
    let identities = [
      authority.issue(names: ["localhost"], key: .p256), authority.issue(names: ["other.example"], key: .p256),
    ]
    var (client, server) = try EnginePair.configurations(version: version, identity: identities[0])
    server.identities = try identities.map { try $0.identity }
    let shown = TestIdentity.client()
    client.identities = [try shown.identity]
    server.clientAuthentication = .required
    server.trustRoots = [shown.trust]
    for (name, identity) in [("localhost", identities[0]), ("other.example", identities[1])] {
      var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: .dns(name))
      try pair.handshake()
      #expect(pair.server.ownCertificates.first?.der == identity.certificateDER)
      #expect(pair.server.ownCertificates.map(\.der) == pair.client.peerCertificates.map(\.der))
      #expect(pair.client.ownCertificates.first?.der == shown.certificateDER)
    }
  }

  /// It signs nothing: the client encrypts to its key.
  @Test func `a server that decrypts has shown its certificate and has not signed`() throws {
    let pair = try EnginePair.connected(.tls12, identity: .server("localhost", key: .rsa2048)) { client, server in
      client.cipherList = "AES128-GCM-SHA256"
      server.cipherList = "AES128-GCM-SHA256"
    }
    #expect(pair.server.negotiated?.ownSignatureScheme == nil)
    #expect(pair.client.negotiated?.peerSignatureScheme == nil)
    #expect(pair.server.ownCertificates.count == 1)
  }

  @Test(arguments: [
    (TLSCipherSuite.TLS_AES_128_GCM_SHA256, 128), (.TLS_AES_256_GCM_SHA384, 256),
    (.TLS_CHACHA20_POLY1305_SHA256, 256),
  ])
  func `the bits of the secret are the cipher's`(suite: TLSCipherSuite, bits: Int) throws {
    let pair = try EnginePair.connected(.tls13) { client, _ in client.cipherSuites = [suite] }
    #expect(pair.client.negotiated?.secretBits == bits)
    #expect(pair.server.negotiated?.secretBits == bits)
  }

  @Test(arguments: TLSVersion.both)
  func `two of this library have an extended main secret`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version)
    #expect(pair.client.negotiated?.hasExtendedMainSecret == true)
    #expect(pair.server.negotiated?.hasExtendedMainSecret == true)
  }

  @Test(arguments: [true, false], [true, false])
  func `both sides know whether the hello was repeated`(isRetried: Bool, isAsked: Bool) throws {
    var pair = try EnginePair.connected(.tls13, handshake: false) { client, server in
      client.groups = [.x25519, .secp384r1, .secp256r1]
      server.groups = isRetried ? [.secp384r1] : [.x25519]
      server.pausesAtClientHello = isAsked
    }
    while pair.step() {}
    if isAsked { try pair.answer(.serve, at: .server) }
    try pair.handshake()
    #expect(pair.client.negotiated?.isHelloRetried == isRetried)
    #expect(pair.server.negotiated?.isHelloRetried == isRetried)
  }

  @Test func `TLS 1.2 has no repeated hello`() throws {
    let pair = try EnginePair.connected(.tls12)
    #expect(pair.client.negotiated?.isHelloRetried == false)
    #expect(pair.server.negotiated?.isHelloRetried == false)
  }

  // MARK: What is in effect

  @Test(.tags(.law16), arguments: TLSRole.allCases)
  func `a context reports what its configuration leaves`(role: TLSRole) throws {
    var (client, server) = try EnginePair.configurations()
    let groups: [TLSGroup] = [.secp256r1, .x25519]
    let suites: [TLSCipherSuite] = [.TLS_AES_128_GCM_SHA256]
    let schemes: [TLSSignatureScheme] = [.ecdsa_secp384r1_sha384, .ecdsa_secp256r1_sha256]
    func set(_ configuration: inout TLSContext.Configuration) {
      configuration.groups = groups
      configuration.cipherSuites = suites
      configuration.cipherList = "ECDHE-ECDSA-AES128-GCM-SHA256"
      configuration.signatureSchemes = schemes
    }
    set(&client)
    set(&server)
    // Its groups are set when the question is answered.
    server.pausesAtClientHello = true
    let context = role == .client ? try TLSContext(client) : try TLSContext(server)
    let effective = try context.effectiveParameters()
    #expect(effective.groups == groups)
    #expect(effective.cipherSuites == suites + [.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256])
    #expect(effective.signatureSchemes == schemes)
    #expect(effective.versions == [.tls13, .tls12])
  }

  @Test(.tags(.law16)) func `a security level takes away what it forbids`() throws {
    func effective(_ level: Int) throws -> TLSContext.EffectiveParameters {
      var (client, _) = try EnginePair.configurations()
      client.securityLevel = level
      return try TLSContext(client).effectiveParameters()
    }
    let (low, high) = (try effective(1), try effective(4))
    #expect(low.cipherSuites.contains(.TLS_AES_128_GCM_SHA256))
    #expect(!high.cipherSuites.contains(.TLS_AES_128_GCM_SHA256))
    #expect(low.groups.contains(.x25519))
    #expect(!high.groups.contains(.x25519))
    #expect(low.signatureSchemes.contains(.ecdsa_secp256r1_sha256))
    #expect(!high.signatureSchemes.contains(.ecdsa_secp256r1_sha256))
  }

  @Test func `a version range is what a context offers`() throws {
    for version in TLSVersion.both {
      let (client, _) = try EnginePair.configurations(version: version)
      let effective = try TLSContext(client).effectiveParameters()
      #expect(effective.versions == [version])
      #expect(effective.cipherSuites.allSatisfy { ($0.rawValue >> 8 == 0x13) == (version == .tls13) })
    }
  }
}
