import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Certificates and private keys: their forms, their passphrases, and what is refused.
@Suite(.tags(.behaviour))
struct IdentityTests {
  static let gibberish = Array("gibberish, and nothing else".utf8)
  static let overlong = String(repeating: "p", count: 1025)

  private let identity = TestIdentity.server()

  private func serves(_ loaded: TLSIdentity, as expected: TestIdentity? = nil) throws -> Bool {
    let identity = expected ?? self.identity
    var (client, _) = try EnginePair.configurations(identity: identity)
    client.trustRoots = [identity.trust]
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(.server(loaded)))
    try pair.handshake()
    return pair.client.peerCertificates.first?.der == identity.certificateDER
  }

  // MARK: Forms

  @Test func `chain and key are accepted as PEM`() throws {
    #expect(try serves(TLSIdentity(pemChain: identity.chainPEM, privateKey: identity.privateKeyPEM)) == true)
  }

  @Test func `chain and key are accepted as DER`() throws {
    #expect(try serves(TLSIdentity(derChain: identity.chainDER, privateKey: identity.privateKeyDER)) == true)
  }

  @Test func `a PEM chain goes with a DER key and a DER chain with a PEM key`() throws {
    #expect(try serves(TLSIdentity(pemChain: identity.chainPEM, privateKey: identity.privateKeyDER)) == true)
    #expect(try serves(TLSIdentity(derChain: identity.chainDER, privateKey: identity.privateKeyPEM)) == true)
  }

  @Test func `an encrypted key is decrypted with its passphrase, in PEM and in DER`() throws {
    let pem = identity.privateKeyPEM(passphrase: "open sesame")
    let der = identity.privateKeyDER(passphrase: "open sesame")
    #expect(try serves(TLSIdentity(pemChain: identity.chainPEM, privateKey: pem, passphrase: "open sesame")) == true)
    #expect(try serves(TLSIdentity(derChain: identity.chainDER, privateKey: der, passphrase: "open sesame")) == true)
  }

  @Test func `a passphrase for an unencrypted key is ignored`() throws {
    #expect(
      try serves(TLSIdentity(pemChain: identity.chainPEM, privateKey: identity.privateKeyPEM, passphrase: "x")) == true)
  }

  @Test func `a passphrase of the greatest length decrypts a key`() throws {
    let passphrase = String(repeating: "p", count: 1024)
    let pem = identity.privateKeyPEM(passphrase: passphrase)
    #expect(try serves(TLSIdentity(pemChain: identity.chainPEM, privateKey: pem, passphrase: passphrase)) == true)
  }

  @Test func `files are read, chain and key apart or in one`() throws {
    let directory = TemporaryDirectory()
    let chain = directory.write("chain.pem", identity.chainPEM)
    let key = directory.write("key.pem", identity.privateKeyPEM(passphrase: "p"))
    let both = directory.write("both.pem", identity.privateKeyPEM + identity.chainPEM)
    #expect(try serves(TLSIdentity(certificateFile: chain, privateKeyFile: key, passphrase: "p")) == true)
    #expect(try serves(TLSIdentity(certificateFile: both, privateKeyFile: both)) == true)
  }

  @Test(arguments: ["a passphrase", "", "pässphräse"])
  func `a PKCS#12 bundle is decrypted with its passphrase`(passphrase: String) throws {
    let bundle = identity.pkcs12(passphrase: passphrase)
    #expect(try serves(TLSIdentity(pkcs12: bundle, passphrase: passphrase)) == true)
  }

  @Test func `a PKCS#12 bundle's chain is sent leaf first`() throws {
    let authority = TestAuthority()
    let leaf = authority.issueIntermediate(name: "Upper").issueIntermediate(name: "Lower").issue(names: ["localhost"])
    let loaded = try TLSIdentity(pkcs12: leaf.pkcs12(passphrase: "p"), passphrase: "p")
    #expect(loaded.chain.map(\.subject.description) == ["CN=localhost", "CN=Lower", "CN=Upper"])
    #expect(loaded.chain.map(\.issuer.description) == ["CN=Lower", "CN=Upper", "CN=Test CA"])
  }

  // MARK: Forms from before PKCS#8

  struct Traditional: CustomTestStringConvertible {
    let type: TestIdentity.KeyType
    let label: String
    var testDescription: String { "\(label), \(type)" }
  }

  static let traditional = [
    Traditional(type: .rsa2048, label: "RSA PRIVATE KEY"), Traditional(type: .p256, label: "EC PRIVATE KEY"),
    Traditional(type: .p384, label: "EC PRIVATE KEY"),
  ]

  private func holds(_ pem: [UInt8], _ line: String) -> Bool {
    String(decoding: pem, as: UTF8.self).split(separator: "\n").contains(Substring(line))
  }

  @Test(arguments: traditional)
  func `a key in PKCS#1 or SEC 1 is accepted, in PEM and in DER`(form: Traditional) throws {
    let identity = TestIdentity.server(key: form.type)
    let key = TraditionalKey(of: identity)
    #expect(holds(key.pem, "-----BEGIN \(form.label)-----"))
    #expect(key.der != identity.privateKeyDER)
    for privateKey in [key.pem, key.der] {
      #expect(try serves(TLSIdentity(pemChain: identity.chainPEM, privateKey: privateKey), as: identity) == true)
      #expect(try serves(TLSIdentity(derChain: identity.chainDER, privateKey: privateKey), as: identity) == true)
    }
    let directory = TemporaryDirectory()
    let both = directory.write("both.pem", identity.chainPEM + key.pem)
    #expect(try serves(TLSIdentity(certificateFile: both, privateKeyFile: both), as: identity) == true)
  }

  @Test func `the curve's parameters before a key in SEC 1 are ignored`() throws {
    let key = TraditionalKey(of: identity)
    #expect(holds(TraditionalKey.parameters, "-----BEGIN EC PARAMETERS-----"))
    let pem = TraditionalKey.parameters + key.pem
    #expect(try serves(TLSIdentity(pemChain: identity.chainPEM, privateKey: pem)) == true)
    let encrypted = TraditionalKey.parameters + key.pem(passphrase: "p")
    #expect(try serves(TLSIdentity(pemChain: identity.chainPEM, privateKey: encrypted, passphrase: "p")) == true)
    expectRefusal(.invalidPrivateKey, .local, naming: "no private key") {
      _ = try TLSIdentity(pemChain: identity.chainPEM, privateKey: TraditionalKey.parameters)
    }
  }

  @Test(arguments: traditional)
  func `a key encrypted by PEM is decrypted with its passphrase and with no other`(form: Traditional) throws {
    let identity = TestIdentity.server(key: form.type)
    let chain = identity.chainPEM
    let key = TraditionalKey(of: identity)
    let pem = key.pem(passphrase: "open sesame")
    #expect(holds(pem, "-----BEGIN \(form.label)-----"))
    #expect(holds(pem, "Proc-Type: 4,ENCRYPTED"))
    #expect(
      try serves(TLSIdentity(pemChain: chain, privateKey: pem, passphrase: "open sesame"), as: identity) == true)
    let longest = String(repeating: "p", count: 1024)
    #expect(
      try serves(
        TLSIdentity(pemChain: chain, privateKey: key.pem(passphrase: longest), passphrase: longest), as: identity)
        == true)
    expectRefusal(.missingPassphrase, .local, naming: "encrypted") {
      _ = try TLSIdentity(pemChain: chain, privateKey: pem)
    }
    for wrong in ["wrong", "", "open sesame "] {
      expectRefusal(.wrongPassphrase, .local, naming: "passphrase") {
        _ = try TLSIdentity(pemChain: chain, privateKey: pem, passphrase: wrong)
      }
    }
    expectRefusal(.passphraseTooLong, .local, naming: "1025", "1024") {
      _ = try TLSIdentity(pemChain: chain, privateKey: pem, passphrase: Self.overlong)
    }
  }

  // MARK: Passphrases

  /// The prompt is the process's, and the tests beside this one never call for it.
  @Test func `libcrypto's own prompt for a passphrase never appears`() throws {
    let chain = identity.chainPEM
    let traditional = TraditionalKey(of: identity).pem(passphrase: "right")
    let modern = identity.privateKeyPEM(passphrase: "right")
    // The prompt does appear if libcrypto itself asks for the passphrase.
    for pem in [traditional, modern] {
      var isRead = true
      #expect(TerminalPrompt.appearances { isRead = TerminalPrompt.read(pem) } > 0)
      #expect(!isRead)
    }
    let directory = TemporaryDirectory()
    let file = directory.write("key.pem", traditional)
    // A block that claims to be encrypted, where no passphrase is expected.
    let lines = String(decoding: traditional, as: UTF8.self).replacing("EC PRIVATE KEY", with: "CERTIFICATE")
    let certificate = Array(lines.utf8)
    let appearances = TerminalPrompt.appearances {
      for key in [traditional, modern, identity.privateKeyDER(passphrase: "right")] {
        expectRefusal(.missingPassphrase, .local, naming: "encrypted") {
          _ = try TLSIdentity(pemChain: chain, privateKey: key)
        }
        expectRefusal(.wrongPassphrase, .local, naming: "passphrase") {
          _ = try TLSIdentity(pemChain: chain, privateKey: key, passphrase: "")
        }
      }
      expectRefusal(.missingPassphrase, .local, naming: "encrypted") {
        _ = try TLSIdentity(certificateFile: directory.write("chain.pem", chain), privateKeyFile: file)
      }
      expectRefusal(.invalidCertificate, .local, naming: "certificate 1") {
        _ = try TLSIdentity(pemChain: certificate, privateKey: identity.privateKeyPEM)
      }
      expectRefusal(.invalidCertificate, .local, naming: "certificate 1") {
        var configuration = TLSContext.Configuration.client()
        configuration.trustRoots = [.pem(certificate)]
        _ = try TLSContext(configuration)
      }
      expectRefusal(.wrongPassphrase, .local, naming: "PKCS#12") {
        _ = try TLSIdentity(pkcs12: identity.pkcs12(passphrase: "right"), passphrase: "")
      }
    }
    #expect(appearances == 0)
  }

  @Test func `a missing passphrase and a wrong one are reported differently`() throws {
    for key in [identity.privateKeyPEM(passphrase: "right"), identity.privateKeyDER(passphrase: "right")] {
      expectRefusal(.missingPassphrase, .local, naming: "encrypted") {
        _ = try TLSIdentity(pemChain: identity.chainPEM, privateKey: key)
      }
      expectRefusal(.wrongPassphrase, .local, naming: "passphrase") {
        _ = try TLSIdentity(pemChain: identity.chainPEM, privateKey: key, passphrase: "wrong")
      }
      expectRefusal(.wrongPassphrase, .local, naming: "passphrase") {
        _ = try TLSIdentity(pemChain: identity.chainPEM, privateKey: key, passphrase: "")
      }
    }
  }

  @Test func `an overlong passphrase is refused before use`() throws {
    expectRefusal(.passphraseTooLong, .local, naming: "1025", "1024") {
      _ = try TLSIdentity(
        pemChain: identity.chainPEM, privateKey: identity.privateKeyPEM, passphrase: Self.overlong)
    }
    expectRefusal(.passphraseTooLong, .local, naming: "1025", "1024") {
      _ = try TLSIdentity(pkcs12: identity.pkcs12(passphrase: "p"), passphrase: Self.overlong)
    }
  }

  @Test(arguments: ["wrong", ""])
  func `a PKCS#12 bundle and a wrong passphrase are refused`(passphrase: String) throws {
    let bundle = identity.pkcs12(passphrase: "right")
    expectRefusal(.wrongPassphrase, .local, naming: "PKCS#12") {
      _ = try TLSIdentity(pkcs12: bundle, passphrase: passphrase)
    }
  }

  // MARK: Text with a NUL

  @Test(.tags(.law17)) func `a passphrase of a PKCS#12 bundle with a NUL is refused`() throws {
    let bundle = identity.pkcs12(passphrase: "right")
    for passphrase in ["right\0x", "right\0", "\0right", "\0"] {
      let error = expectRefusal(.containsNUL, .misuse, naming: "passphrase of the PKCS#12 bundle") {
        _ = try TLSIdentity(pkcs12: bundle, passphrase: passphrase)
      }
      #expect(error?.description.contains("right") == false)
    }
  }

  /// libcrypto counts the passphrase of a key, so that a NUL is a character as any other.
  @Test(.tags(.law17)) func `a passphrase of a key is used beyond its NUL`() throws {
    let chain = identity.chainPEM
    let whole = identity.privateKeyPEM(passphrase: "right\0x")
    #expect(try serves(TLSIdentity(pemChain: chain, privateKey: whole, passphrase: "right\0x")) == true)
    let traditional = TraditionalKey(of: identity).pem(passphrase: "right")
    for key in [identity.privateKeyPEM(passphrase: "right"), identity.privateKeyDER(passphrase: "right"), traditional] {
      expectRefusal(.wrongPassphrase, .local, naming: "passphrase") {
        _ = try TLSIdentity(pemChain: chain, privateKey: key, passphrase: "right\0x")
      }
    }
    for passphrase in ["right", "right\0y"] {
      expectRefusal(.wrongPassphrase, .local, naming: "passphrase") {
        _ = try TLSIdentity(pemChain: chain, privateKey: whole, passphrase: passphrase)
      }
    }
  }

  @Test(.tags(.law17)) func `a path with a NUL is refused by the name of its setting`() throws {
    let directory = TemporaryDirectory()
    let chain = directory.write("chain.pem", identity.chainPEM)
    let key = directory.write("key.pem", identity.privateKeyPEM)
    expectRefusal(.containsNUL, .misuse, naming: "certificateFile") {
      _ = try TLSIdentity(certificateFile: chain + "\0.example", privateKeyFile: key)
    }
    expectRefusal(.containsNUL, .misuse, naming: "privateKeyFile") {
      _ = try TLSIdentity(certificateFile: chain, privateKeyFile: key + "\0.example")
    }
  }

  // MARK: What is none

  @Test(arguments: [[], gibberish, Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)])
  func `bytes without a certificate are refused`(bytes: [UInt8]) throws {
    expectRefusal(.invalidCertificate, .local, naming: "PEM") {
      _ = try TLSIdentity(pemChain: bytes, privateKey: identity.privateKeyPEM)
    }
    expectRefusal(.invalidCertificate, .local, naming: "DER") {
      _ = try TLSIdentity(derChain: [bytes], privateKey: identity.privateKeyDER)
    }
    expectRefusal(.invalidCertificate, .local, naming: "PEM") { _ = try TLSCertificate(pem: bytes) }
    expectRefusal(.invalidCertificate, .local, naming: "PEM") { _ = try TLSCertificate.bundle(pem: bytes) }
    expectRefusal(.invalidCertificate, .local, naming: "DER") { _ = try TLSCertificate(der: bytes) }
  }

  @Test func `an empty chain is refused`() throws {
    expectRefusal(.invalidCertificate, .local, naming: "no certificate") {
      _ = try TLSIdentity(derChain: [], privateKey: identity.privateKeyDER)
    }
  }

  @Test func `a malformed certificate after a valid one is reported with its position`() throws {
    let broken = identity.chainPEM + Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)
    expectRefusal(.invalidCertificate, .local, naming: "certificate 2") { _ = try TLSCertificate.bundle(pem: broken) }
  }

  @Test func `bytes after a DER certificate are refused and counted`() throws {
    expectRefusal(.invalidCertificate, .local, naming: "3 bytes") {
      _ = try TLSCertificate(der: identity.certificateDER + [0, 0, 0])
    }
  }

  @Test func `other blocks of a PEM text are ignored`() throws {
    let certificates = try TLSCertificate.bundle(
      pem: identity.privateKeyPEM + identity.certificatePEM + identity.authority.certificatePEM)
    #expect(certificates.map(\.der) == [identity.certificateDER, identity.authority.certificateDER])
  }

  @Test(arguments: [[], gibberish, Array("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".utf8)])
  func `bytes without a private key are refused`(bytes: [UInt8]) throws {
    expectRefusal(.invalidPrivateKey, .local, naming: "no private key") {
      _ = try TLSIdentity(pemChain: identity.chainPEM, privateKey: bytes)
    }
  }

  @Test func `a certificate is refused as a private key`() throws {
    expectRefusal(.invalidPrivateKey, .local, naming: "no private key") {
      _ = try TLSIdentity(pemChain: identity.chainPEM, privateKey: identity.certificatePEM)
    }
    expectRefusal(.invalidPrivateKey, .local, naming: "no private key") {
      _ = try TLSIdentity(derChain: identity.chainDER, privateKey: identity.certificateDER)
    }
  }

  @Test(arguments: [[], gibberish])
  func `invalid bytes are refused as a PKCS#12 bundle`(bytes: [UInt8]) throws {
    expectRefusal(.invalidPKCS12, .local, naming: "PKCS#12") { _ = try TLSIdentity(pkcs12: bytes, passphrase: "p") }
  }

  @Test func `a PKCS#12 bundle cut short is refused`() throws {
    let bundle = identity.pkcs12(passphrase: "p")
    for count in [1, bundle.count / 2, bundle.count - 1] {
      expectRefusal(.invalidPKCS12, .local, naming: "PKCS#12") {
        _ = try TLSIdentity(pkcs12: Array(bundle.prefix(count)), passphrase: "p")
      }
    }
  }

  @Test func `a PKCS#12 bundle without the key's certificate is refused`() throws {
    let bundle = TestIdentity.server(defect: .mismatchedKey).pkcs12(passphrase: "p")
    expectRefusal(.invalidPKCS12, .local, naming: "certificate") {
      _ = try TLSIdentity(pkcs12: bundle, passphrase: "p")
    }
  }

  @Test func `a missing file is named`() throws {
    let directory = TemporaryDirectory()
    let missing = directory.path + "/missing.pem"
    let chain = directory.write("chain.pem", identity.chainPEM)
    let error = expectRefusal(.unreadableFile, .local, naming: missing) {
      _ = try TLSIdentity(certificateFile: missing, privateKeyFile: chain)
    }
    // The system's words for its error number, which libcrypto's tables do not hold.
    #expect(error?.openSSLErrors.first?.reason == "No such file or directory", "\(error as Any)")
    expectRefusal(.unreadableFile, .local, naming: missing) {
      _ = try TLSIdentity(certificateFile: chain, privateKeyFile: missing)
    }
  }

  // MARK: In a context

  @Test func `a key that does not match the certificate is refused when the context is created`() throws {
    let mismatched = TestIdentity.server(defect: .mismatchedKey)
    let loaded = try mismatched.identity
    expectRefusal(.keyDoesNotMatchCertificate, .misuse, naming: "CN=localhost") {
      _ = try TLSContext(.server(loaded))
    }
  }

  @Test func `a key of another type than the certificate's is refused`() throws {
    let other = TestIdentity.server(key: .ed25519)
    let loaded = try TLSIdentity(derChain: identity.chainDER, privateKey: other.privateKeyDER)
    expectRefusal(.keyDoesNotMatchCertificate, .misuse, naming: "CN=localhost") {
      _ = try TLSContext(.server(loaded))
    }
  }

  @Test func `a server without identity is refused`() throws {
    expectRefusal(.missingIdentity, .misuse, naming: "private key") { _ = try TLSContext(.server()) }
  }

  @Test func `two identities of one key type are refused on a client`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.identities = [
      try TestIdentity.client("A").identity, try TestIdentity.client("B", key: .p384).identity,
    ]
    expectRefusal(.duplicateIdentity, .misuse, naming: "pausesAtCertificateRequest") {
      _ = try TLSContext(configuration)
    }
  }

  @Test func `each of several identities of one key type is checked`() throws {
    let good = try identity.identity
    let weak = try TestIdentity.server("other.example", key: .rsa2048, defect: .weakKey).identity
    var configuration = TLSContext.Configuration.server(
      good, try TestIdentity.server("one.example", key: .rsa2048).identity, weak)
    configuration.securityLevel = 2
    expectRefusal(.identityRefused, .local, naming: "CN=") { _ = try TLSContext(configuration) }
    let mismatched = try TestIdentity.server("other.example", defect: .mismatchedKey).identity
    expectRefusal(.keyDoesNotMatchCertificate, .misuse, naming: "CN=") { _ = try TLSContext(.server(good, mismatched)) }
  }

  @Test func `a key too weak for the security level is refused`() throws {
    let weak = TestIdentity.server(defect: .weakKey)
    var configuration = TLSContext.Configuration.server(try weak.identity)
    configuration.securityLevel = 2
    let error = expectRefusal(.identityRefused, .local, naming: "CN=localhost", "security level") {
      _ = try TLSContext(configuration)
    }
    #expect(error?.openSSLErrors.contains { $0.reason == "ee key too small" } == true)
    configuration.securityLevel = 0
    #expect(throws: Never.self) { try TLSContext(configuration) }
  }
}
