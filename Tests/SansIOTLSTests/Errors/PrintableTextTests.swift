import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Control characters in a name from a peer or a file do not reach the reader of an error.
@Suite(.tags(.behaviour))
struct PrintableTextTests {
  /// A line end, terminal controls, marks of direction, and what cannot be seen.
  static let harmful: [Unicode.Scalar] = [
    "\n", "\r", "\t", "\u{1b}", "\u{7f}", "\u{85}", "\u{9b}", "\u{a0}", "\u{ad}", "\u{61c}", "\u{200b}", "\u{200d}",
    "\u{200e}",
    "\u{200f}", "\u{2028}", "\u{2029}", "\u{202a}", "\u{202e}", "\u{2060}", "\u{2066}", "\u{2069}", "\u{3000}",
    "\u{3164}", "\u{e000}",
    "\u{fe0f}", "\u{feff}", "\u{e0041}",
  ]

  private func isClean(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { !Self.harmful.contains($0) }
  }

  private var subject: String { "a" + Self.harmful.map { String($0) }.joined(separator: "b") + "c" }

  @Test func `the subject of a certificate is escaped`() throws {
    let certificate = try TestAuthority(name: subject).issue(names: ["localhost"], subject: subject).certificate
    #expect(isClean(certificate.subject.description))
    #expect(isClean(certificate.issuer.description))
    #expect(isClean(certificate.description))
    #expect(certificate.subject.description.contains("\\C2\\85"))
    #expect(certificate.subject.description.contains("\\E2\\80\\AE"))
    let usual = try TestAuthority().issue(names: ["localhost"], subject: "Zoë Ωμέγα Юрий 日本語 \u{1f512}").certificate
    #expect(usual.subject.description == "CN=Zoë Ωμέγα Юрий 日本語 \u{1f512}")
  }

  @Test func `a failed verification names the peer in one printable line`() throws {
    let authority = TestAuthority()
    let identity = authority.issue(names: ["localhost"], subject: subject, validity: .past)
    let failures = try EnginePair.failures(identity: identity) { client, _ in client.trustRoots = [authority.trust] }
    let error = try #require(failures.client)
    #expect(error.code == .certificateRejected)
    #expect(isClean(error.description))
    #expect(error.description.contains("\\E2\\80\\A8"))
    #expect(isClean(try #require(error.verification).description))
  }

  @Test func `warnings and errors of a configuration are printable`() throws {
    let authority = TestAuthority()
    let old = authority.issueIntermediate(name: subject, validity: .past).issue(
      names: ["localhost"], subject: subject, validity: .past)
    let warnings = try TLSContext(.server(old.identity)).warnings
    #expect(warnings.count == 2)
    for warning in warnings { #expect(isClean(warning.description)) }
    #expect(isClean(TLSContext.Warning.expiredIdentity(subject: subject).description))
    let error = thrownError {
      let mismatched = authority.issue(names: ["localhost"], subject: subject, defect: .mismatchedKey)
      _ = try TLSContext(.server(mismatched.identity))
    }
    #expect(isClean(try #require(error).hint))
  }

  @Test func `a path and a name from the configuration are escaped in errors`() throws {
    let error = thrownError { _ = try TLSIdentity(certificateFile: "/no/\(subject)", privateKeyFile: "x") }
    #expect(error?.code == .unreadableFile)
    #expect(isClean(try #require(error).description))
    #expect(try #require(error).openSSLErrors.allSatisfy { isClean($0.description) })
    let unknown = thrownError { _ = try TLSGroup(name: "x\u{2028}y") }
    #expect(isClean(try #require(unknown).description))
  }
}
