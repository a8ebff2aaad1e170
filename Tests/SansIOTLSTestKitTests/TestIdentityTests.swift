import SansIOTLS
import SansIOTLSTestKit
import Testing

@Suite struct TestIdentityTests {
  // MARK: Contents

  @Test func `each call issues another key and another certificate`() {
    let authority = TestAuthority()
    let first = authority.issue(names: ["localhost"])
    let second = authority.issue(names: ["localhost"])
    #expect(first.certificateDER != second.certificateDER)
    #expect(first.privateKeyDER != second.privateKeyDER)
    #expect(authority.rootDER != TestAuthority().rootDER)
  }

  @Test func `subject and issuer are the requested names`() throws {
    let authority = TestAuthority(name: "Root of All")
    let leaf = try authority.issueIntermediate(name: "Middle").issue(subject: "Alice").certificate
    #expect(leaf.subject.description.contains("Alice"))
    #expect(leaf.issuer.description.contains("Middle"))
    #expect(try authority.certificate.subject == authority.certificate.issuer)
  }

  @Test func `the chain is leaf first and ends below the root`() throws {
    let lower = TestAuthority(name: "Root").issueIntermediate(name: "Upper").issueIntermediate(name: "Lower")
    let chain = try lower.issue(subject: "Leaf").chainDER.map { der in try TLSCertificate(der: der) }
    #expect(chain.count == 3)
    for (certificate, name) in zip(chain, ["Leaf", "Lower", "Upper"]) {
      #expect(certificate.subject.description.contains(name))
    }
    #expect(chain[0].issuer == chain[1].subject)
    #expect(chain[1].issuer == chain[2].subject)
    #expect(chain[2].issuer.description.contains("Root"))
  }

  /// Three lengths in a row meet every padding of base64; the counts of names, DER lengths of one to three octets.
  @Test(arguments: [0, 1, 2, 20, 5000])
  func `PEM and DER have the same contents at every length`(names: Int) throws {
    let authority = TestAuthority().issueIntermediate()
    for subject in ["a", "aa", "aaa"] {
      let identity = authority.issue(names: (0..<names).map { "host\($0).example" }, subject: subject)
      #expect(try TLSCertificate.bundle(pem: identity.chainPEM).map(\.der) == identity.chainDER)
      #expect(try TLSCertificate(pem: identity.certificatePEM).der == identity.certificateDER)
    }
    #expect(try TLSCertificate(pem: authority.certificatePEM).der == authority.certificateDER)
    #expect(try TLSCertificate(pem: authority.rootPEM).der == authority.rootDER)
  }

  // MARK: Acceptance by libssl

  @Test(arguments: TestIdentity.KeyType.allCases)
  func `a client accepts the certificate of each key type`(key: TestIdentity.KeyType) throws {
    try expect(outcome(onServer: .server(key: key)), .accepted)
  }

  @Test(arguments: [TestIdentity.KeyType.p384, .ed25519, .rsa2048])
  func `an authority may have any key type`(key: TestIdentity.KeyType) throws {
    let authority = TestAuthority(key: key).issueIntermediate(key: key)
    try expect(outcome(onServer: authority.issue(names: ["localhost"])), .accepted)
  }

  @Test func `a server accepts a client's certificate`() throws {
    try expect(outcome(onClient: .client()), .accepted)
  }

  @Test func `a certificate for both sides is accepted on both`() throws {
    let identity = TestAuthority().issue(names: ["localhost"], usage: .both)
    try expect(outcome(onServer: identity), .accepted)
    try expect(outcome(onClient: identity), .accepted)
  }

  @Test(arguments: ["127.0.0.1", "::1", "2001:db8::7"])
  func `an address is accepted if it is requested`(address: String) throws {
    let identity = TestIdentity.server(addresses: [address])
    try expect(outcome(onServer: identity, as: .ip(address)), .accepted)
    try expect(outcome(onServer: identity, as: .ip("192.0.2.1")), .rejected(Check.addressMismatch))
  }

  @Test func `without alternative names the common name is checked`() throws {
    let identity = TestAuthority().issue(subject: "localhost")
    try expect(outcome(onServer: identity), .accepted)
  }

  @Test func `a name ends neither at a NUL nor before it`() throws {
    let identity = TestAuthority().issue(names: ["localhost\0.example"], subject: "Someone")
    try expect(outcome(onServer: identity), .rejected(Check.nameMismatch))
  }

  @Test func `a path longer than its authority allows is rejected`() throws {
    let upper = TestAuthority().issueIntermediate(pathLength: 0)
    try expect(outcome(onServer: upper.issue(names: ["localhost"])), .accepted)
    let lower = upper.issueIntermediate(name: "One Too Many")
    try expect(outcome(onServer: lower.issue(names: ["localhost"])), .rejected(Check.pathTooLong))
  }

  /// 2049-12-31T23:59:59Z is the last second that X.509 writes with two digits for the year. At `notAfter` itself
  /// RFC 5280 and libcrypto disagree, so that second is not tested.
  @Test(arguments: [2_524_607_998, 2_524_607_999, 2_524_608_000] as [Int64])
  func `validity begins and ends at its seconds`(second: Int64) throws {
    let authority = TestAuthority()
    let identity = authority.issue(names: ["localhost"], validity: .init(notBefore: second, notAfter: second + 2))
    try expect(outcome(onServer: identity, at: second - 1), .rejected(Check.notYetValid))
    try expect(outcome(onServer: identity, at: second), .accepted)
    try expect(outcome(onServer: identity, at: second + 1), .accepted)
    try expect(outcome(onServer: identity, at: second + 3), .rejected(Check.expired))
  }

  @Test(arguments: [TestIdentity.KeyType.p256, .ed25519, .rsa2048])
  func `every form of the private key matches the chain`(key: TestIdentity.KeyType) throws {
    let minted = TestIdentity.server(key: key)
    let forms = [
      try TLSIdentity(pemChain: minted.chainPEM, privateKey: minted.privateKeyPEM),
      try TLSIdentity(derChain: minted.chainDER, privateKey: minted.privateKeyDER),
      try TLSIdentity(
        pemChain: minted.chainPEM, privateKey: minted.privateKeyPEM(passphrase: "geheim"), passphrase: "geheim"),
      try TLSIdentity(
        derChain: minted.chainDER, privateKey: minted.privateKeyDER(passphrase: "geheim"), passphrase: "geheim"),
      try TLSIdentity(pkcs12: minted.pkcs12(passphrase: "geheim"), passphrase: "geheim"),
    ]
    for form in forms { _ = try TLSContext(.server(form)) }
  }

  @Test func `an encrypted form cannot be read with another passphrase`() {
    let minted = TestIdentity.server()
    #expect(throws: TLSError.self) {
      let key = minted.privateKeyPEM(passphrase: "geheim")
      _ = try TLSContext(.server(TLSIdentity(pemChain: minted.chainPEM, privateKey: key, passphrase: "offen")))
    }
    #expect(throws: TLSError.self) {
      _ = try TLSContext(.server(TLSIdentity(pkcs12: minted.pkcs12(passphrase: "geheim"), passphrase: "offen")))
    }
  }

  // MARK: Defects

  @Test(
    arguments: [
      (.expired, Check.expired), (.notYetValid, Check.notYetValid), (.wrongName, Check.nameMismatch),
      (.selfSigned, Check.selfSigned), (.unknownIssuer, Check.unknownIssuer), (.wrongUsage, Check.wrongUsage),
      (.missingIntermediate, Check.unknownIssuer), (.corruptedSignature, Check.badSignature),
      (.overlongChain, Check.chainTooLong),
    ] as [(TestIdentity.Defect, Int)])
  func `a client rejects a server for its defect`(defect: TestIdentity.Defect, check: Int) throws {
    try expect(outcome(onServer: .server(defect: defect)), .rejected(check))
  }

  @Test(
    arguments: [
      (.expired, Check.expired), (.notYetValid, Check.notYetValid), (.selfSigned, Check.selfSigned),
      (.unknownIssuer, Check.unknownIssuer), (.wrongUsage, Check.wrongUsage),
      (.missingIntermediate, Check.unknownIssuer), (.corruptedSignature, Check.badSignature),
      (.overlongChain, Check.chainTooLong),
    ] as [(TestIdentity.Defect, Int)])
  func `a server rejects a client for its defect`(defect: TestIdentity.Defect, check: Int) throws {
    try expect(outcome(onClient: .client(defect: defect)), .rejected(check))
  }

  @Test func `a defect that prevents serving is rejected locally`() throws {
    #expect(throws: TLSError.self) { _ = try TLSContext(.server(TestIdentity.server(defect: .mismatchedKey).identity)) }
    try expect(
      outcome(onServer: .server(defect: .weakKey), securityLevels: (server: 1, client: 2)), .rejected(Check.weakKey))
  }

  @Test func `a wrong name also fails for an address`() throws {
    let identity = TestIdentity.server(addresses: ["127.0.0.1"], defect: .wrongName)
    try expect(outcome(onServer: identity, as: .ip("127.0.0.1")), .rejected(Check.addressMismatch))
  }

  @Test func `the key of another certificate is rejected locally`() {
    let minted = TestIdentity.server(defect: .mismatchedKey)
    #expect(throws: TLSError.self) { _ = try TLSContext(.server(minted.identity)) }
  }

  @Test func `a PKCS 12 file holds a mismatched key without a certificate of its own`() {
    let file = TestIdentity.server(defect: .mismatchedKey).pkcs12(passphrase: "geheim")
    #expect(throws: TLSError.self) { _ = try TLSContext(.server(TLSIdentity(pkcs12: file, passphrase: "geheim"))) }
  }

  @Test func `a weak key is rejected on both sides from security level 2`() throws {
    let minted = TestIdentity.server(defect: .weakKey)
    var server = TLSContext.Configuration.server(try minted.identity)
    server.securityLevel = 2
    #expect(throws: TLSError.self) { _ = try TLSContext(server) }
    try expect(outcome(onServer: minted, securityLevels: (server: 1, client: 1)), .accepted)
    try expect(outcome(onServer: minted, securityLevels: (server: 1, client: 2)), .rejected(Check.weakKey))
  }
}

/// The results of X509_verify_cert(3) for the defects.
private enum Check {
  static let badSignature = 7
  static let notYetValid = 9
  static let expired = 10
  static let selfSigned = 18
  static let unknownIssuer = 20
  static let chainTooLong = 22
  static let pathTooLong = 25
  static let wrongUsage = 26
  static let nameMismatch = 62
  static let addressMismatch = 64
  static let weakKey = 66
}

/// The result of a handshake for the side that verifies the other's certificate.
private enum Outcome: Equatable {
  case accepted
  case rejected(Int)
  case failed(String)
  case unfinished

  init(_ failure: TLSError?, isFinished: Bool) {
    switch failure {
    case nil: self = isFinished ? .accepted : .unfinished
    case let error?:
      self = error.code == .certificateRejected ? .rejected(error.verification?.code ?? 0) : .failed("\(error)")
    }
  }
}

/// A function of its own, so that a failure shows the result: `#expect` does not expand an expression that throws.
private func expect(_ outcome: Outcome, _ expected: Outcome, _ location: SourceLocation = #_sourceLocation) {
  #expect(outcome == expected, sourceLocation: location)
}

/// The result of a client that trusts the identity's authority for a server with this identity.
private func outcome(
  onServer identity: TestIdentity, as name: TLSServerName = .dns("localhost"), at time: Int64? = nil,
  securityLevels: (server: Int, client: Int)? = nil
) throws -> Outcome {
  var server = TLSContext.Configuration.server(try identity.identity)
  server.securityLevel = securityLevels?.server
  var client = TLSContext.Configuration.client()
  client.trustRoots = [identity.trust]
  client.verificationTime = time
  client.securityLevel = securityLevels?.client
  return try outcomes(server: server, client: client, name: name).client
}

/// The result of a server that trusts the identity's authority for a client with this identity.
private func outcome(onClient identity: TestIdentity) throws -> Outcome {
  let serverIdentity = TestIdentity.server()
  var server = TLSContext.Configuration.server(try serverIdentity.identity)
  server.clientAuthentication = .required
  server.trustRoots = [identity.trust]
  var client = TLSContext.Configuration.client()
  client.trustRoots = [serverIdentity.trust]
  client.identities = [try identity.identity]
  return try outcomes(server: server, client: client, name: .dns("localhost")).server
}

private func outcomes(
  server: TLSContext.Configuration, client: TLSContext.Configuration, name: TLSServerName
) throws -> (server: Outcome, client: Outcome) {
  var server = try TLSEngine(.server, context: TLSContext(server))
  var client = try TLSEngine(.client(serverName: name), context: TLSContext(client))
  // Both versions need at most three flights each way. A failure stays in the engine and is read below.
  for _ in 0..<4 {
    _ = try? client.handshake()
    _ = try? server.feed(client.drain())
    _ = try? server.handshake()
    _ = try? client.feed(server.drain())
  }
  return (
    Outcome(server.failure, isFinished: server.negotiated != nil),
    Outcome(client.failure, isFinished: client.negotiated != nil)
  )
}
