import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The demands of verifiers stricter than libssl on the certificates that the test kit mints.
struct KitCertificateTests {
  private func text(_ identity: TestIdentity) throws -> String { try PrintedCertificate(identity).text }

  private func isAccepted(client identity: TestIdentity) throws -> Bool {
    let failures = try EnginePair.failures { client, server in
      client.identities = [try identity.identity]
      server.clientAuthentication = .required
      server.trustRoots = [identity.trust]
    }
    return failures.client == nil && failures.server == nil
  }

  @Test func `a leaf is valid for a year that began yesterday`() throws {
    for identity in [TestIdentity.server(), .client(), TestAuthority().issue(names: ["a.example"], usage: .both)] {
      let days = try PrintedCertificate(identity).days
      #expect(days.total == 365)
      #expect((0...1).contains(days.past))
    }
    let world = SeededWorld(seed: 1).authority().issue(names: ["localhost"])
    #expect(try text(world).contains("Dec 31 00:00:00 2025 GMT"))
    #expect(try text(world).contains("Dec 31 00:00:00 2026 GMT"))
  }

  @Test(arguments: [
    ("Test Client", "test-client"), ("Alice", "alice"), ("ALICE  &  Bob!", "alice-bob"), ("Zoë", "zo"),
    ("日本", "unnamed"),
    ("", "unnamed"), (String(repeating: "x", count: 70), String(repeating: "x", count: 63)),
  ])
  func `a client has an alternative name`(subject: String, label: String) throws {
    let identity = TestAuthority().issue(subject: subject, usage: .client)
    #expect(try text(identity).contains("DNS:\(label).client.test"))
    #expect(try isAccepted(client: identity))
    let named = TestAuthority().issue(names: ["alice.example"], usage: .client)
    #expect(try !text(named).contains("client.test"))
  }

  @Test func `no common name is empty`() throws {
    #expect(try TestAuthority().issue(names: [""]).certificate.subject.description == "CN=Test Identity")
    #expect(try TestAuthority().issue(names: ["", "b.example"]).certificate.subject.description == "CN=b.example")
    // Without any name the alternative names are critical (RFC 5280, section 4.2.1.6).
    let unnamed = TestAuthority().issue(names: ["localhost"], subject: "")
    #expect(try unnamed.certificate.subject.description == "")
    #expect(try text(unnamed).contains("Subject Alternative Name: critical"))
    #expect(try EnginePair.failures(identity: unnamed).client == nil)
  }
}

/// A certificate as libcrypto prints it.
///
/// The pointers are created, used and freed in init.
private struct PrintedCertificate {
  /// The output of `openssl x509 -text`.
  let text: String
  /// The days of its validity, and how many of them have passed.
  let days: (total: CInt, past: CInt)

  init(_ identity: TestIdentity) throws {
    let x509 = unsafe identity.certificateDER.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      return unsafe d2i_X509(nil, &cursor, bytes.count)
    }
    defer { unsafe X509_free(x509) }
    var total: CInt = 0
    var past: CInt = 0
    var seconds: CInt = 0
    unsafe ASN1_TIME_diff(&total, &seconds, X509_get0_notBefore(x509), X509_get0_notAfter(x509))
    unsafe ASN1_TIME_diff(&past, &seconds, X509_get0_notBefore(x509), nil)
    days = (total, past)
    let sink = unsafe try #require(BIO_new(BIO_s_mem()))
    defer { unsafe BIO_free(sink) }
    unsafe X509_print(sink, x509)
    var bytes = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(sink))
    unsafe BIO_read(sink, &bytes, CInt(clamping: bytes.count))
    text = String(decoding: bytes, as: UTF8.self)
  }
}
