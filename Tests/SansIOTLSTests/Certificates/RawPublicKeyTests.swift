import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Keys that a peer proves without a certificate (RFC 7250).
@Suite(.tags(.law15, .law16))
struct RawPublicKeyTests {
  private static let isSupported = LibraryVersion.hasNewRecordLayer
  private static let server = TestIdentity.server()
  private static let other = TestIdentity.server()
  private static let client = TestIdentity.client()

  private static func key(of identity: TestIdentity) throws -> [UInt8] {
    try TLSCertificate(der: identity.certificateDER).publicKey.der
  }

  /// A pair whose server presents its key, and whose client accepts this one alone.
  private func pair(
    _ version: TLSVersion?, accepting identity: TestIdentity = server, name: String = "localhost",
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> EnginePair {
    var (client, server) = try EnginePair.configurations(version: version, identity: Self.server)
    client.trustRoots = []
    client.acceptedPublicKeys = [try Self.key(of: identity)]
    server.presentsRawPublicKey = true
    try change(&client, &server)
    return try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: .dns(name))
  }

  @Test(.enabled(if: !isSupported)) func `an earlier libssl refuses them by name`() throws {
    var client = TLSContext.Configuration.client()
    client.acceptedPublicKeys = [try Self.key(of: Self.server)]
    expectRefusal(.unsupported, .local, naming: "3.2", TLSCapabilities.libraryVersion) { _ = try TLSContext(client) }
    var server = TLSContext.Configuration.server(try Self.server.identity)
    server.presentsRawPublicKey = true
    expectRefusal(.unsupported, .local, naming: "3.2") { _ = try TLSContext(server) }
  }

  @Test(.enabled(if: isSupported), arguments: TLSVersion.both, [false, true])
  func `a server proves an accepted key, whatever its name`(version: TLSVersion, isNamed: Bool) throws {
    var pair = try pair(version, name: isNamed ? "localhost" : "another.example")
    try pair.handshake()
    #expect(pair.client.peerPublicKey == (try Self.key(of: Self.server)))
    #expect(pair.client.peerCertificates.isEmpty)
    #expect(try pair.transfer([1, 2, 3], from: .server) == [1, 2, 3])
    // Its sessions hold no certificate to prove the server by.
    #expect(pair.client.allSessions().isEmpty)
  }

  @Test(.enabled(if: isSupported), arguments: TLSVersion.both)
  func `another key is refused`(version: TLSVersion) throws {
    var pair = try pair(version, accepting: Self.other)
    let failures = pair.outcome()
    #expect(failures.client?.code == .certificateRejected)
    #expect(failures.client?.hint.contains("acceptedPublicKeys") == true)
    #expect(failures.client?.verification?.code == 95)
    #expect(failures.server?.alertReceived == .certificateUnknown)
    #expect(pair.client.negotiated == nil)
  }

  @Test(.enabled(if: isSupported), arguments: TLSVersion.both)
  func `both sides prove keys`(version: TLSVersion) throws {
    var pair = try pair(version) { client, server in
      client.identities = [try Self.client.identity]
      client.presentsRawPublicKey = true
      server.clientAuthentication = .required
      server.acceptedPublicKeys = [try Self.key(of: Self.client)]
    }
    try pair.handshake()
    #expect(pair.server.peerPublicKey == (try Self.key(of: Self.client)))
    #expect(pair.client.peerPublicKey == (try Self.key(of: Self.server)))
  }

  @Test(.enabled(if: isSupported), arguments: TLSVersion.both)
  func `a client's other key is refused, and so is none`(version: TLSVersion) throws {
    for identities in [[try Self.other.identity], []] {
      var pair = try pair(version) { client, server in
        client.identities = identities
        client.presentsRawPublicKey = !identities.isEmpty
        server.clientAuthentication = .required
        server.acceptedPublicKeys = [try Self.key(of: Self.client)]
      }
      #expect(pair.outcome().server?.code == .certificateRejected)
    }
  }

  /// libssl itself accepts a certificate of a server that ignores the extension.
  @Test(.enabled(if: isSupported), arguments: TLSVersion.both)
  func `a server's certificate needs trust roots, also where its key is accepted`(version: TLSVersion) throws {
    for trusts in [false, true] {
      var pair = try pair(version) { client, server in
        if trusts { client.trustRoots = [Self.server.trust] }
        server.presentsRawPublicKey = false
      }
      #expect(pair.outcome().client?.code == (trusts ? nil : .certificateRejected))
      #expect(pair.client.peerPublicKey == nil)
    }
  }

  @Test(.enabled(if: isSupported), arguments: TLSVersion.both)
  func `a client that accepts certificates alone gets the certificate`(version: TLSVersion) throws {
    var pair = try pair(version) { client, _ in
      client.trustRoots = [Self.server.trust]
      client.acceptedPublicKeys = []
    }
    try pair.handshake()
    #expect(pair.client.peerCertificates.first?.der == Self.server.certificateDER)
    #expect(pair.client.allSessions().count <= 1)
  }

  @Test(.enabled(if: isSupported), arguments: TLSVersion.both)
  func `the context that serves decides about keys`(version: TLSVersion) throws {
    for presents in [false, true] {
      var pair = try pair(version) { client, server in
        client.trustRoots = [Self.server.trust]
        server.presentsRawPublicKey = !presents
        server.pausesAtClientHello = true
      }
      while pair.server.question == nil, pair.step() {}
      var configuration = TLSContext.Configuration.server(try Self.server.identity)
      configuration.presentsRawPublicKey = presents
      try pair.server.answer(.serve(with: TLSContext(configuration)))
      try pair.handshake()
      #expect((pair.client.peerPublicKey != nil) == presents)
    }
  }

  @Test(.enabled(if: isSupported)) func `bytes that are no public key are refused by position`() throws {
    let key = try Self.key(of: Self.server)
    var configuration = TLSContext.Configuration.client()
    for bad in [[], [1, 2, 3], Self.server.certificateDER, key + [0]] {
      configuration.acceptedPublicKeys = [key, bad]
      expectRefusal(.invalidPublicKey, .misuse, naming: "acceptedPublicKeys[1]") { _ = try TLSContext(configuration) }
    }
  }

  @Test func `settings without effect are refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.acceptedPublicKeys = [[1]]
    configuration.pausesAtPeerCertificates = true
    expectRefusal(.invalidConfiguration, .misuse, naming: "pausesAtPeerCertificates") {
      _ = try TLSContext(configuration)
    }
    configuration.pausesAtPeerCertificates = false
    configuration.peerVerification = .none
    expectRefusal(.invalidConfiguration, .misuse, naming: "acceptedPublicKeys") { _ = try TLSContext(configuration) }
    configuration = .client()
    configuration.presentsRawPublicKey = true
    expectRefusal(.missingIdentity, .misuse, naming: "presentsRawPublicKey") { _ = try TLSContext(configuration) }
    var server = TLSContext.Configuration.server(try Self.server.identity)
    server.acceptedPublicKeys = [[1]]
    expectRefusal(.invalidConfiguration, .misuse, naming: "acceptedPublicKeys") { _ = try TLSContext(server) }
  }
}
