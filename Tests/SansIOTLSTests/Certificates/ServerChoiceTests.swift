import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A server chooses among several identities: by the requested name, and by what the client can verify.
@Suite(.tags(.behaviour))
struct ServerChoiceTests {
  private static let authority = TestAuthority()
  private static func issue(_ name: String, _ key: TestIdentity.KeyType = .p256) -> TestIdentity {
    authority.issue(names: [name], key: key)
  }
  /// The first is the default.
  private static let identities = [
    issue("default.example"), issue("a.example"), issue("b.example"), issue("*.wild.example"),
    issue("b.example", .rsa2048), issue("curves.example", .p384), issue("curves.example", .p256),
  ]

  /// The chain that a server presents to a client that asks for a name.
  private func presented(
    _ version: TLSVersion, to name: TLSServerName, schemes: [TLSSignatureScheme]? = nil,
    identities: [TestIdentity] = identities
  ) throws -> TestIdentity? {
    var client = TLSContext.Configuration.client()
    client.trustRoots = [Self.authority.trust]
    client.minimumVersion = version
    client.maximumVersion = version
    client.signatureSchemes = schemes
    client.peerVerification = .none
    let server = TLSContext.Configuration.server(try identities.map { try $0.identity })
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: name)
    try pair.handshake()
    let leaf = pair.client.peerCertificates.first
    return try identities.first { try $0.certificate == leaf }
  }

  @Test(arguments: TLSVersion.both)
  func `the requested name chooses among identities of one key type`(version: TLSVersion) throws {
    let expected: [(TLSServerName, Int)] = [
      (.dns("a.example"), 1), (.dns("B.Example"), 2), (.dns("x.wild.example"), 3), (.dns("default.example"), 0),
      (.dns("unknown.example"), 0), (.dns("wild.example"), 0), (.unverified(sni: nil), 0), (.ip("127.0.0.1"), 0),
    ]
    let schemes: [TLSSignatureScheme] = [.ecdsa_secp256r1_sha256, .ecdsa_secp384r1_sha384]
    for (name, index) in expected {
      let presented = try presented(version, to: name, schemes: schemes)
      #expect(presented?.certificateDER == Self.identities[index].certificateDER, "\(name)")
    }
  }

  @Test(arguments: TLSVersion.both)
  func `the client's schemes choose among identities of one name`(version: TLSVersion) throws {
    let rsa: [TLSSignatureScheme] = [.rsa_pss_rsae_sha256, .rsa_pkcs1_sha256]
    #expect(
      try presented(version, to: .dns("b.example"), schemes: rsa)?.certificateDER == Self.identities[4].certificateDER)
    #expect(
      try presented(version, to: .dns("b.example"), schemes: [.ecdsa_secp256r1_sha256])?.certificateDER
        == Self.identities[2].certificateDER)
  }

  /// In TLS 1.3 a scheme names its curve.
  @Test func `the client's schemes choose among curves`() throws {
    #expect(
      try presented(.tls13, to: .dns("curves.example"), schemes: [.ecdsa_secp384r1_sha384])?.certificateDER
        == Self.identities[5].certificateDER)
    #expect(
      try presented(.tls13, to: .dns("curves.example"), schemes: [.ecdsa_secp256r1_sha256])?.certificateDER
        == Self.identities[6].certificateDER)
  }

  /// A certificate of another type of key is of no use if it is for another name.
  @Test(arguments: TLSVersion.both)
  func `a name chooses before the type of key`(version: TLSVersion) throws {
    let identities = [Self.issue("a.example"), Self.issue("b.example", .rsa2048)]
    #expect(
      try presented(version, to: .dns("b.example"), identities: identities)?.certificateDER
        == identities[1].certificateDER)
    #expect(
      try presented(version, to: .dns("a.example"), identities: identities)?.certificateDER
        == identities[0].certificateDER)
  }

  @Test(arguments: TLSVersion.both)
  func `a session is resumed whatever identity was chosen`(version: TLSVersion) throws {
    var client = TLSContext.Configuration.client()
    client.trustRoots = [Self.authority.trust]
    client.maximumVersion = version
    let contexts = (
      client: try TLSContext(client), server: try TLSContext(.server(try Self.identities.map { try $0.identity }))
    )
    var session: TLSSession?
    for turn in 0..<2 {
      var pair = try EnginePair(
        client: contexts.client, server: contexts.server, serverName: .dns("a.example"), session: session)
      try pair.handshake()
      try pair.settle()
      #expect(pair.client.negotiated?.isResumed == (turn == 1))
      #expect(try pair.client.peerCertificates.first == Self.identities[1].certificate)
      session = pair.client.allSessions().last
    }
  }

  @Test(arguments: TLSVersion.both)
  func `the chain of the chosen identity is sent`(version: TLSVersion) throws {
    let first = Self.issue("a.example")
    let second = Self.authority.issueIntermediate(name: "Second").issue(names: ["b.example"])
    var client = TLSContext.Configuration.client()
    client.trustRoots = [Self.authority.trust]
    client.maximumVersion = version
    let server = TLSContext.Configuration.server(try first.identity, try second.identity)
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: .dns("b.example"))
    try pair.handshake()
    #expect(pair.client.peerCertificates.map(\.subject.description) == ["CN=b.example", "CN=Second"])
  }
}
