import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Key-exchange groups and signature schemes.
@Suite(.tags(.law16, .behaviour))
struct GroupTests {
  @Test func `a group that libssl does not know is refused by name, also beside one that it knows`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.groups = [.x25519, TLSGroup(rawValue: 0xFE17)]
    expectRefusal(.unknownGroup, .misuse, naming: "0xfe17") { _ = try TLSContext(configuration) }
    expectRefusal(.unknownGroup, .misuse, naming: "\"P-1000\"") { _ = try TLSGroup(name: "P-1000") }
  }

  @Test func `an empty list of groups is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.groups = []
    expectRefusal(.unknownGroup, .misuse, naming: "empty") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: TLSVersion.both)
  func `two sides without configured groups use libssl's first`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version)
    let first = version == .tls13 && LibraryVersion.hasHybridGroups ? TLSGroup.X25519MLKEM768 : .x25519
    #expect(pair.client.negotiated?.group == first)
    #expect(pair.server.negotiated?.group == first)
  }

  @Test(arguments: TLSVersion.both)
  func `a context without groups uses libssl's own, whatever the first context configured`(
    version: TLSVersion
  ) throws {
    let first = version == .tls13 && LibraryVersion.hasHybridGroups ? TLSGroup.X25519MLKEM768 : .x25519
    for named in [[TLSGroup.secp384r1, .secp256r1], nil] {
      let identity = TestIdentity.server()
      var pair = try EnginePair.connected(version, handshake: false, identity: identity) { _, server in
        server.pausesAtClientHello = true
        server.groups = named
      }
      pair.step()
      try pair.server.answer(.serve(with: TLSContext(.server(identity.identity))))
      try pair.handshake()
      #expect(pair.client.negotiated?.group == first)
    }
  }

  @Test(
    arguments: [[TLSGroup.secp256r1, .secp384r1], [.secp384r1, .secp256r1]],
    [[TLSGroup.secp384r1, .x25519, .secp256r1], [.secp256r1, .secp384r1]])
  func `of the common groups TLS 1.2 uses the server's first, and TLS 1.3 the client's key share`(
    ofClient: [TLSGroup], ofServer: [TLSGroup]
  ) throws {
    for version in TLSVersion.both {
      let pair = try EnginePair.connected(version) { client, server in
        client.groups = ofClient
        server.groups = ofServer
      }
      let expected = version == .tls12 ? ofServer[0] : ofClient[0]
      #expect(pair.client.negotiated?.group == expected, "\(version)")
      #expect(pair.server.negotiated?.group == expected, "\(version)")
    }
  }

  @Test func `a key exchange without a group reports none`() throws {
    let pair = try EnginePair.connected(.tls12, identity: .server(key: .rsa2048)) { client, server in
      client.cipherList = "AES128-SHA256"
      server.cipherList = "AES128-SHA256"
    }
    #expect(pair.client.negotiated?.cipherSuite.description == "TLS_RSA_WITH_AES_128_CBC_SHA256")
    for negotiated in [pair.client.negotiated, pair.server.negotiated] {
      #expect(negotiated != nil)
      #expect(negotiated?.group == nil)
    }
  }

  @Test func `a client with an unsuitable key share is asked for another`() throws {
    let pair = try EnginePair.connected(.tls13) { client, server in
      client.groups = [.x25519, .secp384r1]
      server.groups = [.secp384r1]
    }
    #expect(pair.client.negotiated?.group == .secp384r1)
    #expect(pair.server.negotiated?.group == .secp384r1)
  }

  @Test func `without a common group both sides report it in TLS 1.3`() throws {
    let failures = try EnginePair.failures(.tls13) { client, server in
      client.groups = [.x25519]
      server.groups = [.secp384r1]
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.server?.alertSent == .handshakeFailure)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }

  @Test func `without a common group both sides report it in TLS 1.2`() throws {
    let identity = TestIdentity.server(key: .rsa2048)
    let failures = try EnginePair.failures(.tls12, identity: identity) { client, server in
      client.groups = [.x25519]
      server.groups = [.secp384r1]
      client.cipherList = "ECDHE"
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }

  @Test func `a server's groups must include the curve of its certificate in TLS 1.2`() throws {
    var (_, server) = try EnginePair.configurations()
    server.groups = [.x25519]
    expectRefusal(.unusableGroups, .misuse, naming: "CN=localhost", "prime256v1") { _ = try TLSContext(server) }
    server.groups = [.x25519, .secp256r1]
    #expect(throws: Never.self) { try TLSContext(server) }
    server.groups = [.x25519]
    server.minimumVersion = .tls13
    #expect(throws: Never.self) { try TLSContext(server) }
  }

  @Test(arguments: [
    ("P-256", TLSGroup.secp256r1), ("secp256r1", .secp256r1), ("prime256v1", .secp256r1), ("p-256", .secp256r1),
    ("x25519", .x25519), ("X25519", .x25519), ("secp384r1", .secp384r1), ("P-521", .secp521r1),
    ("ffdhe2048", .ffdhe2048),
    ("X448", .x448),
  ])
  func `groups are compared by identity, not by spelling`(name: String, group: TLSGroup) throws {
    #expect(try TLSGroup(name: name) == group)
    var client = TLSContext.Configuration.client()
    client.trustRoots = [TestAuthority().trust]
    client.groups = [group] + (group == .secp256r1 ? [] : [.secp256r1])
    #expect(try TLSContext(client).warnings == [])
  }

  @Test func `a group is described by its name in the registry or by its number`() {
    #expect("\(TLSGroup.secp256r1), \(TLSGroup.X25519MLKEM768)" == "secp256r1, X25519MLKEM768")
    #expect("\(TLSGroup(rawValue: 0x0A0A))" == "0x0a0a")
  }

  @Test(arguments: ["", " ", " P-256", "X25519:P-256", "X25519:", "?X25519", "X25519/P-256", "DEFAULT", "0x001d"])
  func `an unknown group name is refused`(name: String) {
    expectRefusal(.unknownGroup, .misuse, naming: "knows no group \"\(name)\"") { _ = try TLSGroup(name: name) }
  }

  @Test func `a group that is named twice is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.groups = [.secp256r1, .x25519, try TLSGroup(name: "P-256")]
    expectRefusal(.unknownGroup, .misuse, naming: "secp256r1 twice") { _ = try TLSContext(configuration) }
  }

  // MARK: Identities

  @Test(arguments: [false, true])
  func `a server is warned of an identity that TLS 1.2 cannot use, where another can`(isAsking: Bool) throws {
    let authority = TestAuthority()
    let elliptic = authority.issue(names: ["localhost"], subject: "Elliptic", key: .p256)
    let rsa = authority.issue(names: ["localhost"], key: .rsa2048)
    var server = TLSContext.Configuration.server(try rsa.identity, try elliptic.identity)
    server.groups = [.x25519]
    server.pausesAtClientHello = isAsking
    let context = try TLSContext(server)
    let reason = "the groups leave out its curve prime256v1"
    #expect(context.warnings == [.unusableIdentity(subject: "CN=Elliptic", version: .tls12, reason: reason)])
    #expect(context.warnings[0].description.contains("CN=Elliptic cannot be used in TLSv1.2: the groups"))
    if isAsking { return }
    var client = try EnginePair.configurations(version: .tls12, identity: rsa).client
    client.groups = [.x25519]
    var pair = try EnginePair(client: TLSContext(client), server: context)
    try pair.handshake()
    #expect(pair.client.peerCertificates.first?.subject.description == "CN=localhost")
  }

  @Test func `a server's identity on a curve that no group stands for is refused as this side's mistake`() throws {
    let brainpool = SelfSigned(.curve("brainpoolP256r1"))
    let brainpoolP256r1 = try TLSGroup(name: "brainpoolP256r1")
    var server = TLSContext.Configuration.server(try brainpool.identity)
    server.maximumVersion = .tls12
    expectRefusal(.unusableGroups, .local, naming: "CN=localhost", "brainpoolP256r1") { _ = try TLSContext(server) }
    server.maximumVersion = nil
    if LibraryVersion.hasHybridGroups {
      #expect(try TLSContext(server).warnings.count == 1)
    } else {
      expectRefusal(.unusableGroups, .local, naming: "CN=localhost", "brainpoolP256r1") { _ = try TLSContext(server) }
    }
    server.groups = [brainpoolP256r1, .x25519]
    server.maximumVersion = .tls12
    var client = TLSContext.Configuration.client()
    client.trustRoots = [brainpool.trust]
    client.groups = [.x25519, brainpoolP256r1]
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
    client.groups = [.x25519]
    expectRefusal(.unusableGroups, .local, naming: "CN=Test Client", "prime256v1") { _ = try TLSContext(client) }
    client.groups = [.x25519, .secp256r1]
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
    client.trustRoots = [dsa.trust]
    client.maximumVersion = .tls12
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    try pair.handshake()
    #expect(pair.client.negotiated?.cipherSuite.description == "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256")
    client.identities = [try dsa.identity]
    client.minimumVersion = .tls13
    client.maximumVersion = .tls13
    expectRefusal(.identityRefused, .local, naming: "CN=localhost", "DSA") { _ = try TLSContext(client) }
  }

  @Test func `signature schemes that the security level forbids are this side's mistake`() throws {
    for (side, name) in [(TLSRole.client, "client"), (.server, "server")] {
      var configuration =
        side == .client ? TLSContext.Configuration.client() : .server(try TestIdentity.server().identity)
      if side == .client { configuration.trustRoots = [TestAuthority().trust] }
      configuration.securityLevel = 1
      configuration.signatureSchemes = [.rsa_pkcs1_sha1]
      expectRefusal(.peerIncompatible, .local, naming: "rsa_pkcs1_sha1", "security level") {
        _ = try TLSContext(configuration)
      }
      configuration.signatureSchemes = [.rsa_pkcs1_sha1, .ecdsa_secp256r1_sha256]
      #expect(try TLSContext(configuration).warnings == [.forbiddenSignatureScheme(.rsa_pkcs1_sha1)], "\(name)")
      configuration.securityLevel = 0
      #expect(try TLSContext(configuration).warnings == [], "\(name)")
    }
  }

  @Test func `a client is warned of groups that exclude common certificates`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [TestAuthority().trust]
    configuration.groups = [.x25519]
    #expect(try TLSContext(configuration).warnings == [.groupsExcludeCommonCertificates])
    configuration.minimumVersion = .tls13
    #expect(try TLSContext(configuration).warnings == [])
  }

  @Test func `a client that accepts no certificate is not warned of groups that exclude some`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.preSharedKeys = [.test()]
    configuration.groups = [.x25519]
    #expect(try TLSContext(configuration).warnings == [])
    configuration.acceptsCertificateWithoutPreSharedKey = true
    configuration.trustRoots = [TestAuthority().trust]
    #expect(try TLSContext(configuration).warnings == [.groupsExcludeCommonCertificates])
  }

  @Test func `a signature scheme that libssl does not know is refused by name`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.signatureSchemes = [.ecdsa_secp256r1_sha256, TLSSignatureScheme(rawValue: 0xFE01)]
    expectRefusal(.unknownSignatureScheme, .misuse, naming: "0xfe01") { _ = try TLSContext(configuration) }
    for name in ["ECDSA+MD17", "ECDSA+MD5", "DH+SHA256", "ecdsa", "", "RSA+", "+SHA256", "RSA+SHA256+SHA1"] {
      expectRefusal(.unknownSignatureScheme, .misuse, naming: "\"\(name)\"") { _ = try TLSSignatureScheme(name: name) }
    }
  }

  @Test(arguments: [
    ("ECDSA+SHA256", TLSSignatureScheme.ecdsa_secp256r1_sha256), ("RSA+SHA512", .rsa_pkcs1_sha512),
    ("RSA-PSS+SHA384", .rsa_pss_rsae_sha384), ("PSS+SHA256", .rsa_pss_rsae_sha256), ("ECDSA+SHA1", .ecdsa_sha1),
    ("ed25519", .ed25519), ("rsa_pss_pss_sha256", .rsa_pss_pss_sha256),
  ])
  func `a signature scheme is the same by its name and by its pair`(name: String, scheme: TLSSignatureScheme) throws {
    #expect(try TLSSignatureScheme(name: name) == scheme)
    #expect(try TLSSignatureScheme(name: scheme.description) == scheme)
  }

  @Test(arguments: [
    0x0201, 0x0202, 0x0203, 0x0301, 0x0303, 0x0401, 0x0403, 0x0501, 0x0503, 0x0601, 0x0603, 0x0804, 0x0805, 0x0806,
    0x0807,
    0x0808, 0x0809, 0x080A, 0x080B,
  ])
  func `every signature scheme of libssl is found by its number`(number: UInt16) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.securityLevel = 0
    configuration.trustRoots = [TestAuthority().trust]
    configuration.signatureSchemes = [TLSSignatureScheme(rawValue: number)]
    #expect(try TLSContext(configuration).warnings == [])
  }

  @Test func `an empty list of signature schemes is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.signatureSchemes = []
    expectRefusal(.unknownSignatureScheme, .misuse, naming: "empty") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: TLSVersion.both)
  func `without a common signature scheme both sides report it`(version: TLSVersion) throws {
    let failures = try EnginePair.failures(version) { client, server in
      client.signatureSchemes = [.ed25519, .ecdsa_secp384r1_sha384]
      server.signatureSchemes = [.ecdsa_secp256r1_sha256]
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.client?.code == .alertReceived)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }
}
