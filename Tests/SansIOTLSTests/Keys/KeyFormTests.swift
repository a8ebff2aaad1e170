import SansIOTLS
import SansIOTLSTestKit
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Private keys and bundles as other programs write them: what is read, and what an error says where they are not.
@Suite(.tags(.behaviour))
struct KeyFormTests {
  private let identity = TestIdentity.server()

  private func loads(_ privateKey: [UInt8], _ passphrase: String? = nil, for identity: TestIdentity) throws -> Bool {
    let loaded = try TLSIdentity(pemChain: identity.chainPEM, privateKey: privateKey, passphrase: passphrase)
    // The context verifies that the key matches the certificate.
    return try TLSContext(.server(loaded)).warnings.isEmpty
  }

  private func relabelled(_ pem: [UInt8], _ label: String, _ other: String) -> [UInt8] {
    Array(String(decoding: pem, as: UTF8.self).replacing(" \(label)-", with: " \(other)-").utf8)
  }

  // MARK: What is read

  @Test func `the structure of a key decides, not its label`() throws {
    let identity = TestIdentity.server(key: .rsa2048)
    let traditional = TraditionalKey(of: identity).pem
    #expect(try loads(relabelled(traditional, "RSA PRIVATE KEY", "PRIVATE KEY"), for: identity))
    #expect(try loads(relabelled(identity.privateKeyPEM, "PRIVATE KEY", "RSA PRIVATE KEY"), for: identity))
    #expect(try loads(relabelled(identity.privateKeyPEM, "PRIVATE KEY", "EC PRIVATE KEY"), for: identity))
    let encrypted = identity.privateKeyPEM(passphrase: "p")
    #expect(try loads(relabelled(encrypted, "ENCRYPTED PRIVATE KEY", "PRIVATE KEY"), "p", for: identity))
  }

  @Test func `a key on Ed25519 in PKCS#8 of version 2 is read, in PEM and in DER`() throws {
    let identity = TestIdentity.server(key: .ed25519)
    let der = identity.privateKeyDER
    #expect(der.count == 48)
    // The public key stands in the certificate after this (RFC 8410).
    let prefix: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
    let certificate = identity.certificateDER
    let start = try #require(certificate.indices.first { certificate[$0...].starts(with: prefix) }) + prefix.count
    let tail = [0x81, 0x21, 0x00] + certificate[start..<start + 32]
    let version2 = [0x30, 0x51, 0x02, 0x01, 0x01] + der[5...] + tail
    #expect(try loads(version2, for: identity))
    #expect(try loads(TraditionalKey.pem("PRIVATE KEY", version2), for: identity))
    // A number that is no version, and a structure that ends early.
    for bad in [[0x30, 0x51, 0x02, 0x01, 0x07] + der[5...] + tail, Array(version2.dropLast())] {
      expectRefusal(.invalidPrivateKey, .local, naming: "no private key") { _ = try loads(bad, for: identity) }
    }
  }

  @Test func `an encrypted key on Ed25519 in PKCS#8 of version 2 is read`() throws {
    let key = Array(LegacyKeys.ed25519Version2.utf8)
    let chain = identity.chainPEM
    _ = try TLSIdentity(pemChain: chain, privateKey: key, passphrase: "pw")
    expectRefusal(.wrongPassphrase, .local, naming: "passphrase") {
      _ = try TLSIdentity(pemChain: chain, privateKey: key, passphrase: "wrong")
    }
    expectRefusal(.missingPassphrase, .local, naming: "encrypted") {
      _ = try TLSIdentity(pemChain: chain, privateKey: key)
    }
  }

  /// A key of openssl(1), on P-256, with the passphrase `right`, encrypted by PEM itself.
  private static let traditional = """
    -----BEGIN EC PRIVATE KEY-----
    Proc-Type: 4,ENCRYPTED
    DEK-Info: AES-256-CBC,5FD77BE2D20E119250AB2889A274B1AB

    L+ElNN/RnTYF7eDHx0PyUz4ntWLoMHWKWuqPcTDjRFVllmoyzhP+RM+jn+qQI2BN
    ISQ0nU+rUbSfhHqlTJtWhWQohe/BiCMA5mkNdcvXqTDFlNczCdISVXV14MKsXouP
    zTdzdNpREbRLgkrcprQx3V5wnyQHHCEF2U6L/gsUD3o=
    -----END EC PRIVATE KEY-----
    """

  /// The same key in PKCS#8.
  private static let encrypted = """
    -----BEGIN ENCRYPTED PRIVATE KEY-----
    MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgTv8vUfW7DewICCAAw
    DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHPw3Vgpghs6T6v+9uikYh8EgZAs
    QOQejO6W3OUfnlSvgcUFwp5HA9Vb7tyd3UBZtTJVQ4M8+/wn2Jh05SD3ub5Gf2bQ
    MnPwxYw/l/h43y+b+NFYV7RvyDpbVrKQiOFK4WnHzMN/9VU0IR4sEgZRR9RDNFPo
    w3A484dytgmWoD1+gbGYUsUAVL0YmJaaJiLb37oReqY7oiGZM8UtEHnCkufyiXU=
    -----END ENCRYPTED PRIVATE KEY-----
    """

  /// One passphrase in 256 decrypts to bytes that end in a right padding. "wrong", a space and one of these numbers
  /// does so with the first of the keys above, found by trying 6,000, ...
  private static let paddedTraditional = [
    788, 982, 1249, 1313, 1458, 1525, 1762, 1941, 2020, 2296, 2543, 3470, 3679, 4308, 4458, 4478, 4486, 4616,
    4738, 5210,
  ]
  /// ... and with the second.
  private static let padded = [493, 606, 830, 1049, 1096, 1155, 1185, 1403]

  @Test func `a wrong passphrase is reported whatever it decrypts to`() throws {
    let lines = Self.encrypted.split(separator: "\n").filter { !$0.hasPrefix("-") }
    let der = try #require(Self.base64(lines.joined()))
    for (key, numbers) in [
      (Array(Self.traditional.utf8), Self.paddedTraditional), (Array(Self.encrypted.utf8), Self.padded),
      (der, Self.padded),
    ] {
      for number in numbers + Array(0..<5) {
        expectRefusal(.wrongPassphrase, .local, naming: "passphrase") {
          _ = try TLSIdentity(pemChain: identity.chainPEM, privateKey: key, passphrase: "wrong \(number)")
        }
      }
    }
  }

  @Test func `a plain key after an encrypted one is read`() throws {
    let other = TestIdentity.server()
    for encrypted in [other.privateKeyPEM(passphrase: "p"), TraditionalKey(of: other).pem(passphrase: "p")] {
      #expect(try loads(encrypted + identity.privateKeyPEM, for: identity))
      #expect(try loads(encrypted + identity.privateKeyPEM, "wrong", for: identity))
      #expect(try loads(encrypted + identity.privateKeyPEM, "p", for: other))
    }
    let broken = Array("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".utf8)
    #expect(try loads(broken + identity.privateKeyPEM, for: identity))
    expectRefusal(.missingPassphrase, .local, naming: "line 1") {
      _ = try loads(other.privateKeyPEM(passphrase: "p") + broken, for: other)
    }
  }

  /// As a shell creates it for `<(command)`: what is read once cannot be read again.
  @Test(arguments: [false, true])
  func `a key is read through a pipe, in DER and in PEM`(isPEM: Bool) throws {
    let directory = TemporaryDirectory()
    let chain = directory.write("chain.pem", identity.chainPEM)
    for (key, passphrase) in [
      (isPEM ? identity.privateKeyPEM : identity.privateKeyDER, nil),
      (isPEM ? identity.privateKeyPEM(passphrase: "p") : identity.privateKeyDER(passphrase: "p"), "p"),
    ] {
      var ends: [CInt] = [0, 0]
      try #require(unsafe pipe(&ends) == 0)
      defer { close(ends[0]) }
      let written = unsafe write(ends[1], key, key.count)
      close(ends[1])
      try #require(written == key.count)
      let loaded = try TLSIdentity(
        certificateFile: chain, privateKeyFile: "/dev/fd/\(ends[0])", passphrase: passphrase)
      #expect(try TLSContext(.server(loaded)).warnings.isEmpty)
    }
  }

  @Test func `a directory is refused as a file`() {
    let directory = TemporaryDirectory()
    expectRefusal(.unreadableFile, .local, naming: directory.path) {
      _ = try TLSIdentity(certificateFile: directory.path, privateKeyFile: directory.path)
    }
  }

  @Test func `a file without end is refused`() {
    expectRefusal(.unreadableFile, .local, naming: "/dev/zero", "64 MiB") {
      _ = try TLSIdentity(certificateFile: "/dev/zero", privateKeyFile: "/dev/zero")
    }
  }

  @Test func `a public key is refused as a private key`() throws {
    let key = try #require(TraditionalKey(of: identity).publicKeyPEM)
    expectRefusal(.invalidPrivateKey, .local, naming: "no private key") { _ = try loads(key, for: identity) }
  }

  @Test func `a key of OpenSSH's own form is refused with advice`() throws {
    let key = TraditionalKey.pem("OPENSSH PRIVATE KEY", Array("openssh-key-v1".utf8))
    expectRefusal(.invalidPrivateKey, .local, naming: "no private key", "ssh-keygen") {
      _ = try loads(key, for: identity)
    }
  }

  // MARK: Encryption that libcrypto's providers lack

  struct Unsupported: CustomTestStringConvertible {
    let key: String
    let names: [String]
    var testDescription: String { names.joined(separator: ", ") }
  }

  static let unsupported = [
    Unsupported(key: LegacyKeys.md5DES, names: ["MD5-DES"]),
    Unsupported(key: LegacyKeys.rc2, names: ["RC2-40"]),
    Unsupported(key: LegacyKeys.rc4, names: ["RC4-128"]),
    Unsupported(key: LegacyKeys.pbes2DES, names: ["PBES2", "PBKDF2", "DES-CBC"]),
    Unsupported(key: LegacyKeys.pbes2RC2, names: ["PBES2", "PBKDF2", "RC2-CBC"]),
    Unsupported(key: LegacyKeys.traditionalDES, names: ["DES-CBC"]),
    Unsupported(key: LegacyKeys.traditionalSEED, names: ["SEED-CBC"]),
  ]

  @Test(arguments: unsupported)
  func `a key under a cipher that the providers lack is refused by the cipher's name`(form: Unsupported) throws {
    let chain = Array(LegacyKeys.certificate.utf8)
    let key = Array(form.key.utf8)
    let error = expectRefusal(.unsupportedEncryption, .local, naming: "legacy provider") {
      _ = try TLSIdentity(pemChain: chain, privateKey: key, passphrase: "pw")
    }
    for name in form.names { #expect(error?.hint.contains(name) == true, "\(String(describing: error))") }
    #expect(error?.openSSLErrors.isEmpty == false)
    expectRefusal(.missingPassphrase, .local, naming: "encrypted") {
      _ = try TLSIdentity(pemChain: chain, privateKey: key)
    }
  }

  @Test func `an algorithm unknown to libcrypto is refused by its name`() throws {
    // HMAC-SHA-256 of PBKDF2, AES-256-CBC of PBES2, PBES2 itself: each with the last arc of its identifier changed.
    let function: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09]
    let cipher: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a]
    let scheme: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d]
    let der = identity.privateKeyDER(passphrase: "p")
    for (identifier, name) in [
      (function, "1.2.840.113549.2.127"), (cipher, "2.16.840.1.101.3.4.1.127"), (scheme, "1.2.840.113549.1.5.127"),
    ] {
      let place = try #require(der.indices.first { der[$0...].starts(with: identifier) })
      var changed = der
      changed[place + identifier.count - 1] = 0x7f
      expectRefusal(.unsupportedEncryption, .local, naming: name) { _ = try loads(changed, "p", for: identity) }
    }
    let traditional = TraditionalKey(of: identity).pem(passphrase: "p")
    let idea = Array(String(decoding: traditional, as: UTF8.self).replacing("AES-128-CBC", with: "NO-SUCH").utf8)
    expectRefusal(.unsupportedEncryption, .local, naming: "NO-SUCH") { _ = try loads(idea, "p", for: identity) }
  }

  // MARK: PKCS#12

  @Test func `a bundle under RC2 is refused by the cipher's name`() throws {
    let bundle = try #require(Self.base64(LegacyKeys.classicBundle))
    expectRefusal(.unsupportedEncryption, .local, naming: "RC2-40", "legacy provider") {
      _ = try TLSIdentity(pkcs12: bundle, passphrase: "pw")
    }
    expectRefusal(.wrongPassphrase, .local, naming: "PKCS#12") {
      _ = try TLSIdentity(pkcs12: bundle, passphrase: "wrong")
    }
  }

  @Test func `a bundle whose MAC no libcrypto knows is refused by the digest's name`() throws {
    let digest: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]
    var bundle = identity.pkcs12(passphrase: "p")
    // The MAC is the last of a bundle.
    let place = try #require(bundle.indices.last { bundle[$0...].starts(with: digest) })
    bundle[place + digest.count - 1] = 0x7f
    expectRefusal(.unsupportedEncryption, .local, naming: "MAC", "2.16.840.1.101.3.4.2.127") {
      _ = try TLSIdentity(pkcs12: bundle, passphrase: "p")
    }
  }

  /// Later versions of libcrypto read it.
  @Test func `a bundle without MAC is not blamed on the passphrase`() throws {
    let bundle = try #require(Self.base64(LegacyKeys.bundleWithoutMAC))
    do throws(TLSError) {
      _ = try TLSIdentity(pkcs12: bundle, passphrase: "pw")
    } catch {
      #expect(error.code == .invalidPKCS12)
      #expect(error.hint.contains("no MAC"))
    }
  }

  @Test func `a bundle with two keys is refused`() throws {
    let bundle = try #require(Self.base64(LegacyKeys.bundleOfTwo))
    expectRefusal(.invalidPKCS12, .local, naming: "2 private keys") {
      _ = try TLSIdentity(pkcs12: bundle, passphrase: "pw")
    }
  }

  private static func base64(_ text: String) -> [UInt8]? { TraditionalKey.decoded(text) }

  // MARK: Places in PEM

  @Test(arguments: [" ", "\t", "\u{feff}", "  \t", "\u{a0}"])
  func `a certificate after white space is reported with its line`(space: String) throws {
    let good = identity.certificatePEM
    let lines = good.count { $0 == UInt8(ascii: "\n") }
    let indented = Array(space.utf8) + identity.authority.certificatePEM
    expectRefusal(.invalidCertificate, .local, naming: "line \(lines + 2)", "white space") {
      _ = try TLSCertificate.bundle(pem: good + [UInt8(ascii: "\n")] + indented)
    }
    expectRefusal(.invalidCertificate, .local, naming: "line 1", "white space") {
      _ = try TLSCertificate.bundle(pem: indented + good)
    }
    let directory = TemporaryDirectory()
    let file = directory.write("root.pem", good + indented)
    expectRefusal(.invalidCertificate, .local, naming: "line \(lines + 1)", "white space") {
      var configuration = TLSContext.Configuration.client()
      configuration.trustRoots = [.file(file)]
      _ = try TLSContext(configuration)
    }
  }

  @Test func `a malformed certificate is reported with its line`() throws {
    let good = identity.certificatePEM
    let lines = good.count { $0 == UInt8(ascii: "\n") }
    let broken = Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)
    expectRefusal(.invalidCertificate, .local, naming: "certificate 2", "line \(lines + 1)") {
      _ = try TLSCertificate.bundle(pem: good + broken)
    }
  }

  @Test func `a private key after white space is reported with its line`() throws {
    expectRefusal(.invalidPrivateKey, .local, naming: "line 2", "white space") {
      _ = try loads(Array("\n ".utf8) + identity.privateKeyPEM, for: identity)
    }
  }

  // MARK: Sizes

  @Test func `more bytes than libcrypto can count are refused`() {
    // Zeros that need no memory.
    let huge = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 31) { $1 = 1 << 31 }
    expectRefusal(.invalidArgument, .misuse, naming: "2147483648") { _ = try TLSCertificate.bundle(pem: huge) }
    expectRefusal(.invalidArgument, .misuse, naming: "2147483648") { _ = try loads(huge, for: identity) }
    expectRefusal(.invalidArgument, .misuse, naming: "2147483648") {
      _ = try TLSIdentity(pkcs12: huge, passphrase: "p")
    }
  }
}
