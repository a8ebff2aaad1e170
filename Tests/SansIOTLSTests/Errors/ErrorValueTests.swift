import SansIOTLS
import Testing

/// Errors and reports can be created by the tests of an application.
struct ErrorValueTests {
  @Test func `an application's test creates an error of any kind`() {
    let entry = TLSError.OpenSSLEntry(code: 1, library: "SSL routines", reason: "no shared cipher", reasonCode: 193)
    let error = TLSError(
      .certificateRejected, .peer, hint: "not known\u{7}", alertSent: .unknownCA,
      verification: TLSVerificationResult(code: 20, text: "unable to get local issuer certificate", subject: "CN=x"),
      openSSLErrors: [entry])
    #expect(error == TLSError(.certificateRejected, .local, hint: ""))
    #expect(error.hint == "not known\\u{7}")
    #expect(
      error.description
        == "certificateRejected: not known\\u{7}; certificate check: unable to get local issuer certificate "
        + "(20) at depth "
        + "0, CN=x; alert sent: unknown_ca; libssl: SSL routines: no shared cipher (193)")
    #expect(TLSError(.truncated, .peer, hint: "", isMidRecord: true).isMidRecord)
  }

  @Test func `an application's test creates what was negotiated`() {
    let negotiated = TLSEngine.NegotiatedParameters(
      version: .tls13, cipherSuite: .TLS_AES_128_GCM_SHA256, group: .x25519, applicationProtocol: "h2")
    #expect(negotiated.isResumed == false)
    #expect("\(negotiated.version) \(negotiated.cipherSuite)" == "TLSv1.3 TLS_AES_128_GCM_SHA256")
  }
}
