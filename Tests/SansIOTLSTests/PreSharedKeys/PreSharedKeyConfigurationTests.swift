import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Pre-shared keys as values, and in configurations.
@Suite(.tags(.law16))
struct PreSharedKeyConfigurationTests {
  private func key(_ identity: String = "a", _ hash: TLSPreSharedKey.Hash = .sha256) throws -> TLSPreSharedKey {
    try PreSharedKeyTests.key(identity, hash)
  }

  private func client(_ change: (inout TLSContext.Configuration) throws -> Void) throws -> TLSContext {
    var configuration = TLSContext.Configuration.client()
    configuration.preSharedKeys = [try key()]
    try change(&configuration)
    return try TLSContext(configuration)
  }

  private func server(_ change: (inout TLSContext.Configuration) throws -> Void) throws -> TLSContext {
    var configuration = TLSContext.Configuration.server([])
    configuration.preSharedKeys = [try key()]
    try change(&configuration)
    return try TLSContext(configuration)
  }

  // MARK: Values

  @Test func `a length out of range is refused`() {
    let long = [UInt8](repeating: 1, count: 257)
    let good = [UInt8](repeating: 1, count: 16)
    expectRefusal(.invalidPreSharedKey, .misuse, naming: "identity", "0 bytes") {
      _ = try TLSPreSharedKey(identity: [], key: good)
    }
    expectRefusal(.invalidPreSharedKey, .misuse, naming: "identity", "257 bytes") {
      _ = try TLSPreSharedKey(identity: long, key: good)
    }
    expectRefusal(.invalidPreSharedKey, .misuse, naming: "15 bytes") {
      _ = try TLSPreSharedKey(identity: [1], key: [UInt8](repeating: 1, count: 15))
    }
    expectRefusal(.invalidPreSharedKey, .misuse, naming: "257 bytes") {
      _ = try TLSPreSharedKey(identity: [1], key: long)
    }
    #expect(throws: Never.self) { try TLSPreSharedKey(identity: Array(long.dropLast()), key: Array(long.dropLast())) }
  }

  @Test func `keys are equal by identity, hash and key`() throws {
    let own = try key()
    #expect(try own == key())
    #expect(try own.hashValue == key().hashValue)
    #expect(try own != key("b"))
    #expect(try own != key("a", .sha384))
    #expect(try own != PreSharedKeyTests.key("a", byte: 8))
    #expect(try own != TLSPreSharedKey(identity: "a", key: [UInt8](repeating: 7, count: 33)))
  }

  @Test func `a description has the identity, escaped, and not the key`() throws {
    let own = try TLSPreSharedKey(identity: "a\n\u{1B}[1m", key: [UInt8](repeating: 0x41, count: 32))
    #expect(own.description == "TLSPreSharedKey(a\\u{A}\\u{1B}[1m, SHA-256)")
    var dumped = ""
    dump(own, to: &dumped)
    #expect(!dumped.contains("65") && !dumped.contains("AAAA"))
    #expect(!"\(try client { _ in }.configuration)".contains("AAAA"))
  }

  // MARK: Configurations

  @Test func `a client has one key`() {
    expectRefusal(.invalidPreSharedKey, .misuse, naming: "2 pre-shared keys") {
      _ = try client { $0.preSharedKeys.append(try key("b")) }
    }
  }

  @Test func `a server has one key of an identity`() {
    expectRefusal(.invalidPreSharedKey, .misuse, naming: "identity of another") {
      _ = try server { $0.preSharedKeys.append(try key("a", .sha384)) }
    }
  }

  @Test func `what concerns certificates is refused beside a key that replaces them`() {
    expectRefusal(.invalidConfiguration, .misuse, naming: "stapling") { _ = try client { $0.stapling = .requested } }
    expectRefusal(.invalidConfiguration, .misuse, naming: "pausesAtPeerCertificates") {
      _ = try client { $0.pausesAtPeerCertificates = true }
    }
    #expect(throws: Never.self) {
      try client {
        $0.stapling = .requested
        $0.trustRoots = [TestAuthority().trust]
        $0.acceptsCertificateWithoutPreSharedKey = true
      }
    }
  }

  @Test func `accepting certificates too is a setting of a client with a key`() {
    expectRefusal(.invalidConfiguration, .misuse, naming: "acceptsCertificateWithoutPreSharedKey") {
      _ = try server { $0.acceptsCertificateWithoutPreSharedKey = true }
    }
    expectRefusal(.invalidConfiguration, .misuse, naming: "acceptsCertificateWithoutPreSharedKey") {
      _ = try client {
        $0.acceptsCertificateWithoutPreSharedKey = true
        $0.preSharedKeys = []
      }
    }
  }

  @Test func `a server without certificate and key is still refused`() {
    expectRefusal(.missingIdentity, .misuse, naming: "pre-shared keys") { _ = try server { $0.preSharedKeys = [] } }
  }

  @Test func `a client with a key needs no trust roots`() {
    #expect(throws: Never.self) { try client { $0.trustRoots = [] } }
  }

  @Test func `an identity with a zero byte is refused where TLS 1.2 is allowed`() throws {
    let odd = try TLSPreSharedKey(identity: [1, 0, 2], key: [UInt8](repeating: 7, count: 32))
    expectRefusal(.invalidPreSharedKey, .misuse, naming: "zero byte", "TLS 1.3") {
      _ = try client { $0.preSharedKeys = [odd] }
    }
    #expect(throws: Never.self) {
      try client {
        $0.preSharedKeys = [odd]
        $0.minimumVersion = .tls13
      }
    }
  }

  @Test func `a suite of another hash is refused by name`() {
    expectRefusal(.invalidConfiguration, .misuse, naming: "TLS_AES_256_GCM_SHA384", "SHA-256") {
      _ = try client { $0.cipherSuites = [.TLS_AES_256_GCM_SHA384, .TLS_AES_128_GCM_SHA256] }
    }
    expectRefusal(.unknownCipher, .misuse, naming: "SHA-256") {
      _ = try client { $0.cipherSuites = [.TLS_AES_256_GCM_SHA384] }
    }
    expectRefusal(.unknownCipher, .misuse, naming: "SHA-256") {
      _ = try server { $0.cipherSuites = [.TLS_AES_256_GCM_SHA384] }
    }
  }

  @Test func `a list without suites for keys is refused`() {
    expectRefusal(.unknownCipher, .misuse, naming: "ECDHE-PSK") {
      _ = try client { $0.cipherList = "ECDHE-RSA-AES256-GCM-SHA384" }
    }
    #expect(throws: Never.self) {
      try client {
        $0.cipherList = "ECDHE-RSA-AES256-GCM-SHA384"
        $0.minimumVersion = .tls13
      }
    }
  }

  @Test func `keys without forward secrecy are used by name alone, and warned of`() throws {
    let named = try client {
      $0.cipherList = "PSK-AES256-GCM-SHA384:ECDHE-PSK-CHACHA20-POLY1305"
    }
    #expect(named.warnings == [.preSharedKeyWithoutForwardSecrecy(suite: "PSK-AES256-GCM-SHA384")])
    #expect("\(named.warnings[0])".contains("forward secrecy"))
    // TLS_PSK_WITH_…: 0x008a to 0x0095, 0x00a8, 0x00a9, 0x00ae to 0x00b1, 0xccab, and CCM's 0xc0a4 to 0xc0a9.
    let suites = try client { $0.maximumVersion = .tls12 }.effectiveParameters().cipherSuites.map(\.rawValue)
    #expect(suites.contains(0xCCAC))
    #expect(Set(suites).isDisjoint(with: [0x00A8, 0x00A9, 0x00AE, 0x00AF, 0xCCAB, 0xC0A4, 0xC0A5]))
  }

  @Test func `a named suite without forward secrecy works`() throws {
    var pair = try PreSharedKeyTests.pair(.tls12, client: try key(), server: [try key()]) { client, server in
      client.cipherList = "PSK-AES256-GCM-SHA384"
      server.cipherList = "PSK-AES256-GCM-SHA384"
    }
    try pair.handshake()
    #expect(pair.client.negotiated?.group == nil)
    #expect(pair.client.negotiated?.cipherSuite.rawValue == 0x00A9)
  }

  @Test func `DHE is used by name alone`() throws {
    var pair = try PreSharedKeyTests.pair(.tls12, client: try key(), server: [try key()]) { client, server in
      client.cipherList = "DHE-PSK-AES256-GCM-SHA384"
      server.cipherList = "DHE-PSK-AES256-GCM-SHA384"
    }
    try pair.handshake()
    #expect(pair.client.negotiated?.cipherSuite.rawValue == 0x00AB)
  }
}
