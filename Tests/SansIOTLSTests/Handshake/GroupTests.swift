import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Key-exchange groups and signature algorithms.
@Suite(.tags(.law16, .behaviour))
struct GroupTests {
  @Test func `a group that libssl does not know is refused by name, also beside one that it knows`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.groups = ["X25519", "P-1000"]
    expectRefusal(.unknownGroup, .misuse, naming: "\"P-1000\"") { _ = try TLSContext(configuration) }
  }

  @Test func `an empty list of groups is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.groups = []
    expectRefusal(.unknownGroup, .misuse, naming: "empty") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: TLSVersion.both)
  func `two sides without configured groups use libssl's first`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version)
    let first = version == .tls13 && LibraryVersion.hasHybridGroups ? "X25519MLKEM768" : "x25519"
    #expect(pair.client.negotiated?.group == first)
    #expect(pair.server.negotiated?.group == first)
  }

  @Test(arguments: TLSVersion.both)
  func `a context without groups uses libssl's own, whatever the first context configured`(
    version: TLSVersion
  ) throws {
    let first = version == .tls13 && LibraryVersion.hasHybridGroups ? "X25519MLKEM768" : "x25519"
    for named in [["P-384", "P-256"], nil] {
      let identity = TestIdentity.server()
      var pair = try EnginePair.connected(version, handshake: false, identity: identity) { _, server in
        server.pausesAtClientHello = true
        server.groups = named
      }
      pair.step()
      try pair.server.answer(.use(TLSContext(.server(identity.identity))))
      try pair.handshake()
      #expect(pair.client.negotiated?.group == first)
    }
  }

  private static let names = ["P-256": "secp256r1", "P-384": "secp384r1"]

  @Test(arguments: [["P-256", "P-384"], ["P-384", "P-256"]], [["P-384", "X25519", "P-256"], ["P-256", "P-384"]])
  func `of the common groups TLS 1.2 uses the server's first, and TLS 1.3 the client's key share`(
    ofClient: [String], ofServer: [String]
  ) throws {
    for version in TLSVersion.both {
      let pair = try EnginePair.connected(version) { client, server in
        client.groups = ofClient
        server.groups = ofServer
      }
      let expected = try #require(Self.names[version == .tls12 ? ofServer[0] : ofClient[0]])
      #expect(pair.client.negotiated?.group == expected, "\(version)")
      #expect(pair.server.negotiated?.group == expected, "\(version)")
    }
  }

  @Test func `a key exchange without a group reports none`() throws {
    let pair = try EnginePair.connected(.tls12, identity: .server(key: .rsa2048)) { client, server in
      client.cipherList = "AES128-SHA256"
      server.cipherList = "AES128-SHA256"
    }
    #expect(pair.client.negotiated?.cipherSuite == "TLS_RSA_WITH_AES_128_CBC_SHA256")
    for negotiated in [pair.client.negotiated, pair.server.negotiated] {
      #expect(negotiated != nil)
      #expect(negotiated?.group == nil)
    }
  }

  @Test func `a client with an unsuitable key share is asked for another`() throws {
    let pair = try EnginePair.connected(.tls13) { client, server in
      client.groups = ["X25519", "P-384"]
      server.groups = ["P-384"]
    }
    #expect(pair.client.negotiated?.group == "secp384r1")
    #expect(pair.server.negotiated?.group == "secp384r1")
  }

  @Test func `without a common group both sides report it in TLS 1.3`() throws {
    let failures = try EnginePair.failures(.tls13) { client, server in
      client.groups = ["X25519"]
      server.groups = ["P-384"]
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.server?.alertSent == .handshakeFailure)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }

  @Test func `without a common group both sides report it in TLS 1.2`() throws {
    let identity = TestIdentity.server(key: .rsa2048)
    let failures = try EnginePair.failures(.tls12, identity: identity) { client, server in
      client.groups = ["X25519"]
      server.groups = ["P-384"]
      client.cipherList = "ECDHE"
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }

  @Test func `a server's groups must include the curve of its certificate in TLS 1.2`() throws {
    var (_, server) = try EnginePair.configurations()
    server.groups = ["X25519"]
    expectRefusal(.unusableGroups, .misuse, naming: "CN=localhost", "prime256v1") { _ = try TLSContext(server) }
    server.groups = ["X25519", "P-256"]
    #expect(throws: Never.self) { try TLSContext(server) }
    server.groups = ["X25519"]
    server.minimumVersion = .tls13
    #expect(throws: Never.self) { try TLSContext(server) }
  }

  @Test(arguments: [
    [" P-256"], ["secp256r1"], ["prime256v1"], ["X25519 : P-384"], ["x25519", "P-521:\tP-256 "],
    ["secp384r1", "X25519"],
  ])
  func `groups are compared by identity, not by spelling`(groups: [String]) throws {
    var client = TLSContext.Configuration.client()
    client.trust = [TestAuthority().trust]
    client.groups = groups
    #expect(try TLSContext(client).warnings == [])
    let key: TestIdentity.KeyType = groups.contains { $0.contains("384") } ? .p384 : .p256
    let pair = try EnginePair.connected(.tls12, identity: .server(key: key)) { _, server in server.groups = groups }
    #expect(pair.client.negotiated != nil)
  }

  @Test(arguments: [
    ["P-256", "secp256r1"], ["X25519", "x25519"], ["P-256: P-256"], ["prime256v1", "P-384", " P-256"],
  ])
  func `a group that is named twice is refused, by whatever name`(groups: [String]) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.groups = groups
    expectRefusal(.unknownGroup, .misuse, naming: "twice") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: [["X25519:"], [""], ["X25519", " "], ["X25519:P-1000"], ["?X25519"], ["X25519/P-256"], ["DEFAULT"]])
  func `an unknown group name is refused`(groups: [String]) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.groups = groups
    expectRefusal(.unknownGroup, .misuse, naming: "knows no group") { _ = try TLSContext(configuration) }
  }

  // MARK: Identities

  @Test(arguments: [false, true])
  func `a server is warned of an identity that TLS 1.2 cannot use, where another can`(isAsking: Bool) throws {
    let authority = TestAuthority()
    let elliptic = authority.issue(names: ["localhost"], subject: "Elliptic", key: .p256)
    let rsa = authority.issue(names: ["localhost"], key: .rsa2048)
    var server = TLSContext.Configuration.server(try rsa.identity, try elliptic.identity)
    server.groups = ["X25519"]
    server.pausesAtClientHello = isAsking
    let context = try TLSContext(server)
    let reason = "the groups leave out its curve prime256v1"
    #expect(context.warnings == [.unusableIdentity(subject: "CN=Elliptic", version: .tls12, reason: reason)])
    #expect(context.warnings[0].description.contains("CN=Elliptic cannot be used in TLSv1.2: the groups"))
    if isAsking { return }
    var client = try EnginePair.configurations(version: .tls12, identity: rsa).client
    client.groups = ["X25519"]
    var pair = try EnginePair(client: TLSContext(client), server: context)
    try pair.handshake()
    #expect(pair.client.peerCertificates.first?.subject == "CN=localhost")
  }

  @Test func `a server's identity on a curve that no group stands for is refused as this side's mistake`() throws {
    let brainpool = SelfSigned(.curve("brainpoolP256r1"))
    var server = TLSContext.Configuration.server(try brainpool.identity)
    server.maximumVersion = .tls12
    expectRefusal(.unusableGroups, .local, naming: "CN=localhost", "brainpoolP256r1") { _ = try TLSContext(server) }
    server.maximumVersion = nil
    if LibraryVersion.hasHybridGroups {
      #expect(try TLSContext(server).warnings.count == 1)
    } else {
      expectRefusal(.unusableGroups, .local, naming: "CN=localhost", "brainpoolP256r1") { _ = try TLSContext(server) }
    }
    server.groups = ["brainpoolP256r1", "X25519"]
    server.maximumVersion = .tls12
    var client = TLSContext.Configuration.client()
    client.trust = [brainpool.trust]
    client.groups = ["X25519", "brainpoolP256r1"]
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    try pair.handshake()
    #expect(pair.client.negotiated != nil)
  }

  @Test func `a client's identity on a curve that no group stands for is refused as this side's mistake`() throws {
    var client = TLSContext.Configuration.client()
    client.identities = [try SelfSigned(.curve("brainpoolP256r1")).identity]
    client.maximumVersion = .tls12
    expectRefusal(.unusableGroups, .local, naming: "CN=localhost", "brainpoolP256r1") { _ = try TLSContext(client) }
    client.identities = [try TestIdentity.client().identity]
    client.groups = ["X25519"]
    expectRefusal(.unusableGroups, .local, naming: "CN=Test Client", "prime256v1") { _ = try TLSContext(client) }
    client.groups = ["X25519", "secp256r1"]
    #expect(throws: Never.self) { try TLSContext(client) }
  }

  @Test func `a DSA identity is refused or warned of, as far as no version can use it`() throws {
    let dsa = SelfSigned(.dsa)
    var server = TLSContext.Configuration.server(try dsa.identity)
    server.securityLevel = 0
    expectRefusal(.identityRefused, .local, naming: "CN=localhost", "DSA") { _ = try TLSContext(server) }
    server.cipherList = "DHE-DSS-AES128-GCM-SHA256"
    #expect(
      try TLSContext(server).warnings
        == [
          .unusableIdentity(subject: "CN=localhost", version: .tls13, reason: "TLS 1.3 has no signatures by DSA keys")
        ])
    var client = TLSContext.Configuration.client()
    client.securityLevel = 0
    client.cipherList = "DHE-DSS-AES128-GCM-SHA256"
    client.trust = [dsa.trust]
    client.maximumVersion = .tls12
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    try pair.handshake()
    #expect(pair.client.negotiated?.cipherSuite == "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256")
    client.identities = [try dsa.identity]
    client.minimumVersion = .tls13
    client.maximumVersion = .tls13
    expectRefusal(.identityRefused, .local, naming: "CN=localhost", "DSA") { _ = try TLSContext(client) }
  }

  @Test func `signature algorithms that the security level forbids are this side's mistake`() throws {
    for (side, name) in [(TLSRole.client, "client"), (.server, "server")] {
      var configuration =
        side == .client ? TLSContext.Configuration.client() : .server(try TestIdentity.server().identity)
      if side == .client { configuration.trust = [TestAuthority().trust] }
      configuration.securityLevel = 1
      configuration.signatureAlgorithms = ["RSA+SHA1"]
      expectRefusal(.peerIncompatible, .local, naming: "RSA+SHA1", "security level") {
        _ = try TLSContext(configuration)
      }
      configuration.signatureAlgorithms = ["RSA+SHA1", "ECDSA+SHA256"]
      #expect(try TLSContext(configuration).warnings == [.forbiddenSignatureAlgorithm("RSA+SHA1")], "\(name)")
      configuration.securityLevel = 0
      #expect(try TLSContext(configuration).warnings == [], "\(name)")
    }
  }

  @Test func `a client is warned of groups that exclude common certificates`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.trust = [TestAuthority().trust]
    configuration.groups = ["X25519"]
    #expect(try TLSContext(configuration).warnings == [.groupsExcludeCommonCertificates])
    configuration.minimumVersion = .tls13
    #expect(try TLSContext(configuration).warnings == [])
  }

  @Test func `a signature algorithm that libssl does not know is refused by name`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.signatureAlgorithms = ["ECDSA+SHA256", "ECDSA+MD17"]
    expectRefusal(.unknownSignatureAlgorithm, .misuse, naming: "\"ECDSA+MD17\"") { _ = try TLSContext(configuration) }
  }

  @Test func `an empty list of signature algorithms is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.signatureAlgorithms = []
    expectRefusal(.unknownSignatureAlgorithm, .misuse, naming: "empty") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: TLSVersion.both)
  func `without a common signature algorithm both sides report it`(version: TLSVersion) throws {
    let failures = try EnginePair.failures(version) { client, server in
      client.signatureAlgorithms = ["ed25519", "ECDSA+SHA384"]
      server.signatureAlgorithms = ["ECDSA+SHA256"]
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.client?.code == .alertReceived)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }
}
