import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Where a peer's chain may end: the forms of trust, and what is refused as such.
struct TrustTests {
  private let identity = TestIdentity.server()

  private func failures(trusting trust: TLSTrust...) throws -> EnginePair.Failures {
    try EnginePair.failures(identity: identity) { client, _ in client.trust = trust }
  }

  @Test func `every form of the authority is taken`() throws {
    let directory = TemporaryDirectory()
    let authority = identity.authority
    let file = directory.write("authority.pem", authority.certificatePEM)
    for trust: TLSTrust in [
      .pem(authority.certificatePEM), .der(authority.certificateDER), .file(file),
      .certificates([try authority.certificate]),
    ] {
      let failures = try failures(trusting: trust)
      #expect(failures.client == nil, "\(trust)")
      #expect(failures.server == nil, "\(trust)")
    }
  }

  @Test func `a directory is looked through by the authority's hashed name`() throws {
    let directory = TemporaryDirectory()
    // X509_subject_name_hash gives the name that `openssl rehash` links to; a file of that name is as good as a link.
    let authority = try identity.authority.certificate
    let hash = withExtendedLifetime(authority) {
      String(unsafe X509_subject_name_hash(authority.reference.x509), radix: 16)
    }
    let padded = String(repeating: "0", count: 8 - hash.count) + hash
    _ = directory.write(padded + ".0", identity.authority.certificatePEM)
    #expect(try failures(trusting: .directory(directory.path)).client == nil)
  }

  @Test func `a directory without the authority leaves the chain untrusted`() throws {
    let directory = TemporaryDirectory()
    _ = directory.write("authority.pem", identity.authority.certificatePEM)
    let failures = try failures(trusting: .directory(directory.path))
    #expect(failures.client?.code == .certificateRejected)
    #expect(failures.client?.verification?.code == Int(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY))
    #expect(failures.server?.alertReceived == .unknownCA)
  }

  @Test func `several sources add up`() throws {
    let other = TestAuthority(name: "Other CA")
    #expect(try failures(trusting: other.trust, identity.trust).client == nil)
    #expect(try failures(trusting: .system, identity.trust).client == nil)
    #expect(try failures(trusting: .pem(other.certificatePEM + identity.authority.certificatePEM)).client == nil)
  }

  @Test func `the system's authorities alone do not vouch for a test's`() throws {
    let failures = try failures(trusting: .system)
    #expect(failures.client?.code == .certificateRejected)
    #expect(failures.server?.alertReceived == .unknownCA)
  }

  @Test func `an authority of the same name and another key is not the authority`() throws {
    let failures = try failures(trusting: TestAuthority().trust)
    #expect(failures.client?.code == .certificateRejected)
  }

  @Test func `a client without trust is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.trust = []
    expectRefusal(.emptyTrust, .misuse, naming: ".system") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: [TLSContext.Configuration.ClientAuthentication.requested, .required])
  func `a server that asks clients and trusts nobody is refused`(
    authentication: TLSContext.Configuration.ClientAuthentication
  ) throws {
    var configuration = TLSContext.Configuration.server(try identity.identity)
    configuration.clientAuthentication = authentication
    expectRefusal(.emptyTrust, .misuse, naming: ".system") { _ = try TLSContext(configuration) }
  }

  @Test func `an empty list of authorities is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.trust = [.certificates([])]
    expectRefusal(.emptyTrust, .misuse, naming: "empty") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: [[], IdentityTests.gibberish])
  func `bytes that hold no certificate are no trust`(bytes: [UInt8]) throws {
    for (trust, form) in [(TLSTrust.pem(bytes), "PEM"), (.der(bytes), "DER")] {
      var configuration = TLSContext.Configuration.client()
      configuration.trust = [trust]
      expectRefusal(.invalidCertificate, .local, naming: form) { _ = try TLSContext(configuration) }
    }
  }

  @Test func `a file or directory that is not there is named`() throws {
    let missing = TemporaryDirectory().path + "/missing"
    for trust in [TLSTrust.file(missing), .directory(missing)] {
      var configuration = TLSContext.Configuration.client()
      configuration.trust = [trust]
      expectRefusal(.unreadableFile, .local, naming: missing) { _ = try TLSContext(configuration) }
    }
  }

  @Test func `a directory is no file`() throws {
    let directory = TemporaryDirectory()
    var configuration = TLSContext.Configuration.client()
    configuration.trust = [.file(directory.path)]
    let error = thrownError { _ = try TLSContext(configuration) }
    #expect([.unreadableFile, .invalidCertificate].contains(error?.code))
  }

  @Test func `a file without certificates is refused`() throws {
    let directory = TemporaryDirectory()
    var configuration = TLSContext.Configuration.client()
    configuration.trust = [.file(directory.write("none.pem", IdentityTests.gibberish))]
    expectRefusal(.invalidCertificate, .local, naming: "PEM") { _ = try TLSContext(configuration) }
  }

  @Test func `files are read once, when the context is made`() throws {
    let context: TLSContext
    do {
      let directory = TemporaryDirectory()
      var configuration = TLSContext.Configuration.client()
      configuration.trust = [.file(directory.write("authority.pem", identity.authority.certificatePEM))]
      context = try TLSContext(configuration)
    }
    var pair = try EnginePair(client: context, server: TLSContext(.server(try identity.identity)))
    try pair.handshake()
  }

  @Test func `an intermediate alone is no end of a chain`() throws {
    let root = TestAuthority()
    let intermediate = root.issueIntermediate()
    let leaf = intermediate.issue(names: ["localhost"])
    let failures = try EnginePair.failures(identity: leaf) { client, _ in
      client.trust = [.der(intermediate.certificateDER)]
    }
    #expect(failures.client?.code == .certificateRejected)
  }
}
