import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Isolated library contexts: what they are made of, and what is refused when one is made.
@Suite(.tags(.law16))
struct LibraryContextTests {
  /// One for all tests, because libcrypto never releases it.
  static let isolated = Result<TLSLibraryContext, any Error> { try TLSLibraryContext() }
  private static let legacy = Result<TLSLibraryContext, any Error> {
    try TLSLibraryContext(providers: ["legacy", "default"])
  }

  private func library(
    _ text: String, _ providers: [String] = [], _ properties: String? = nil
  ) throws -> TLSLibraryContext {
    let directory = TemporaryDirectory()
    let path = directory.write("openssl.cnf", Array(text.utf8))
    return try TLSLibraryContext(configurationFile: path, providers: providers, properties: properties)
  }

  // MARK: What is refused

  @Test func `an unknown provider is refused by name`() {
    expectRefusal(.unknownProvider, .local, naming: "nosuch", "install") {
      _ = try TLSLibraryContext(providers: ["default", "nosuch"])
    }
    expectRefusal(.unknownProvider, .local, naming: "/no/such.so", "No such file", "check the path") {
      _ = try TLSLibraryContext(providers: ["/no/such.so"])
    }
    expectRefusal(.unknownProvider, .local, naming: "/dev/null") {
      _ = try TLSLibraryContext(providers: ["/dev/null"])
    }
    expectRefusal(.unknownProvider, .local) { _ = try TLSLibraryContext(providers: [""]) }
    expectRefusal(.containsNUL, .misuse, naming: "provider") {
      _ = try TLSLibraryContext(providers: ["default\u{0}"])
    }
  }

  @Test(arguments: ["fips=yes,", "=", "fips yes"])
  func `a text that is no property query is refused`(query: String) {
    expectRefusal(.invalidPropertyQuery, .misuse, naming: query, "property(7)") {
      _ = try TLSLibraryContext(properties: query)
    }
  }

  @Test(arguments: ["fips=yes", "quantum=entangled", "provider!=default"])
  func `a property query that nothing satisfies is refused by name`(query: String) {
    expectRefusal(.unsatisfiedPropertyQuery, .local, naming: query, "random numbers", "cipher suites") {
      _ = try TLSLibraryContext(properties: query)
    }
  }

  @Test func `a property query that is optional, or satisfied, is accepted`() throws {
    _ = try TLSLibraryContext(properties: "?fips=yes")
    _ = try TLSLibraryContext(properties: "provider=default")
  }

  @Test func `providers that lack what TLS needs are refused`() {
    for providers in [["legacy"], ["base"], ["legacy", "base"]] {
      expectRefusal(.insufficientProviders, .local, naming: providers[0], "cipher suites", "random numbers") {
        _ = try TLSLibraryContext(providers: providers)
      }
    }
  }

  @Test func `a configuration file that cannot be read is refused by its path`() {
    expectRefusal(.unreadableFile, .local, naming: "/no/such.cnf") {
      _ = try TLSLibraryContext(configurationFile: "/no/such.cnf")
    }
    expectRefusal(.unreadableFile, .local, naming: "/tmp", "directory") {
      _ = try TLSLibraryContext(configurationFile: "/tmp")
    }
    expectRefusal(.containsNUL, .misuse, naming: "configurationFile") {
      _ = try TLSLibraryContext(configurationFile: "/tmp\u{0}")
    }
  }

  @Test func `a malformed configuration file is refused with the line`() {
    expectRefusal(.invalidLibraryConfiguration, .local, naming: "openssl.cnf", "line 2") {
      _ = try library("openssl_conf = x\n[x\nfoo")
    }
    expectRefusal(.invalidLibraryConfiguration, .local, naming: "nosection") {
      _ = try library("openssl_conf = nosection\n")
    }
    expectRefusal(.invalidLibraryConfiguration, .local, naming: "nomodule") {
      _ = try library("openssl_conf = x\n[x]\nnomodule = y\n[y]\n")
    }
    expectRefusal(.invalidLibraryConfiguration, .local, naming: "nonsense") {
      _ = try library("openssl_conf = x\n[x]\nalg_section = y\n[y]\nnonsense = 1\n")
    }
  }

  @Test func `a configuration file without effect is refused`() {
    expectRefusal(.invalidLibraryConfiguration, .local, naming: "openssl_conf") { _ = try library("") }
    expectRefusal(.invalidLibraryConfiguration, .local, naming: "openssl_conf") {
      _ = try library("[providers]\nlegacy = x\n")
    }
  }

  @Test func `a provider that a configuration file activates in vain is refused by name`() {
    expectRefusal(.unknownProvider, .local, naming: "nosuch", "openssl.cnf") {
      _ = try library(
        """
        openssl_conf = x
        [x]
        providers = p
        [p]
        default = d
        nosuch = n
        [d]
        activate = 1
        [n]
        activate = 1

        """)
    }
  }

  @Test(arguments: ["ssl_conf", "ssl_conf.1"])
  func `a configuration file for the whole process is refused, and changes no other context`(module: String) throws {
    expectRefusal(.invalidLibraryConfiguration, .local, naming: "ssl_conf", "whole process") {
      _ = try library(
        """
        openssl_conf = x
        [x]
        \(module) = s
        [s]
        system_default = d
        [d]
        MaxProtocol = TLSv1.2

        """)
    }
    #expect(try EnginePair.connected().client.negotiated?.version == .tls13)
  }

  @Test func `a configuration file's properties are the library's`() throws {
    let text = "openssl_conf = x\n[x]\nalg_section = a\n[a]\ndefault_properties = "
    _ = try library(text + "provider=default\n")
    expectRefusal(.insufficientProviders, .local, naming: "configuration file", "cipher suites") {
      _ = try library(text + "fips=yes\n")
    }
  }

  // MARK: What works

  @Test(arguments: TLSVersion.both, [(true, false), (false, true), (true, true)])
  func `connections in an isolated library, with identities and roots of the default one`(
    version: TLSVersion, isolated: (client: Bool, server: Bool)
  ) throws {
    let library = try Self.isolated.get()
    var pair = try EnginePair.connected(version) { client, server in
      try EnginePair.authenticateClient(&client, &server)
      if isolated.client { client.library = library }
      if isolated.server { server.library = library }
    }
    #expect(pair.client.negotiated?.version == version)
    #expect(try pair.transfer([1, 2, 3], from: .client) == [1, 2, 3])
    #expect(pair.server.peerCertificates.count == 1)
  }

  @Test(arguments: TLSVersion.both, [TestIdentity.KeyType.p256, .rsa2048, .ed25519, .p384])
  func `an identity of an isolated library in a context of the default one`(
    version: TLSVersion, key: TestIdentity.KeyType
  ) throws {
    let minted = TestIdentity.server(key: key)
    let identity = try TLSIdentity(
      derChain: [minted.certificateDER], privateKey: minted.privateKeyDER, library: Self.isolated.get())
    let pair = try EnginePair.connected(version, identity: minted) { _, server in server.identities = [identity] }
    #expect(pair.client.peerCertificates.first == identity.chain[0])
  }

  @Test(arguments: TLSVersion.both)
  func `a session of one library is resumed in another`(version: TLSVersion) throws {
    let minted = TestIdentity.server()
    var (client, server) = try EnginePair.configurations(version: version, identity: minted)
    var first = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    try first.handshake()
    _ = try first.transfer([1], from: .server)
    let session = try #require(first.client.allSessions().last)
    client.library = try Self.isolated.get()
    server.library = try Self.isolated.get()
    // Another context of the server has other ticket keys: a full handshake follows.
    var second = try EnginePair(client: TLSContext(client), server: TLSContext(server), session: session)
    try second.handshake()
    #expect(second.client.negotiated?.isResumed == false)
  }

  @Test func `a ClientHello is served in the library that it was received in`() throws {
    var (client, server) = try EnginePair.configurations()
    client.applicationProtocols = []
    server.pausesAtClientHello = true
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    pair.step()
    server.pausesAtClientHello = false
    server.library = try Self.isolated.get()
    expectRefusal(.invalidArgument, .misuse, naming: "default library") {
      try pair.server.answer(.serve(with: TLSContext(server)))
    }
    try pair.server.answer(.serve)
    try pair.handshake()
  }

  @Test func `a bundle that needs the legacy provider is opened by a library that has it`() throws {
    let bundle = try #require(TraditionalKey.decoded(LegacyKeys.classicBundle))
    expectRefusal(.unsupportedEncryption, .local, naming: "RC2") {
      _ = try TLSIdentity(pkcs12: bundle, passphrase: "pw")
    }
    let library = try Self.legacy.get()
    let identity = try TLSIdentity(pkcs12: bundle, passphrase: "pw", library: library)
    #expect(identity.chain[0].subject.description == "CN=localhost")
    let context = try TLSContext(.server(identity))
    #expect(context.warnings.isEmpty)
    for key in [LegacyKeys.md5DES, LegacyKeys.rc2, LegacyKeys.rc4, LegacyKeys.pbes2DES] {
      let identity = try TLSIdentity(
        pemChain: Array(LegacyKeys.certificate.utf8), privateKey: Array(key.utf8), passphrase: "pw", library: library)
      _ = try TLSContext(.server(identity))
    }
  }

  @Test func `trust settings of a trusted certificate count in an isolated library`() throws {
    let authority = TestAuthority()
    let minted = authority.issue(names: ["localhost"])
    for rejects in [false, true] {
      var (client, server) = try EnginePair.configurations(identity: minted)
      client.trustRoots = [.pem(TrustedCertificate.pem(authority.certificateDER, rejectsServers: rejects))]
      for library in [TLSLibraryContext.default, try Self.isolated.get()] {
        client.library = library
        server.library = library
        var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
        #expect(pair.outcome().client?.code == (rejects ? .certificateRejected : nil))
      }
    }
  }

  @Test func `groups and schemes are those of the library's providers`() throws {
    let library = try Self.isolated.get()
    #expect(try TLSGroup(name: "P-256", in: library) == .secp256r1)
    #expect(try TLSSignatureScheme(name: "ed25519", in: library) == .ed25519)
    expectRefusal(.unknownGroup, .misuse, naming: "nosuch", "\(library)") {
      _ = try TLSGroup(name: "nosuch", in: library)
    }
  }

  @Test func `libraries are equal if they are the same, and have a description`() throws {
    let library = try Self.legacy.get()
    #expect(library == library)
    #expect(library != TLSLibraryContext.default)
    #expect("\(library)" == "the library of the providers legacy, default")
    #expect("\(TLSLibraryContext.default)" == "the default library")
    #expect(Set([library, .default, library]).count == 2)
  }
}
