import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The check of a server's chain: dates, depth, purpose, signatures, and what both sides learn of a failure.
@Suite(.tags(.law15, .behaviour))
struct VerificationTests {
  struct Case: CustomTestStringConvertible {
    let defect: TestIdentity.Defect
    /// The `X509_V_ERR_…` number.
    let code: Int
    let alert: TLSAlert
    let version: TLSVersion
    var testDescription: String { "\(defect), \(version)" }
  }

  static let cases: [Case] = TLSVersion.both.flatMap { version in
    [
      Case(defect: .expired, code: 10, alert: .certificateExpired, version: version),
      Case(defect: .notYetValid, code: 9, alert: .badCertificate, version: version),
      Case(defect: .wrongName, code: 62, alert: .badCertificate, version: version),
      Case(defect: .selfSigned, code: 18, alert: .unknownCA, version: version),
      Case(defect: .unknownIssuer, code: 20, alert: .unknownCA, version: version),
      Case(defect: .wrongUsage, code: 26, alert: .unsupportedCertificate, version: version),
      Case(defect: .missingIntermediate, code: 20, alert: .unknownCA, version: version),
      Case(defect: .corruptedSignature, code: 7, alert: .decryptError, version: version),
    ]
  }

  @Test(arguments: cases)
  func `a defective certificate is refused, and both sides report the reason`(test: Case) throws {
    let failures = try EnginePair.failures(test.version, identity: .server(defect: test.defect))
    let client = try #require(failures.client)
    #expect(client.code == .certificateRejected)
    #expect(client.blame == .peer)
    #expect(client.alertSent == test.alert)
    let verification = try #require(client.verification)
    #expect(verification.code == test.code)
    #expect(!verification.isAccepted)
    #expect(verification.depth == 0)
    #expect(verification.subject == (test.defect == .wrongName ? "CN=wrong.invalid" : "CN=localhost"))
    #expect(client.description.contains(verification.text))
    #expect(failures.server?.code == .alertReceived)
    #expect(failures.server?.alertReceived == test.alert)
    #expect(failures.server?.verification == nil)
  }

  // MARK: Time

  /// Within the test certificates' validity, and one second outside of either end.
  static let first: Int64 = 1_577_836_800
  static let last: Int64 = 4_733_510_400

  @Test(arguments: [(first - 1, 9), (first + 1, 0), (2_000_000_000, 0), (last - 1, 0), (last + 1, 10)])
  func `a chain is checked at the time given`(time: Int64, expected: Int) throws {
    let identity = TestAuthority().issue(names: ["localhost"], validity: .always)
    let failures = try EnginePair.failures(identity: identity) { client, _ in client.verificationTime = time }
    #expect(failures.client?.verification?.code ?? 0 == expected)
    #expect((failures.client == nil) == (expected == 0))
  }

  @Test(.tags(.law16), arguments: [-2_208_988_801, 253_402_300_800, .min, .max] as [Int64])
  func `a time that libcrypto cannot compute with is refused`(time: Int64) throws {
    var client = TLSContext.Configuration.client()
    client.verificationTime = time
    expectRefusal(.invalidConfiguration, .misuse, naming: "verificationTime", "\(time)") { _ = try TLSContext(client) }
    var server = TLSContext.Configuration.server(try TestIdentity.server().identity)
    server.verificationTime = time
    server.maximumEarlyDataByteCount = 1
    server.earlyDataReplayFilter = try TLSReplayFilter()
    server.resumption = .tickets(keys: try TLSTicketKeys(current: [UInt8](repeating: 1, count: 32)))
    expectRefusal(.invalidConfiguration, .misuse, naming: "verificationTime", "\(time)") { _ = try TLSContext(server) }
  }

  @Test func `a certificate of the past is valid at its time`() throws {
    let identity = TestAuthority(validity: .past).issue(names: ["localhost"], validity: .past)
    #expect(try EnginePair.failures(identity: identity).client?.verification?.code == 10)
    let then = try EnginePair.failures(identity: identity) { client, _ in client.verificationTime = 1_400_000_000 }
    #expect(then.client == nil)
    #expect(then.server == nil)
  }

  @Test func `an expired authority is not accepted`() throws {
    let identity = TestAuthority(validity: .past).issue(names: ["localhost"])
    let client = try #require(try EnginePair.failures(identity: identity).client)
    #expect(client.verification?.code == 10)
    #expect(client.verification?.depth == 1)
    #expect(client.verification?.subject == "CN=Test CA")
  }

  // MARK: Depth

  @Test(arguments: [(0, 1, false), (1, 1, true), (1, 2, false), (2, 2, true), (0, 0, true)])
  func `the verification depth counts intermediates`(depth: Int, intermediates: Int, isAccepted: Bool) throws {
    var authority = TestAuthority()
    for number in 0..<intermediates { authority = authority.issueIntermediate(name: "Intermediate \(number)") }
    let identity = authority.issue(names: ["localhost"])
    let failures = try EnginePair.failures(identity: identity) { client, _ in client.verificationDepth = depth }
    #expect((failures.client == nil) == isAccepted)
    if !isAccepted { #expect(failures.client?.verification?.code == 22) }
  }

  @Test func `an authority's path length constraint is enforced`() throws {
    let upper = TestAuthority().issueIntermediate(name: "Upper", pathLength: 0)
    let good = upper.issue(names: ["localhost"])
    #expect(try EnginePair.failures(identity: good).client == nil)
    let bad = upper.issueIntermediate(name: "Lower").issue(names: ["localhost"])
    #expect(try EnginePair.failures(identity: bad).client?.verification?.code == 25)
  }

  @Test(arguments: [-1, 101, .max])
  func `a depth out of range is refused`(depth: Int) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.verificationDepth = depth
    expectRefusal(.invalidConfiguration, .misuse, naming: "\(depth)", "100") { _ = try TLSContext(configuration) }
  }

  // MARK: Purpose

  @Test(arguments: TLSVersion.both)
  func `a client certificate does not authenticate a server unless any purpose is accepted`(version: TLSVersion) throws
  {
    let identity = TestAuthority().issue(names: ["localhost"], usage: .client)
    #expect(try EnginePair.failures(version, identity: identity).client?.verification?.code == 26)
    let pair = try EnginePair.connected(version, identity: identity) { client, _ in
      client.checksExtendedKeyUsage = false
    }
    #expect(pair.client.negotiated != nil)
  }

  @Test func `a certificate for both purposes authenticates a server`() throws {
    let identity = TestAuthority().issue(names: ["localhost"], usage: .both)
    #expect(try EnginePair.failures(identity: identity).client == nil)
  }

  @Test func `a leaf certificate is not accepted as an authority`() throws {
    let leaf = TestIdentity.server()
    let failures = try EnginePair.failures(identity: leaf) { client, _ in
      client.trustRoots = [.der(TestIdentity.server().certificateDER)]
    }
    #expect(failures.client?.code == .certificateRejected)
  }

  // MARK: Chain

  @Test(arguments: TLSVersion.both)
  func `the peer's chain is reported leaf first, as it was sent`(version: TLSVersion) throws {
    let identity = TestAuthority().issueIntermediate(name: "Upper").issueIntermediate(name: "Lower")
      .issue(names: ["localhost"])
    let pair = try EnginePair.connected(version, identity: identity)
    #expect(pair.client.peerCertificates.map(\.der) == identity.chainDER)
    #expect(pair.client.peerCertificates.map(\.subject.description) == ["CN=localhost", "CN=Lower", "CN=Upper"])
    #expect(pair.server.peerCertificates.isEmpty)
  }

  @Test func `a chain may contain more certificates than are needed`() throws {
    let identity = TestIdentity.server()
    let unrelated = TestAuthority(name: "Unrelated")
    let failures = try EnginePair.failures(identity: identity) { _, server in
      server.identities = [
        try TLSIdentity(
          derChain: identity.chainDER + [unrelated.certificateDER, identity.authority.certificateDER],
          privateKey: identity.privateKeyDER)
      ]
    }
    #expect(failures.client == nil)
  }

  // MARK: Insecure on purpose

  @Test(arguments: TLSVersion.both, [TestIdentity.Defect.expired, .selfSigned, .wrongName, .wrongUsage])
  func `without verification any certificate is accepted`(version: TLSVersion, defect: TestIdentity.Defect) throws {
    var pair = try EnginePair.connected(version, identity: .server(defect: defect)) { client, _ in
      client.peerVerification = .none
      client.trustRoots = []
    }
    #expect(pair.client.peerCertificates.count == 1)
    #expect(try pair.transfer([1, 2, 3], from: .client) == [1, 2, 3])
  }

  @Test(arguments: TLSVersion.both)
  func `the chain is verified although the name is not`(version: TLSVersion) throws {
    let wrongName = TestIdentity.server(defect: .wrongName)
    for sni in [nil, "localhost"] {
      let accepted = try EnginePair.failures(version, identity: wrongName, serverName: .unverified(sni: sni))
      #expect(accepted.client == nil)
    }
    let untrusted = TestIdentity.server(defect: .unknownIssuer)
    let failures = try EnginePair.failures(version, identity: untrusted, serverName: .unverified(sni: nil))
    #expect(failures.client?.code == .certificateRejected)
  }
}
