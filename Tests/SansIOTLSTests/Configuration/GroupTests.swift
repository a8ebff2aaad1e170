import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Key-exchange groups and signature algorithms.
struct GroupTests {
  @Test func `a group that libssl does not know is refused by name, also beside one that it knows`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.groups = ["X25519", "P-1000"]
    expectRefusal(.unknownGroup, .misuse, naming: "\"P-1000\"") { _ = try TLSContext(configuration) }
  }

  @Test func `an empty list of groups is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.groups = []
    expectRefusal(.unknownGroup, .misuse, naming: "empty") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: TLSVersion.both)
  func `two sides that name no group take libssl's first`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version)
    let first = version == .tls13 && LibraryVersion.hasHybridGroups ? "X25519MLKEM768" : "x25519"
    #expect(pair.client.negotiated?.group == first)
    #expect(pair.server.negotiated?.group == first)
  }

  @Test(arguments: TLSVersion.both)
  func `a context that names no group brings libssl's own, whatever the one before it named`(
    version: TLSVersion
  ) throws {
    let first = version == .tls13 && LibraryVersion.hasHybridGroups ? "X25519MLKEM768" : "x25519"
    for named in [["P-384", "P-256"], nil] {
      let identity = TestIdentity.server()
      var pair = try EnginePair.connected(version, handshake: false, identity: identity) { _, server in
        server.asksAboutClientHello = true
        server.groups = named
      }
      pair.step()
      try pair.server.answer(.use(TLSContext(.server(identity.identity))))
      try pair.handshake()
      #expect(pair.client.negotiated?.group == first)
    }
  }

  private static let names = ["P-256": "secp256r1", "P-384": "secp384r1"]

  @Test(arguments: [["P-256", "P-384"], ["P-384", "P-256"]], [["P-384", "X25519", "P-256"], ["P-256", "P-384"]])
  func `of the groups that both allow the server's first is taken in TLS 1.2, and the client's key share in TLS 1.3`(
    ofClient: [String], ofServer: [String]
  ) throws {
    for version in TLSVersion.both {
      let pair = try EnginePair.connected(version) { client, server in
        client.groups = ofClient
        server.groups = ofServer
      }
      let expected = try #require(Self.names[version == .tls12 ? ofServer[0] : ofClient[0]])
      #expect(pair.client.negotiated?.group == expected, "\(version)")
      #expect(pair.server.negotiated?.group == expected, "\(version)")
    }
  }

  @Test func `a key exchange without a group tells none`() throws {
    let pair = try EnginePair.connected(.tls12, identity: .server(key: .rsa2048)) { client, server in
      client.cipherList = "AES128-SHA256"
      server.cipherList = "AES128-SHA256"
    }
    #expect(pair.client.negotiated?.cipherSuite == "TLS_RSA_WITH_AES_128_CBC_SHA256")
    for negotiated in [pair.client.negotiated, pair.server.negotiated] {
      #expect(negotiated != nil)
      #expect(negotiated?.group == nil)
    }
  }

  @Test func `a client whose key share is of no use is asked for another`() throws {
    let pair = try EnginePair.connected(.tls13) { client, server in
      client.groups = ["X25519", "P-384"]
      server.groups = ["P-384"]
    }
    #expect(pair.client.negotiated?.group == "secp384r1")
    #expect(pair.server.negotiated?.group == "secp384r1")
  }

  @Test func `without a group in common both sides say so in TLS 1.3`() throws {
    let failures = try EnginePair.failures(.tls13) { client, server in
      client.groups = ["X25519"]
      server.groups = ["P-384"]
    }
    #expect(failures.server?.code == .nothingInCommon)
    #expect(failures.server?.alertSent == .handshakeFailure)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }

  @Test func `without a group in common both sides say so in TLS 1.2`() throws {
    let identity = TestIdentity.server(key: .rsa2048)
    let failures = try EnginePair.failures(.tls12, identity: identity) { client, server in
      client.groups = ["X25519"]
      server.groups = ["P-384"]
      client.cipherList = "ECDHE"
    }
    #expect(failures.server?.code == .nothingInCommon)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }

  @Test func `a server's groups must hold the curve of its own certificate in TLS 1.2`() throws {
    var (_, server) = try EnginePair.configurations()
    server.groups = ["X25519"]
    expectRefusal(.unusableGroups, .misuse, naming: "CN=localhost", "prime256v1") { _ = try TLSContext(server) }
    server.groups = ["X25519", "P-256"]
    #expect(throws: Never.self) { try TLSContext(server) }
    server.groups = ["X25519"]
    server.minimumVersion = .tls13
    #expect(throws: Never.self) { try TLSContext(server) }
  }

  @Test func `a client is warned of groups that exclude common certificates`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.groups = ["X25519"]
    #expect(try TLSContext(configuration).warnings == [.groupsExcludeCommonCertificates])
    configuration.minimumVersion = .tls13
    #expect(try TLSContext(configuration).warnings == [])
  }

  @Test func `a signature algorithm that libssl does not know is refused by name`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.signatureAlgorithms = ["ECDSA+SHA256", "ECDSA+MD17"]
    expectRefusal(.unknownSignatureAlgorithm, .misuse, naming: "\"ECDSA+MD17\"") { _ = try TLSContext(configuration) }
  }

  @Test func `an empty list of signature algorithms is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.signatureAlgorithms = []
    expectRefusal(.unknownSignatureAlgorithm, .misuse, naming: "empty") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: TLSVersion.both)
  func `without a signature algorithm in common both sides say so`(version: TLSVersion) throws {
    let failures = try EnginePair.failures(version) { client, server in
      client.signatureAlgorithms = ["ed25519", "ECDSA+SHA384"]
      server.signatureAlgorithms = ["ECDSA+SHA256"]
    }
    #expect(failures.server?.code == .nothingInCommon)
    #expect(failures.client?.code == .alertReceived)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }
}
