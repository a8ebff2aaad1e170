import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// The chain of the verification, and the name that matched, after the handshake.
@Suite(.tags(.behaviour, .openSSLFact))
struct VerifiedChainTests {
  private static let authority = TestAuthority().issueIntermediate()
  private static let identity = authority.issue(names: ["other.test", "*.site.example"], addresses: ["2001:db8::1"])

  private func pair(
    _ version: TLSVersion, _ name: TLSServerName = .dns("a.site.example"), session: TLSSession? = nil,
    configure: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> EnginePair {
    var (client, server) = try EnginePair.configurations(version: version, identity: Self.identity)
    try configure(&client, &server)
    return try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: name, session: session)
  }

  private static let names = ["CN=other.test", "CN=Test Intermediate CA", "CN=Test CA"]

  /// Row 69.
  @Test(arguments: TLSVersion.both)
  func `the verified chain ends at the trusted certificate, which the peer did not send`(version: TLSVersion) throws {
    var pair = try pair(version)
    #expect(pair.client.verifiedChain.isEmpty)
    #expect(pair.client.matchedName == nil)
    try pair.handshake()
    #expect(pair.client.peerCertificates.count == 2)
    #expect(pair.client.verifiedChain.map(\.subject.description) == Self.names)
    #expect(pair.client.verifiedChain.last == (try TLSCertificate(der: Self.authority.rootDER)))
    #expect(pair.client.matchedName == "*.site.example")
    #expect(pair.server.verifiedChain.isEmpty)
    #expect(pair.server.matchedName == nil)
    let recorded = unsafe SSL_get0_peername(pair.client.handle.ssl).map { unsafe String(cString: $0) }
    #expect(recorded == "*.site.example")
  }

  @Test(arguments: TLSVersion.both)
  func `a server has the verified chain of its client`(version: TLSVersion) throws {
    let alice = TestAuthority().issueIntermediate(name: "Staff").issue(subject: "Alice", usage: .client)
    var pair = try pair(version) { client, server in try EnginePair.authenticateClient(&client, &server, alice) }
    try pair.handshake()
    try pair.settle()
    #expect(pair.server.verifiedChain.map(\.subject.description) == ["CN=Alice", "CN=Staff", "CN=Test CA"])
    #expect(pair.server.matchedName == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `the name that matched is the certificate's own`(version: TLSVersion) throws {
    let names: [(TLSServerName, String?)] = [
      (.dns("OTHER.test"), "other.test"), (.dns("b.site.example."), "*.site.example"),
      (.ip("2001:DB8:0::1"), "2001:db8::1"),
      (.unverified(sni: "a.site.example"), nil), (.unverified(sni: nil), nil),
    ]
    for (name, expected) in names {
      var pair = try pair(version, name)
      try pair.handshake()
      #expect(pair.client.matchedName == expected)
    }
  }

  /// Row 69. The certificate of the session is there, and its name; a chain was verified when the session was created.
  @Test(arguments: TLSVersion.both)
  func `after a resumption there is a name that matched and no verified chain`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version, identity: Self.identity)
    let ends = (try TLSContext(client), try TLSContext(server))
    var full = try EnginePair(client: ends.0, server: ends.1, serverName: .dns("a.site.example"))
    try full.handshake()
    try full.settle()
    let own = try #require(full.client.allSessions().last)
    var resumed = try EnginePair(client: ends.0, server: ends.1, serverName: .dns("a.site.example"), session: own)
    try resumed.handshake()
    #expect(resumed.client.negotiated?.isResumed == true)
    #expect(unsafe SSL_get0_verified_chain(resumed.client.handle.ssl) == nil)
    #expect(unsafe SSL_get0_peername(resumed.client.handle.ssl) == nil)
    #expect(resumed.client.verifiedChain.isEmpty)
    #expect(resumed.client.matchedName == "*.site.example")
    #expect(resumed.client.peerCertificates.count == 2)
  }

  /// libssl forgets the name that matched when the verification is suspended; the chain survives.
  @Test(arguments: TLSVersion.both)
  func `both are there after a question`(version: TLSVersion) throws {
    var pair = try pair(version) { client, _ in client.pausesAtPeerCertificates = true }
    while pair.client.question == nil, pair.step() {}
    #expect(pair.client.verifiedChain.isEmpty)
    try pair.client.answer(.followVerification)
    try pair.handshake()
    #expect(unsafe SSL_get0_peername(pair.client.handle.ssl) == nil)
    #expect(pair.client.verifiedChain.map(\.subject.description) == Self.names)
    #expect(pair.client.matchedName == "*.site.example")
  }

  @Test(arguments: TLSVersion.both)
  func `a chain that was not accepted is no verified chain, although the peer is trusted`(version: TLSVersion) throws {
    var answered = try pair(version) { client, _ in
      client.pausesAtPeerCertificates = true
      client.trustRoots = [TestAuthority().trust]
    }
    while answered.client.question == nil, answered.step() {}
    try answered.client.answer(.trust)
    try answered.handshake()
    #expect(answered.client.verifiedChain.isEmpty)
    var unverified = try pair(version) { client, _ in
      client.peerVerification = .none
      client.trustRoots = [TestAuthority().trust]
    }
    try unverified.handshake()
    #expect(unverified.client.verifiedChain.isEmpty)
    #expect(unverified.client.peerCertificates.count == 2)
  }
}
