import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// CRLs: for the leaf or the chain, current, expired, missing, of both roles.
@Suite(.tags(.law15, .behaviour))
struct RevocationListTests {
  private static let root = TestAuthority(name: "Root")
  private static let issuer = root.issueIntermediate()
  private static let identity = issuer.issue(names: ["localhost"])
  private static let past = TestIdentity.Validity(notBefore: 1_500_000_000, notAfter: 1_600_000_000)
  private static let future = TestIdentity.Validity(notBefore: 4_000_000_000, notAfter: 4_100_000_000)

  private static func failures(
    _ version: TLSVersion, _ revocation: TLSRevocationLists, identity: TestIdentity = identity
  ) throws -> EnginePair.Failures {
    try EnginePair.failures(version, identity: identity) { client, _ in client.revocation = revocation }
  }

  @Test(arguments: TLSVersion.both)
  func `each list is accepted, or refused by its own code and alert`(version: TLSVersion) throws {
    let good = try Self.issuer.revocationList()
    #expect(try Self.failures(version, .leaf([good])).client == nil)
    let stranger = try TestAuthority(name: "Test Intermediate CA").revocationList()
    let others = try Self.root.revocationList()
    let cases: [(TLSRevocationList, TLSError.Code, TLSAlert, Int)] = [
      (try Self.issuer.revocationList(revoking: [Self.identity]), .certificateRevoked, .certificateRevoked, 23),
      (try Self.issuer.revocationList(validity: Self.past), .revocationListExpired, .certificateExpired, 12),
      (try Self.issuer.revocationList(validity: Self.future), .revocationListNotYetValid, .badCertificate, 11),
      (others, .revocationListMissing, .unknownCA, 3),
      (stranger, .revocationListRefused, .decryptError, 8),
    ]
    for (list, code, alert, number) in cases {
      let failures = try Self.failures(version, .leaf([list]))
      #expect(failures.client?.code == code)
      #expect(failures.client?.alertSent == alert)
      #expect(failures.client?.verification?.code == number)
      #expect(failures.client?.blame == .peer)
      #expect(failures.server?.alertReceived == alert)
    }
  }

  @Test func `the whole chain needs the lists of all its issuers`() throws {
    let ofIssuer = try Self.issuer.revocationList()
    #expect(try Self.failures(.tls13, .chain([ofIssuer])).client?.code == .revocationListMissing)
    #expect(try Self.failures(.tls13, .chain([ofIssuer, try Self.root.revocationList()])).client == nil)
    let revoking = try TLSRevocationList(
      der: Self.root.revocationListDER(revoking: [Self.issuer.certificateDER]))
    let failures = try Self.failures(.tls13, .chain([ofIssuer, revoking]))
    #expect(failures.client?.code == .certificateRevoked)
    #expect(failures.client?.verification?.depth == 1)
    #expect(failures.client?.alertSent == .certificateRevoked)
    // The leaf alone is checked otherwise.
    #expect(try Self.failures(.tls13, .leaf([ofIssuer, revoking])).client == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `a server checks its clients' certificates`(version: TLSVersion) throws {
    let alice = Self.issuer.issue(subject: "Alice", usage: .client)
    let bob = Self.issuer.issue(subject: "Bob", usage: .client)
    for (client, expected) in [(alice, TLSError.Code.certificateRevoked), (bob, nil)] {
      let failures = try EnginePair.failures(version) { configuration, server in
        try EnginePair.authenticateClient(&configuration, &server, client)
        server.revocation = .leaf([try Self.issuer.revocationList(revoking: [alice])])
      }
      #expect(failures.server?.code == expected)
      if expected != nil { #expect(failures.client?.alertReceived == .certificateRevoked) }
    }
  }

  @Test func `a list is checked at the time given`() throws {
    let identity = Self.issuer.issue(names: ["localhost"], validity: .always)
    let failures = try EnginePair.failures(identity: identity) { client, _ in
      client.verificationTime = 4_050_000_000
      client.revocation = .leaf([try Self.issuer.revocationList(validity: Self.future)])
    }
    #expect(failures.client == nil)
  }

  // MARK: Bytes, files and warnings

  @Test func `lists are read from PEM, DER and files`() throws {
    let der = Self.issuer.revocationListDER(revoking: [Self.identity.certificateDER])
    let pem = Self.issuer.revocationListPEM() + Self.root.revocationListPEM()
    let directory = TemporaryDirectory()
    let one = try TLSRevocationList.bundle(file: directory.write("one.crl", der))
    let two = try TLSRevocationList.bundle(file: directory.write("two.pem", pem))
    #expect(one.map(\.issuer.description) == ["CN=Test Intermediate CA"])
    #expect(two.map(\.issuer.description) == ["CN=Test Intermediate CA", "CN=Root"])
    #expect(try one == [TLSRevocationList(der: der)])
    #expect(one[0].der == der)
    let dated = try Self.issuer.revocationList(validity: Self.past)
    #expect(dated.thisUpdate == Self.past.notBefore)
    #expect(dated.nextUpdate == Self.past.notAfter)
    #expect(one != [dated])
  }

  @Test func `what is no list is refused by name`() throws {
    let der = Self.issuer.revocationListDER()
    expectRefusal(.invalidRevocationList, .local) { _ = try TLSRevocationList(der: der + [0]) }
    expectRefusal(.invalidRevocationList, .local) { _ = try TLSRevocationList(der: Array(der.dropLast())) }
    expectRefusal(.invalidRevocationList, .local, naming: "X509 CRL") {
      _ = try TLSRevocationList.bundle(pem: Self.identity.certificatePEM)
    }
    expectRefusal(.invalidRevocationList, .local, naming: "line 1", "white space") {
      _ = try TLSRevocationList.bundle(pem: Array(" ".utf8) + Self.issuer.revocationListPEM())
    }
    let good = Self.issuer.revocationListPEM()
    expectRefusal(.invalidRevocationList, .local, naming: "CRL 2") {
      _ = try TLSRevocationList.bundle(pem: good + good.prefix(60) + Array("\n-----END X509 CRL-----\n".utf8))
    }
    expectRefusal(.unreadableFile, .local, naming: "/nonexistent.crl") {
      _ = try TLSRevocationList.bundle(file: "/nonexistent.crl")
    }
    var client = TLSContext.Configuration.client()
    client.revocation = .leaf([])
    expectRefusal(.invalidRevocationList, .misuse) { _ = try TLSContext(client) }
    client.revocation = .leaf([try Self.issuer.revocationList()])
    client.peerVerification = .none
    expectRefusal(.invalidConfiguration, .misuse, naming: "revocation") { _ = try TLSContext(client) }
  }

  @Test func `a list out of date is warned of`() throws {
    var client = TLSContext.Configuration.client()
    client.trustRoots = [Self.root.trust]
    client.revocation = .leaf([
      try Self.issuer.revocationList(validity: Self.past), try Self.root.revocationList(validity: Self.future),
    ])
    #expect(
      try TLSContext(client).warnings == [
        .expiredRevocationList(issuer: "CN=Test Intermediate CA"), .notYetValidRevocationList(issuer: "CN=Root"),
      ])
  }

  @Test func `a context in another library has a copy of its own`() throws {
    let list = try Self.issuer.revocationList(revoking: [Self.identity])
    #expect(try list.copied(to: .default).reference === list.reference)
    let copy = try list.copied(to: .lean())
    #expect(copy.reference !== list.reference)
    #expect(copy == list)
  }

  @Test(arguments: TLSVersion.both)
  func `a list is obeyed in another library`(version: TLSVersion) throws {
    let list = try Self.issuer.revocationList(revoking: [Self.identity])
    let failures = try EnginePair.failures(version, identity: Self.identity) { client, _ in
      client.library = try .lean()
      client.revocation = .leaf([list])
    }
    #expect(failures.client?.code == .certificateRevoked)
  }
}
