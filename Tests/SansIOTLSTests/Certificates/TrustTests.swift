import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The forms of trust roots, and what is refused as such.
@Suite(.tags(.law16, .behaviour))
struct TrustTests {
  private let identity = TestIdentity.server()

  private func failures(trusting trust: TLSTrustRoots...) throws -> EnginePair.Failures {
    try EnginePair.failures(identity: identity) { client, _ in client.trustRoots = trust }
  }

  @Test func `every form of an authority is accepted`() throws {
    let directory = TemporaryDirectory()
    let authority = identity.authority
    let file = directory.write("authority.pem", authority.certificatePEM)
    for trust: TLSTrustRoots in [
      .pem(authority.certificatePEM), .der(authority.certificateDER), .file(file),
      .certificates([try authority.certificate]),
    ] {
      let failures = try failures(trusting: trust)
      #expect(failures.client == nil, "\(trust)")
      #expect(failures.server == nil, "\(trust)")
    }
  }

  @Test func `a directory is searched by the authority's hashed name`() throws {
    let directory = TemporaryDirectory()
    // X509_subject_name_hash returns the name of the link that `openssl rehash` creates; a file of that name serves as
    // well.
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

  @Test func `the system's trust roots do not accept a test's authority`() throws {
    let failures = try failures(trusting: .system)
    #expect(failures.client?.code == .certificateRejected)
    #expect(failures.server?.alertReceived == .unknownCA)
  }

  @Test func `an authority of the same name with another key is not accepted`() throws {
    let failures = try failures(trusting: TestAuthority().trust)
    #expect(failures.client?.code == .certificateRejected)
  }

  @Test func `a client without trust roots is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = []
    expectRefusal(.missingTrustRoots, .misuse, naming: ".system") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: [TLSContext.Configuration.ClientAuthentication.requested, .required])
  func `a server that requests client certificates without trust roots is refused`(
    authentication: TLSContext.Configuration.ClientAuthentication
  ) throws {
    var configuration = TLSContext.Configuration.server(try identity.identity)
    configuration.clientAuthentication = authentication
    expectRefusal(.missingTrustRoots, .misuse, naming: ".system") { _ = try TLSContext(configuration) }
  }

  @Test func `an empty list of authorities is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [.certificates([])]
    expectRefusal(.missingTrustRoots, .misuse, naming: "empty") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: [[], IdentityTests.gibberish])
  func `bytes without a certificate are refused as trust roots`(bytes: [UInt8]) throws {
    for (trust, form) in [(TLSTrustRoots.pem(bytes), "PEM"), (.der(bytes), "DER")] {
      var configuration = TLSContext.Configuration.client()
      configuration.trustRoots = [trust]
      expectRefusal(.invalidCertificate, .local, naming: form) { _ = try TLSContext(configuration) }
    }
  }

  @Test func `a missing file or directory is named`() throws {
    let missing = TemporaryDirectory().path + "/missing"
    for trust in [TLSTrustRoots.file(missing), .directory(missing)] {
      var configuration = TLSContext.Configuration.client()
      configuration.trustRoots = [trust]
      expectRefusal(.unreadableFile, .local, naming: missing) { _ = try TLSContext(configuration) }
    }
  }

  @Test func `a directory is refused as a file`() throws {
    let directory = TemporaryDirectory()
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [.file(directory.path)]
    let error = thrownError { _ = try TLSContext(configuration) }
    #expect([.unreadableFile, .invalidCertificate].contains(error?.code))
  }

  @Test func `a file without certificates is refused`() throws {
    let directory = TemporaryDirectory()
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [.file(directory.write("none.pem", IdentityTests.gibberish))]
    expectRefusal(.invalidCertificate, .local, naming: "PEM") { _ = try TLSContext(configuration) }
  }

  @Test func `files are read once, when the context is created`() throws {
    let context: TLSContext
    do {
      let directory = TemporaryDirectory()
      var configuration = TLSContext.Configuration.client()
      configuration.trustRoots = [.file(directory.write("authority.pem", identity.authority.certificatePEM))]
      context = try TLSContext(configuration)
    }
    var pair = try EnginePair(client: context, server: TLSContext(.server(try identity.identity)))
    try pair.handshake()
  }

  @Test func `a chain does not end at an intermediate by default`() throws {
    let root = TestAuthority()
    let intermediate = root.issueIntermediate()
    let leaf = intermediate.issue(names: ["localhost"])
    let failures = try EnginePair.failures(identity: leaf) { client, _ in
      client.trustRoots = [.der(intermediate.certificateDER)]
    }
    #expect(failures.client?.code == .certificateRejected)
  }

  // MARK: Partial chains

  @Test(arguments: TLSVersion.both)
  func `a chain may end at an intermediate where partial chains are accepted`(version: TLSVersion) throws {
    let intermediate = TestAuthority().issueIntermediate()
    let leaf = intermediate.issue(names: ["localhost"])
    for trust in [TLSTrustRoots.der(intermediate.certificateDER), .der(leaf.certificateDER)] {
      let refused = try EnginePair.failures(version, identity: leaf) { client, _ in client.trustRoots = [trust] }
      #expect(refused.client?.code == .certificateRejected)
      #expect(refused.client?.hint.contains("acceptsPartialChains") == true, "\(refused.client?.hint ?? "")")
      let accepted = try EnginePair.failures(version, identity: leaf) { client, _ in
        client.trustRoots = [trust]
        client.acceptsPartialChains = true
      }
      #expect(accepted.client == nil)
      #expect(accepted.server == nil)
    }
  }

  @Test func `the hint does not suggest adding an intermediate that is already trusted`() throws {
    let intermediate = TestAuthority().issueIntermediate()
    let failures = try EnginePair.failures(identity: intermediate.issue(names: ["localhost"])) { client, _ in
      client.trustRoots = [.der(intermediate.certificateDER)]
    }
    #expect(failures.client?.verification?.code == Int(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT))
    #expect(failures.client?.hint.contains("leads to a trusted certificate that is not a root") == true)
    #expect(failures.client?.hint.contains("add its") == false)
  }

  @Test func `partial chains do not bypass the checks of name, dates and purpose`() throws {
    for defect in [TestIdentity.Defect.wrongName, .expired, .wrongUsage] {
      let leaf = TestIdentity.server(defect: defect)
      let failures = try EnginePair.failures(identity: leaf) { client, _ in
        client.trustRoots = [.der(leaf.certificateDER)]
        client.acceptsPartialChains = true
      }
      #expect(failures.client?.code == .certificateRejected, "\(defect)")
    }
  }

  @Test(arguments: TLSVersion.both)
  func `the serving context decides whether a client's partial chain is accepted`(version: TLSVersion) throws {
    let intermediate = TestAuthority().issueIntermediate()
    let alice = intermediate.issue(subject: "Alice", usage: .client)
    for isAccepted in [true, false] {
      func server(_ acceptsPartialChains: Bool) throws -> TLSContext.Configuration {
        var server = TLSContext.Configuration.server(try identity.identity)
        server.trustRoots = [.der(intermediate.certificateDER)]
        server.clientAuthentication = .required
        server.acceptsPartialChains = acceptsPartialChains
        return server
      }
      var first = try server(!isAccepted)
      first.pausesAtClientHello = true
      var client = try EnginePair.configurations(version: version, identity: identity).client
      client.identities = [try alice.identity]
      var pair = try EnginePair(client: TLSContext(client), server: TLSContext(first))
      pair.step()
      try pair.server.answer(.serve(with: TLSContext(server(isAccepted))))
      let failures = pair.outcome()
      #expect((failures.server == nil) == isAccepted, "\(failures.server?.description ?? "accepted")")
    }
  }

  // MARK: Trust without effect

  @Test func `a directory with a colon in its path is refused by name`() throws {
    for path in ["/etc/ssl:certs", TemporaryDirectory().path + ":b", ":"] {
      var configuration = TLSContext.Configuration.client()
      configuration.trustRoots = [.directory(path)]
      expectRefusal(.unreadableFile, .local, naming: path, "colon") { _ = try TLSContext(configuration) }
    }
  }

  @Test func `a file is refused as a directory of trust roots`() throws {
    let directory = TemporaryDirectory()
    let file = directory.write("authority.pem", identity.authority.certificatePEM)
    for path in [file, "/dev/null"] {
      var configuration = TLSContext.Configuration.client()
      configuration.trustRoots = [.directory(path)]
      expectRefusal(.unreadableFile, .local, naming: path, "directory") { _ = try TLSContext(configuration) }
    }
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [.directory("")]
    expectRefusal(.unreadableFile, .local, naming: "empty") { _ = try TLSContext(configuration) }
  }

  @Test func `a directory without hashed names is warned about by name`() throws {
    let directory = TemporaryDirectory()
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [.directory(directory.path)]
    #expect(try TLSContext(configuration).warnings == [.emptyTrustDirectory(path: directory.path)])
    // Neither a certificate under its own name nor a list of revoked ones is what libcrypto looks for.
    for name in ["authority.pem", "01234567.r0", "01234567.0.bak", "0123456.0", "ABCDEF01.0"] {
      _ = directory.write(name, identity.authority.certificatePEM)
    }
    #expect(try TLSContext(configuration).warnings == [.emptyTrustDirectory(path: directory.path)])
    #expect(try TLSContext(configuration).warnings.first?.description.contains("openssl rehash") == true)
    _ = directory.write("01234567.0", identity.authority.certificatePEM)
    #expect(try TLSContext(configuration).warnings == [])
  }

  @Test func `a file without certificates is refused by name`() throws {
    let directory = TemporaryDirectory()
    let list = Array("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n".utf8)
    for path in [directory.write("empty.pem", []), directory.write("crl.pem", list)] {
      var configuration = TLSContext.Configuration.client()
      configuration.trustRoots = [.file(path)]
      expectRefusal(.invalidCertificate, .local, naming: path) { _ = try TLSContext(configuration) }
    }
  }
}

/// The system's trust store where there is none. `Tests/Policy/check` runs these tests with such a one.
@Suite(.tags(.law16))
struct SystemTrustTests {
  /// The script names a file that is not there.
  private static let isEmpty =
    unsafe getenv("SSL_CERT_FILE").map { unsafe String(cString: $0).hasSuffix("/no-such-file") } == true

  @Test(.enabled(if: isEmpty))
  func `a missing system trust store is warned about with the places that were searched`() throws {
    let warnings = try TLSContext(.client()).warnings
    #expect(warnings.count == 1)
    guard case .emptySystemTrust(let file, let directory) = warnings.first else {
      Issue.record("no such warning: \(warnings)")
      return
    }
    #expect(file.hasSuffix("/no-such-file"))
    #expect(directory.contains("/empty-1:"))
    #expect(warnings[0].description.contains(file))
    #expect(warnings[0].description.contains("ca-certificates"))
  }

  @Test(.enabled(if: isEmpty))
  func `other trust roots are used, and the warning remains`() throws {
    let identity = TestIdentity.server()
    var client = TLSContext.Configuration.client()
    client.trustRoots = [identity.trust, .system]
    let context = try TLSContext(client)
    #expect(context.warnings.count == 1)
    var pair = try EnginePair(client: context, server: TLSContext(.server(try identity.identity)))
    try pair.handshake()
  }
}
