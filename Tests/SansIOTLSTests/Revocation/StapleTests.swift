import SansIOTLS
import SansIOTLSTestKit
import Testing

/// OCSP staples: sent, renewed, asked for, required and judged.
@Suite(.tags(.law15, .behaviour))
struct StapleTests {
  static let authority = TestAuthority().issueIntermediate()

  /// The failures of a handshake with such a staple.
  static func failures(
    _ version: TLSVersion, _ kind: TestIdentity.StapleKind?, _ stapling: TLSStapling = .requested,
    mustStaple: Bool = false, time: Int64? = nil
  ) throws -> EnginePair.Failures {
    let identity =
      mustStaple ? authority.issue(.mustStaple) : authority.issue(names: ["localhost"], validity: .always)
    return try EnginePair.failures(version, identity: identity) { client, server in
      client.stapling = stapling
      client.verificationTime = time
      if let kind { server.identities = [try identity.stapled(kind, at: time)] }
    }
  }

  struct Case: CustomTestStringConvertible {
    let kind: TestIdentity.StapleKind
    let code: TLSError.Code?
    let version: TLSVersion
    var testDescription: String { "\(kind), \(version)" }
  }

  private static let expectations: [(TestIdentity.StapleKind, TLSError.Code?)] = [
    (.good, nil), (.goodByResponder, nil), (.goodBySHA256, nil), (.revoked, .certificateRevoked),
    (.unknown, .certificateStatusUnknown), (.expired, .stapleExpired), (.notYetValid, .stapleNotYetValid),
    (.endless, .stapleMalformed), (.wrongSigner, .stapleUntrusted), (.unauthorisedResponder, .stapleUntrusted),
    (.anotherCertificate, .stapleOfAnotherCertificate),
  ]
  static let cases: [Case] = TLSVersion.both.flatMap { version in
    expectations.map { Case(kind: $0.0, code: $0.1, version: version) }
  }

  @Test(arguments: cases)
  func `each staple is accepted, or refused by its own code and one alert`(test: Case) throws {
    for stapling in [TLSStapling.requested, .required] {
      let failures = try Self.failures(test.version, test.kind, stapling)
      #expect(failures.client?.code == test.code)
      guard let client = failures.client else { continue }
      #expect(client.blame == .peer)
      #expect(client.alertSent == .badCertificateStatusResponse)
      #expect(client.verification?.subject == "CN=localhost")
      #expect(client.verification?.isAccepted == false)
      #expect(failures.server?.alertReceived == .badCertificateStatusResponse)
    }
    // Without the question there is no answer.
    #expect(try Self.failures(test.version, test.kind, .off).client == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `a missing staple is refused where the client or the certificate requires one`(version: TLSVersion) throws {
    #expect(try Self.failures(version, nil, .requested).client == nil)
    let required = try Self.failures(version, nil, .required)
    #expect(required.client?.code == .stapleMissing)
    #expect(required.client?.alertSent == .badCertificateStatusResponse)
    let mustStaple = try Self.failures(version, nil, .requested, mustStaple: true)
    #expect(mustStaple.client?.code == .stapleMissing)
    #expect(mustStaple.client?.alertSent == .badCertificateStatusResponse)
    #expect(try Self.failures(version, .good, .requested, mustStaple: true).client == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `bytes that are no successful response are refused`(version: TLSVersion) throws {
    for kind in [TestIdentity.StapleKind.malformed, .tryLater] {
      let identity = Self.authority.issue(names: ["localhost"])
      let peer = StaplingPeer(identity, staple: identity.staple(kind), version: version)
      let error = try peer.failure(of: identity.trust, stapling: .requested)
      #expect(error?.code == .stapleMalformed)
      #expect(error?.alertSent == .badCertificateStatusResponse)
      // A holder does not accept them.
      expectRefusal(.invalidStaple, .local) { _ = try identity.stapled(kind) }
    }
  }

  // MARK: Time

  private static let inside: Int64 = 2_000_000_000
  private static let week: Int64 = 7 * 86_400

  @Test(arguments: [
    (-3600 - 301, TLSError.Code.stapleNotYetValid), (-3600 - 300, nil), (0, nil), (week + 300, nil),
    (week + 301, .stapleExpired),
  ])
  func `a staple is checked at the time given, with five minutes of tolerance`(
    offset: Int64, expected: TLSError.Code?
  ) throws {
    let identity = Self.authority.issue(names: ["localhost"], validity: .always)
    for version in TLSVersion.both {
      let failures = try EnginePair.failures(version, identity: identity) { client, server in
        client.stapling = .required
        client.verificationTime = Self.inside + offset
        server.identities = [try identity.stapled(at: Self.inside)]
      }
      #expect(failures.client?.code == expected)
    }
  }

  @Test func `a staple of the past is good at its time`() throws {
    #expect(try Self.failures(.tls13, .good, .required, time: Self.inside).client == nil)
  }

  // MARK: The value

  @Test(arguments: TLSVersion.both)
  func `the staple is readable after the handshake`(version: TLSVersion) throws {
    let identity = Self.authority.issue(names: ["localhost"], validity: .always)
    var pair = try EnginePair.connected(version, handshake: false, identity: identity) { client, server in
      client.stapling = .requested
      client.verificationTime = Self.inside
      server.identities = [try identity.stapled(at: Self.inside)]
    }
    #expect(pair.client.peerStaple == nil)
    try pair.handshake()
    let taken = pair.client.peerStaple
    let staple = try #require(taken)
    #expect(staple.status == .good)
    #expect(staple.thisUpdate == Self.inside - 3600)
    #expect(staple.nextUpdate == Self.inside + Self.week)
    #expect(try staple.responder == .name(Self.authority.certificate.subject))
    #expect(try TLSStapleHolder(staple.der).response == staple.der)
    #expect(pair.server.peerStaple == nil)
  }

  @Test func `a client that does not ask has no staple`() throws {
    let identity = Self.authority.issue(names: ["localhost"])
    let pair = try EnginePair.connected(identity: identity) { _, server in
      server.identities = [try identity.stapled()]
    }
    #expect(pair.client.peerStaple == nil)
  }

  // MARK: Renewal

  @Test(arguments: TLSVersion.both)
  func `a staple is renewed without a new context`(version: TLSVersion) throws {
    let identity = Self.authority.issue(names: ["localhost"])
    let holder = TLSStapleHolder()
    var (client, server) = try EnginePair.configurations(version: version, identity: identity)
    client.stapling = .required
    server.identities[0].stapleHolder = holder
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    func code() throws -> TLSError.Code? {
      var pair = try EnginePair(client: ends.client, server: ends.server)
      return pair.outcome().client?.code
    }
    #expect(try code() == .stapleMissing)
    try holder.replace(by: identity.staple(.expired))
    #expect(try code() == .stapleExpired)
    try holder.replace(by: identity.staple(.good))
    #expect(try code() == nil)
    expectRefusal(.invalidStaple, .local) { try holder.replace(by: identity.staple(.malformed)) }
    #expect(try code() == nil)
    try holder.replace(by: nil)
    #expect(try code() == .stapleMissing)
    #expect(holder.response == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `each identity has its own staple`(version: TLSVersion) throws {
    let rsa = Self.authority.issue(names: ["localhost"], key: .rsa2048)
    let ec = Self.authority.issue(names: ["localhost"])
    for (scheme, expected) in [
      (TLSSignatureScheme.rsa_pss_rsae_sha256, TLSError.Code.certificateRevoked), (.ecdsa_secp256r1_sha256, nil),
    ] {
      let failures = try EnginePair.failures(version, identity: ec) { client, server in
        client.stapling = .required
        // The chain is signed by ECDSA.
        client.signatureSchemes = scheme == .ecdsa_secp256r1_sha256 ? [scheme] : [scheme, .ecdsa_secp384r1_sha384]
        client.securityLevel = 0
        server.identities = [try rsa.stapled(.revoked), try ec.stapled(.good)]
        if version == .tls12, scheme == .rsa_pss_rsae_sha256 { client.cipherList = "ECDHE-RSA-AES128-GCM-SHA256" }
      }
      #expect(failures.client?.code == expected, "\(scheme)")
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a context that a question selects sends its own staple`(version: TLSVersion) throws {
    let identity = Self.authority.issue(names: ["localhost"])
    var (client, server) = try EnginePair.configurations(version: version, identity: identity)
    client.stapling = .required
    server.pausesAtClientHello = true
    let first = try TLSContext(server)
    server.pausesAtClientHello = false
    server.identities = [try identity.stapled()]
    let second = try TLSContext(server)
    var pair = try EnginePair(client: TLSContext(client), server: first)
    while pair.step() {}
    try pair.answer(.serve(with: second), at: .server)
    #expect(pair.outcome().client == nil)
    #expect(pair.client.peerStaple?.status == .good)
  }

  // MARK: Questions

  @Test(arguments: TLSVersion.both)
  func `trust in a question does not replace the staple`(version: TLSVersion) throws {
    let identity = Self.authority.issue(names: ["other.example"])
    for (kind, expected) in [(TestIdentity.StapleKind.good, nil), (.revoked, TLSError.Code.certificateRevoked)] {
      var (client, server) = try EnginePair.configurations(version: version, identity: identity)
      client.stapling = .required
      client.pausesAtPeerCertificates = true
      server.identities = [try identity.stapled(kind)]
      var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
      while pair.step() {}
      try? pair.answer(.trust, at: .client)
      #expect(pair.outcome().client?.code == expected)
    }
  }

  // MARK: Configuration

  @Test func `a staple of the wrong side is refused by name`() throws {
    let identity = TestIdentity.server()
    var server = TLSContext.Configuration.server(try identity.identity)
    server.stapling = .requested
    expectRefusal(.invalidConfiguration, .misuse, naming: "stapling", "stapleHolder") { _ = try TLSContext(server) }
    var client = TLSContext.Configuration.client()
    client.identities = [try identity.stapled()]
    expectRefusal(.invalidConfiguration, .misuse, naming: "stapleHolder") { _ = try TLSContext(client) }
    client.identities = []
    client.stapling = .required
    client.peerVerification = .none
    expectRefusal(.invalidConfiguration, .misuse, naming: "peerVerification") { _ = try TLSContext(client) }
  }

  @Test func `a staple that clients will refuse is warned of`() throws {
    func warnings(_ identity: TLSIdentity) throws -> [TLSContext.Warning] { try TLSContext(.server(identity)).warnings }
    let mustStaple = Self.authority.issue(.mustStaple)
    #expect(try warnings(mustStaple.identity) == [.missingStaple(subject: "CN=localhost")])
    #expect(try warnings(mustStaple.stapled(.good)) == [])
    #expect(try warnings(mustStaple.stapled(.expired)) == [.expiredStaple(subject: "CN=localhost")])
    #expect(
      try warnings(mustStaple.stapled(.anotherCertificate)) == [.stapleOfAnotherCertificate(subject: "CN=localhost")])
  }
}
