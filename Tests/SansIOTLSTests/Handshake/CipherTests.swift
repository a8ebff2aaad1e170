import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Cipher lists of TLS 1.2 and suites of TLS 1.3.
@Suite(.tags(.law16, .behaviour))
struct CipherTests {
  @Test(arguments: ["NO-SUCH-CIPHER", "ECDHE-RSA-AES128-GCM-SHA256:NO-SUCH-CIPHER", "HIGH:!NO-SUCH-CIPHER"])
  func `a cipher that libssl does not know is refused by name`(list: String) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherList = list
    expectRefusal(.unknownCipher, .misuse, naming: "\"NO-SUCH-CIPHER\"") { _ = try TLSContext(configuration) }
  }

  @Test func `a cipher list that leaves nothing is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherList = "AES128-SHA:!AES128-SHA"
    expectRefusal(.unknownCipher, .misuse, naming: "leaves no") { _ = try TLSContext(configuration) }
  }

  @Test func `an empty cipher list is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherList = ""
    expectRefusal(.unknownCipher, .misuse, naming: "leaves no") { _ = try TLSContext(configuration) }
  }

  /// A client without any other warning.
  private func client(_ list: String) -> TLSContext.Configuration {
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [TestAuthority().trust]
    configuration.cipherList = list
    return configuration
  }

  @Test(arguments: [
    "HIGH:!aNULL:!eNULL:!MD5:!RC4:!DES:!3DES:!EXPORT", "DEFAULT:-RC4", "HIGH:!aECDH", "HIGH:!RC4-SHA", "HIGH:!kECDH",
    "HIGH:!kECDHr:!kDHd:!KRB5:!SSLv2:!kGOST", "HIGH:!EXP-RC4-MD5:!KRB5-DES-CBC3-SHA", "HIGH:!ECDH-RSA-AES128-SHA",
    "HIGH:-IDEA-CBC-SHA", "HIGH:+RC4", "HIGH:!kRSA+RC4", "HIGH:!kRSA+aECDSA", "HIGH!RC4@STRENGTH", "HIGH;!DES-CBC3-SHA",
    "HIGH:!TLS_RSA_WITH_RC4_128_SHA",
  ])
  func `excluding an algorithm that libssl no longer has is accepted`(list: String) throws {
    #expect(try TLSContext(client(list)).warnings == [])
  }

  @Test(arguments: [
    "DEFAULT", "HIGH:!aNULL", "ECDHE+AESGCM:+AES128", "@SECLEVEL=1:HIGH", "AES256-SHA, AES128-SHA",
    "ECDHE+AESGCM;AES128-SHA",
    "HIGH:@STRENGTH", "HIGH@SECLEVEL=1", "DEFAULT@SECLEVEL=1", "DEFAULT,HIGH", "DEFAULT-SHA1", " ;:HIGH", "SUITEB128",
    "ECDHE-ECDSA-AES128-GCM-SHA256", "HIGH!aNULL",
  ])
  func `the syntax of openssl-ciphers is accepted`(list: String) throws {
    #expect(try TLSContext(client(list)).warnings == [])
  }

  @Test(arguments: [
    "HIGH;NO-SUCH-CIPHER", "HIGH NO-SUCH-CIPHER", "HIGH,NO-SUCH-CIPHER", "HIGH!NO-SUCH-CIPHER", "HIGH:-NO-SUCH-CIPHER",
    "HIGH:+NO-SUCH-CIPHER", "DEFAULTNO-SUCH-CIPHER", "NO-SUCH-CIPHER@STRENGTH", "HIGH:!RC4-NO-SUCH-CIPHER",
  ])
  func `an unknown name is refused after every separator and operator`(list: String) throws {
    expectRefusal(.unknownCipher, .misuse, naming: "NO-SUCH-CIPHER\"") { _ = try TLSContext(client(list)) }
  }

  @Test(arguments: [
    ("HIGH:@SECLEVEL=9", "@SECLEVEL=9"), ("HIGH@SECLEVEL=-1", "@SECLEVEL=-1"), ("HIGH:@SECLEVEL=12", "@SECLEVEL=12"),
    ("HIGH:@SECLEVEL", "@SECLEVEL"), ("HIGH:@STRENGHT", "@STRENGHT"), ("HIGH:@", "@"), ("HIGH:!", "!"), ("HIGH:+", "+"),
    // libssl ignores what follows a command without separator, and these words if they are not first.
    ("HIGH:@STRENGTH!RC4", "@STRENGTH!RC4"), ("HIGH:DEFAULT", "DEFAULT"), (" DEFAULT:HIGH", "DEFAULT"),
    ("HIGH:!DEFAULT", "!DEFAULT"), ("SUITEB128:HIGH", "SUITEB128"), ("HIGH:SUITEB128", "SUITEB128"),
    ("SUITEB128X", "SUITEB128X"), ("HIGH:!!RC4", "!"), ("HIGH:ECDHE+", "ECDHE+"), ("HIGH:AES*", "AES*"),
    ("HIGH:kRSA+aECDSA", "kRSA+aECDSA"), ("HIGH:RC4-SHA", "RC4-SHA"), ("HIGH:TLS_AES_128_GCM_SHA256", "cipherSuites"),
  ])
  func `a name that libssl would ignore is refused by name`(list: String, culprit: String) throws {
    expectRefusal(.unknownCipher, .misuse, naming: culprit) { _ = try TLSContext(client(list)) }
  }

  @Test func `two security levels are refused`() throws {
    var configuration = client("HIGH:@SECLEVEL=1")
    configuration.securityLevel = 2
    expectRefusal(.invalidConfiguration, .misuse, naming: "securityLevel is 2", "@SECLEVEL") {
      _ = try TLSContext(configuration)
    }
    configuration.securityLevel = 1
    #expect(throws: Never.self) { try TLSContext(configuration) }
  }

  @Test(arguments: [
    " TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384", "tls_aes_128_gcm_sha256",
    "TLS_NO_SUCH_SUITE", "ECDHE-RSA-AES128-GCM-SHA256", "", "TLS_AES_128_GCM_SHA256\0x",
  ])
  func `a suite is one name of the registry in its exact spelling`(suite: String) throws {
    expectRefusal(.unknownCipher, .misuse, naming: "is no cipher suite's name", "TLS_AES_256_GCM_SHA384") {
      _ = try TLSCipherSuite(name: suite)
    }
  }

  @Test func `a suite is the same by its name and by its number`() throws {
    #expect(try TLSCipherSuite(name: "TLS_AES_128_GCM_SHA256") == .TLS_AES_128_GCM_SHA256)
    #expect("\(TLSCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)" == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
    #expect("\(TLSCipherSuite(rawValue: 0x1A1A)), \(TLSCipherSuite(rawValue: 1))" == "0x1a1a, TLS_RSA_WITH_NULL_MD5")
  }

  @Test func `every suite of libssl is accepted`() throws {
    var configuration = client("HIGH")
    configuration.cipherSuites = [.TLS_AES_128_CCM_8_SHA256, .TLS_AES_128_CCM_SHA256]
    #expect(throws: Never.self) { try TLSContext(configuration) }
  }

  @Test func `a server that names suites with DHE negotiates them`() throws {
    let pair = try EnginePair.connected(.tls12, identity: .server(key: .rsa2048)) { client, server in
      client.cipherList = "DHE-RSA-AES128-GCM-SHA256"
      server.cipherList = "ECDHE+AESGCM:DHE+AESGCM"
    }
    #expect(pair.client.negotiated?.cipherSuite.description == "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256")
  }

  @Test func `a context that the ClientHello chooses brings its DHE along`() throws {
    let identity = TestIdentity.server(key: .rsa2048)
    var pair = try EnginePair.connected(.tls12, handshake: false, identity: identity) { client, server in
      client.cipherList = "DHE-RSA-AES128-GCM-SHA256"
      server.pausesAtClientHello = true
    }
    var other = TLSContext.Configuration.server(try identity.identity)
    other.cipherList = "DHE+AESGCM"
    pair.step()
    try pair.server.answer(.serve(with: TLSContext(other)))
    try pair.handshake()
    #expect(pair.client.negotiated?.cipherSuite.description == "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256")
  }

  @Test(arguments: [TLSCipherSuite(rawValue: 0x13FE), .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256])
  func `a suite that TLS 1.3 does not have is refused by name`(suite: TLSCipherSuite) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherSuites = [.TLS_AES_128_GCM_SHA256, suite]
    expectRefusal(.unknownCipher, .misuse, naming: "suite \(suite);", "TLS_AES_256_GCM_SHA384") {
      _ = try TLSContext(configuration)
    }
  }

  @Test func `an empty list of suites is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherSuites = []
    expectRefusal(.unknownCipher, .misuse, naming: "name at least one") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: [
    TLSCipherSuite.TLS_AES_128_GCM_SHA256, .TLS_AES_256_GCM_SHA384, .TLS_CHACHA20_POLY1305_SHA256,
    .TLS_AES_128_CCM_SHA256,
  ])
  func `the only suite of a client is the suite of the connection in TLS 1.3`(suite: TLSCipherSuite) throws {
    let pair = try EnginePair.connected(.tls13) { client, server in
      client.cipherSuites = [suite]
      server.cipherSuites = [
        .TLS_AES_128_CCM_SHA256, .TLS_CHACHA20_POLY1305_SHA256, .TLS_AES_256_GCM_SHA384, .TLS_AES_128_GCM_SHA256,
      ]
    }
    #expect(pair.client.negotiated?.cipherSuite == suite)
    #expect(pair.server.negotiated?.cipherSuite == suite)
  }

  @Test func `the server's order decides in TLS 1.3`() throws {
    let pair = try EnginePair.connected(.tls13) { client, server in
      client.cipherSuites = [.TLS_AES_256_GCM_SHA384, .TLS_AES_128_GCM_SHA256]
      server.cipherSuites = [.TLS_AES_128_GCM_SHA256, .TLS_AES_256_GCM_SHA384]
    }
    #expect(pair.client.negotiated?.cipherSuite == .TLS_AES_128_GCM_SHA256)
  }

  @Test func `the server's order decides in TLS 1.2`() throws {
    let pair = try EnginePair.connected(.tls12) { client, server in
      client.cipherList = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"
      server.cipherList = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
    }
    #expect(pair.client.negotiated?.cipherSuite == .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
    #expect(pair.server.negotiated?.cipherSuite == .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
  }

  @Test func `without a common cipher both sides report it in TLS 1.2`() throws {
    let failures = try EnginePair.failures(.tls12) { client, server in
      client.cipherList = "ECDHE-ECDSA-AES256-GCM-SHA384"
      server.cipherList = "ECDHE-ECDSA-AES128-GCM-SHA256"
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.server?.alertSent == .handshakeFailure)
    #expect(failures.client?.code == .alertReceived)
    #expect(failures.client?.alertReceived == .handshakeFailure)
    #expect(failures.client?.blame == .peer)
  }

  @Test func `without a common suite both sides report it in TLS 1.3`() throws {
    let failures = try EnginePair.failures(.tls13) { client, server in
      client.cipherSuites = [.TLS_AES_128_GCM_SHA256]
      server.cipherSuites = [.TLS_CHACHA20_POLY1305_SHA256]
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.server?.alertSent == .handshakeFailure)
    #expect(failures.client?.alertReceived == .handshakeFailure)
    #expect(failures.client?.hint.contains("compare what both sides allow") == true)
  }

  @Test func `a client whose security level leaves no cipher fails before any I/O`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.maximumVersion = .tls12
    configuration.cipherList = "AES128-SHA"
    configuration.securityLevel = 3
    expectRefusal(.peerIncompatible, .local, naming: "security level") {
      let context = try TLSContext(configuration)
      _ = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
    }
  }
}
