import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// The contents of certificates; `Tests/Certificates/check` compares them with the openssl command and Python's
/// cryptography.
@Suite(.tags(.behaviour))
struct CertificateContentTests {
  private static let authority = TestAuthority()

  private func certificate(
    _ peculiarity: TestIdentity.Peculiarity, names: [String] = ["localhost"]
  ) throws -> TLSCertificate {
    try Self.authority.issue(peculiarity, names: names).certificate
  }

  @Test func `a leaf has the fields that it was issued with`() throws {
    let identity = Self.authority.issue(
      names: ["a.example", "*.b.example"], addresses: ["192.0.2.7", "2001:db8:0:0:1::"], subject: "Alice",
      validity: .init(notBefore: 0, notAfter: 1_000), usage: .both)
    let certificate = try identity.certificate
    #expect(certificate.subject.attributes == [.init(type: .commonName, value: "Alice")])
    #expect(certificate.subject.commonName == "Alice")
    #expect(certificate.issuer.description == "CN=Test CA")
    #expect((1...8).contains(certificate.serialNumber.bytes.count))
    #expect(certificate.notBefore == 0)
    #expect(certificate.notAfter == 1_000)
    #expect(certificate.dnsNames == ["a.example", "*.b.example"])
    #expect(certificate.addresses == ["192.0.2.7", "2001:db8:0:0:1::"])
    #expect(certificate.uris.isEmpty)
    #expect(certificate.mailAddresses.isEmpty)
    #expect(certificate.keyUsage == .digitalSignature)
    #expect(certificate.extendedKeyUsages == [.serverAuthentication, .clientAuthentication])
    #expect(!certificate.isAuthority)
    #expect(certificate.pathLength == nil)
    #expect(!certificate.requiresStaple)
    #expect(certificate.signedCertificateTimestamps.isEmpty)
    #expect(certificate.sha256.count == 32)
    #expect(certificate.extensions.count == 6)
    #expect(certificate.extensions.filter(\.isCritical).map(\.type.shortName) == ["basicConstraints", "keyUsage"])
  }

  @Test func `a certificate is written as PEM`() throws {
    let certificate = try Self.authority.issue(names: ["localhost"]).certificate
    let pem = certificate.pem
    #expect(try TLSCertificate.bundle(pem: Array(pem.utf8)) == [certificate])
    #expect(pem.split(separator: "\n").dropFirst().dropLast(2).allSatisfy { $0.count == 64 })
    #expect(pem.hasPrefix("-----BEGIN CERTIFICATE-----\n"))
    #expect(pem.hasSuffix("\n-----END CERTIFICATE-----\n"))
  }

  @Test(
    arguments: [
      (TestIdentity.KeyType.p256, "EC", 256, TLSGroup.secp256r1), (.p384, "EC", 384, .secp384r1),
      (.ed25519, "ED25519", 256, nil), (.rsa2048, "RSA", 2048, nil),
    ] as [(TestIdentity.KeyType, String, Int, TLSGroup?)])
  func `a key has a type, a size and a curve`(
    key: TestIdentity.KeyType, type: String, bits: Int, curve: TLSGroup?
  ) throws {
    let first = try Self.authority.issue(names: ["localhost"], key: key).certificate.publicKey
    #expect(first.type == type)
    #expect(first.curve == curve)
    if key != .ed25519 { #expect(first.bits == bits) }
    #expect(first.sha256.count == 32)
    #expect(first.der.first == 0x30)
    let other = try Self.authority.issue(names: ["localhost"], key: key).certificate.publicKey
    #expect(first.sha256 != other.sha256)
  }

  /// Row 70. A pin is the digest of the whole SubjectPublicKeyInfo, as in HPKP and curl.
  @Test(.tags(.openSSLFact)) func `the digest of a key is that of its algorithm too`() throws {
    let certificate = try Self.authority.issue(names: ["localhost"]).certificate
    var digest = [UInt8](repeating: 0, count: 32)
    unsafe X509_pubkey_digest(certificate.reference.x509, EVP_sha256(), &digest, nil)
    #expect(digest != certificate.publicKey.sha256)
    unsafe X509_digest(certificate.reference.x509, EVP_sha256(), &digest, nil)
    #expect(digest == certificate.sha256)
    #expect(SHA256.digest(of: certificate.publicKey.der[...]) == certificate.publicKey.sha256)
  }

  @Test func `an authority may have a path length`() throws {
    let root = try Self.authority.certificate
    #expect(root.isAuthority)
    #expect(root.pathLength == nil)
    #expect(root.keyUsage == [.certificateSignature, .revocationListSignature])
    #expect(root.extendedKeyUsages == nil)
    let limited = try Self.authority.issueIntermediate(pathLength: 3).certificate
    #expect(limited.isAuthority)
    #expect(limited.pathLength == 3)
  }

  @Test func `a subject may lack a common name, or be empty`() throws {
    #expect(try certificate(.noCommonName).subject.commonName == nil)
    #expect(try certificate(.noCommonName).subject.description == "O=Example")
    #expect(try certificate(.emptySubject).subject.attributes.isEmpty)
    #expect(try certificate(.emptySubject).subject.description == "")
  }

  @Test func `a name of several attributes is written by RFC 4514`() throws {
    let subject = try certificate(.severalAttributes).subject
    #expect(subject.relativeNames.map(\.count) == [1, 1, 2, 1, 2])
    #expect(
      subject.description
        == ##"emailAddress=zoe@example.test+CN=Zoë,OU=\ two\ ,OU=\#1+serialNumber=42,"##
        + #"O=Example\, Inc. \"quoted\" \<a\+b\>\; c\\d,C=DE"#)
    #expect(subject.attributes.compactMap(\.value).contains(" two "))
    let unknown = try certificate(.unknownAttribute).subject
    #expect(unknown.description == "1.3.6.1.4.1.32473.1=#0C0548656C6C6F,CN=localhost")
  }

  @Test(arguments: [
    (TestIdentity.Peculiarity.bmpString, "Ωμέγα"), (.universalString, "Ω🔒"), (.t61String, "Zoë"),
  ])
  func `strings of every kind are text`(peculiarity: TestIdentity.Peculiarity, text: String) throws {
    #expect(try certificate(peculiarity).subject.commonName == text)
  }

  @Test func `a value that is not text has none`() throws {
    let nul = TestAuthority().issue(names: ["localhost"], subject: "good.example\0.invalid")
    let subject = try nul.certificate.subject
    #expect(subject.commonName == nil)
    #expect(subject.attributes.map(\.value) == [nil])
    #expect(subject.description == #"CN=good.example\00.invalid"#)
    // A BIT STRING in place of the UTF8String.
    var der = TestAuthority().issue(names: ["localhost"], subject: "Marker").certificateDER
    let place = try #require(der.indices.last { der[$0...].starts(with: "Marker".utf8) })
    der.replaceSubrange((place - 2)...place, with: [0x03, 6, 0])
    let broken = try TLSCertificate(der: der).subject
    #expect(broken.commonName == nil)
    #expect(broken.description == "CN=#03060061726B6572")
    // A UTF8String of bytes that are no UTF-8: libcrypto does not take the certificate.
    der[place - 2] = 0x0c
    der[place] = 0xff
    expectRefusal(.invalidCertificate, .local, naming: "DER") { _ = try TLSCertificate(der: der) }
  }

  @Test func `serial numbers are read whole`() throws {
    let long = try certificate(.longSerialNumber).serialNumber
    #expect(long.bytes == [0x00, 0xfe] + [UInt8](repeating: 0xa5, count: 18))
    #expect(long.description == "FE" + String(repeating: "A5", count: 18))
    #expect(try certificate(.negativeSerialNumber).serialNumber.description == "-01FFFF")
    #expect(TLSCertificate.SerialNumber(bytes: [0x80]).description == "-80")
    #expect(TLSCertificate.SerialNumber(bytes: [0xff, 0x00]).description == "-0100")
    #expect(TLSCertificate.SerialNumber(bytes: [0]).description == "00")
  }

  @Test func `times end neither in 2038 nor in 2050`() throws {
    #expect(try certificate(.farFuture).notAfter == 4_102_444_799)
    #expect(try certificate(.noEnd).notAfter == 253_402_300_799)
    for time: Int64 in [-62_167_219_200, -1, 0, 2_147_483_648, 2_524_607_999, 2_524_608_000] {
      let validity = TestIdentity.Validity(notBefore: time, notAfter: time + 1)
      let issued = try Self.authority.issue(names: ["localhost"], validity: validity).certificate
      #expect(issued.notBefore == time)
      #expect(issued.notAfter == time + 1)
    }
  }

  @Test func `names of every kind are read, and only those of visible ASCII are names`() throws {
    let others = try certificate(.otherNames)
    #expect(others.dnsNames == ["localhost"])
    #expect(others.uris == ["spiffe://example.test/service"])
    #expect(others.mailAddresses == ["zoe@example.test"])
    #expect(others.alternativeNames.contains(.identifier(TLSObjectIdentifier("1.2.3.4.5"))))
    #expect(
      others.alternativeNames.contains {
        if case .directory(let name) = $0 { name.commonName == "Alias" } else { false }
      })
    #expect(others.alternativeNames.count == 6)
    #expect(try certificate(.manyNames).dnsNames.count == 301)
    #expect(try certificate(.addresses).addresses == ["192.0.2.1", "2001:db8::1", "::"])
    let nul = try certificate(.nulInName)
    #expect(nul.dnsNames.isEmpty)
    #expect(nul.alternativeNames == [.other(der: [0x82, 18] + "localhost\0.invalid".utf8)])
    let odd = try Self.authority.issue(names: ["a b", "caf\u{e9}.example", "", "\u{1b}[1m", "ok.example"]).certificate
    #expect(odd.dnsNames == ["ok.example"])
    #expect(odd.alternativeNames.count == 5)
  }

  @Test func `an address of a wrong size is no address`() throws {
    var der = Self.authority.issue(names: ["localhost"], addresses: ["192.0.2.1"]).certificateDER
    let place = try #require(der.indices.first { der[$0...].starts(with: [0x87, 4, 192, 0, 2, 1]) })
    // Two addresses, of no and of two bytes.
    der.replaceSubrange(place..<(place + 6), with: [0x87, 0, 0x87, 2, 192, 0])
    let changed = try TLSCertificate(der: der)
    #expect(changed.addresses.isEmpty)
    #expect(changed.alternativeNames.suffix(2) == [.other(der: [0x87, 0]), .other(der: [0x87, 2, 192, 0])])
  }

  @Test func `must-staple and timestamps are read`() throws {
    #expect(try certificate(.mustStaple).requiresStaple)
    let timestamps = try certificate(.timestamps).signedCertificateTimestamps
    #expect(timestamps.map(\.logID) == [[UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 32)])
    #expect(timestamps.map(\.timestamp) == [1_700_000_000_001, 1_700_000_000_002])
    #expect(timestamps.allSatisfy { $0.bytes.count == 49 })
    for count in 0..<49 {
      #expect(TLSSignedCertificateTimestamp(bytes: Array(timestamps[0].bytes.prefix(count))) == nil)
    }
    let list = [0, 51, 0, 49] + timestamps[0].bytes
    #expect(TLSSignedCertificateTimestamp.list(list) == [timestamps[0]])
    for count in 0..<list.count { #expect(TLSSignedCertificateTimestamp.list(Array(list.prefix(count))).isEmpty) }
    #expect(TLSSignedCertificateTimestamp.list(list + [0]).isEmpty)
  }

  @Test func `unknown extensions are there`() throws {
    let found = try certificate(.unknownExtension).extensions.last
    #expect(
      found == .init(type: TLSObjectIdentifier("1.3.6.1.4.1.32473.1"), isCritical: false, value: [0x0c, 2, 0x68, 0x69]))
    #expect(found?.type.shortName == nil)
  }

  /// Fails closed: what cannot be read allows nothing.
  @Test func `malformed extensions allow nothing`() throws {
    let original = try Self.authority.issue(names: ["localhost"], usage: .server).certificate
    func broken(_ name: String) throws -> TLSCertificate {
      var der = original.der
      let part = try #require(original.extensions.first { $0.type.shortName == name })
      let place = try #require(der.indices.last { der[$0...].starts(with: part.value) })
      // Another tag than the extension's.
      der[place] = 0x05
      return try TLSCertificate(der: der)
    }
    #expect(try broken("keyUsage").keyUsage == [])
    #expect(try broken("extendedKeyUsage").extendedKeyUsages == [])
    #expect(try broken("subjectAltName").alternativeNames.isEmpty)
    let staple = try certificate(.mustStaple)
    var der = staple.der
    let place = try #require(der.indices.last { der[$0...].starts(with: [0x30, 3, 2, 1, 5]) })
    der[place] = 0x05
    #expect(try TLSCertificate(der: der).requiresStaple)
  }

  @Test(arguments: TestIdentity.Peculiarity.allCases)
  func `a peculiar certificate is accepted by a peer that trusts its authority`(
    peculiarity: TestIdentity.Peculiarity
  ) throws {
    let failures = try EnginePair.failures(identity: Self.authority.issue(peculiarity))
    #expect((failures.client == nil) == (peculiarity != .nulInName), "\(failures.client as Any)")
  }

  @Test func `reading a certificate leaves no entry in the error queue`() throws {
    let before = try certificate(.nulInName)
    _ = (before.alternativeNames, before.keyUsage, before.requiresStaple, before.publicKey, before.subject.description)
    _ = TLSObjectIdentifier("nonsense").shortName
    #expect(ErrorQueue.take().isEmpty)
  }
}
