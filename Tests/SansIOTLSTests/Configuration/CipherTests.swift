import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Cipher lists of TLS 1.2 and suites of TLS 1.3.
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

  @Test(arguments: [
    "HIGH:!aNULL:!eNULL:!MD5:!RC4:!DES:!3DES:!EXPORT", "DEFAULT:-RC4",
  ])
  func `to exclude what libssl has no more does no harm`(list: String) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherList = list
    #expect(try TLSContext(configuration).warnings == [])
  }

  @Test(arguments: ["DEFAULT", "HIGH:!aNULL", "ECDHE+AESGCM:+AES128", "@SECLEVEL=1:HIGH", "AES256-SHA, AES128-SHA"])
  func `the syntax of openssl-ciphers is taken`(list: String) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherList = list
    #expect(try TLSContext(configuration).warnings == [])
  }

  @Test(arguments: ["TLS_NO_SUCH_SUITE", "ECDHE-RSA-AES128-GCM-SHA256", ""])
  func `a suite that TLS 1.3 does not have is refused by name`(suite: String) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherSuites = ["TLS_AES_128_GCM_SHA256", suite]
    expectRefusal(.unknownCipher, .misuse, naming: "\"\(suite)\"", "TLS_AES_256_GCM_SHA384") {
      _ = try TLSContext(configuration)
    }
  }

  @Test func `an empty list of suites is refused`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.cipherSuites = []
    expectRefusal(.unknownCipher, .misuse, naming: "name at least one") { _ = try TLSContext(configuration) }
  }

  @Test(arguments: [
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
  ])
  func `the suite that a client allows is the one of the connection in TLS 1.3`(suite: String) throws {
    let pair = try EnginePair.connected(.tls13) { client, server in
      client.cipherSuites = [suite]
      server.cipherSuites = [
        "TLS_AES_128_CCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256",
      ]
    }
    #expect(pair.client.negotiated?.cipherSuite == suite)
    #expect(pair.server.negotiated?.cipherSuite == suite)
  }

  @Test func `the server's order decides in TLS 1.3`() throws {
    let pair = try EnginePair.connected(.tls13) { client, server in
      client.cipherSuites = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"]
      server.cipherSuites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"]
    }
    #expect(pair.client.negotiated?.cipherSuite == "TLS_AES_128_GCM_SHA256")
  }

  @Test func `the server's order decides in TLS 1.2`() throws {
    let pair = try EnginePair.connected(.tls12) { client, server in
      client.cipherList = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"
      server.cipherList = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
    }
    #expect(pair.client.negotiated?.cipherSuite == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
    #expect(pair.server.negotiated?.cipherSuite == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
  }

  @Test func `without a cipher in common both sides say so in TLS 1.2`() throws {
    let failures = try EnginePair.failures(.tls12) { client, server in
      client.cipherList = "ECDHE-ECDSA-AES256-GCM-SHA384"
      server.cipherList = "ECDHE-ECDSA-AES128-GCM-SHA256"
    }
    #expect(failures.server?.code == .nothingInCommon)
    #expect(failures.server?.alertSent == .handshakeFailure)
    #expect(failures.client?.code == .alertReceived)
    #expect(failures.client?.alertReceived == .handshakeFailure)
    #expect(failures.client?.blame == .peer)
  }

  @Test func `without a suite in common both sides say so in TLS 1.3`() throws {
    let failures = try EnginePair.failures(.tls13) { client, server in
      client.cipherSuites = ["TLS_AES_128_GCM_SHA256"]
      server.cipherSuites = ["TLS_CHACHA20_POLY1305_SHA256"]
    }
    #expect(failures.server?.code == .nothingInCommon)
    #expect(failures.server?.alertSent == .handshakeFailure)
    #expect(failures.client?.alertReceived == .handshakeFailure)
    #expect(failures.client?.hint.contains("compare what both sides allow") == true)
  }

  @Test func `a client whose security level leaves no cipher fails before any I/O`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.maximumVersion = .tls12
    configuration.cipherList = "AES128-SHA"
    configuration.securityLevel = 3
    expectRefusal(.nothingInCommon, .local, naming: "security level") {
      let context = try TLSContext(configuration)
      _ = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
    }
  }
}
