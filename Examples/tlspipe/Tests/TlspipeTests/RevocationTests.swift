import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Staples, CRLs and pins, with the programs of OpenSSL and curl as judges and as peers.
@Suite(.fewAtATime, .ifItHangs) struct RevocationTests {
  private static let issuer = TestAuthority().issueIntermediate()

  /// A staple, and the judgement of those who look at it: curl's exit code, and the code of our client.
  struct Judgement: CustomTestStringConvertible, Sendable {
    let kind: TestIdentity.StapleKind?
    /// A text that `openssl s_client -status` prints; it does not verify.
    let printed: String
    let curl: Int32
    let ours: String?
    var testDescription: String { kind.map { "\($0)" } ?? "missing" }
  }

  private static let invalidStatus: Int32 = 91

  static let judgements: [Judgement] = [
    Judgement(kind: .good, printed: "Cert Status: good", curl: 0, ours: nil),
    Judgement(kind: .goodByResponder, printed: "Cert Status: good", curl: 0, ours: nil),
    Judgement(kind: .revoked, printed: "Cert Status: revoked", curl: invalidStatus, ours: "certificateRevoked"),
    Judgement(kind: .unknown, printed: "Cert Status: unknown", curl: invalidStatus, ours: "certificateStatusUnknown"),
    Judgement(kind: .expired, printed: "Cert Status: good", curl: invalidStatus, ours: "stapleExpired"),
    Judgement(kind: .notYetValid, printed: "Cert Status: good", curl: invalidStatus, ours: "stapleNotYetValid"),
    Judgement(kind: .wrongSigner, printed: "Cert Status: good", curl: invalidStatus, ours: "stapleUntrusted"),
    Judgement(kind: .unauthorisedResponder, printed: "Cert Status: good", curl: invalidStatus, ours: "stapleUntrusted"),
    Judgement(
      kind: .anotherCertificate, printed: "Cert Status: good", curl: invalidStatus, ours: "stapleOfAnotherCertificate"),
    Judgement(kind: nil, printed: "no response sent", curl: invalidStatus, ours: "stapleMissing"),
  ]

  private static func workshop(_ kind: TestIdentity.StapleKind?) -> Workshop {
    let workshop = Workshop(identity: issuer.issue(names: [Workshop.serverName]))
    if let kind { workshop.write("staple.der", workshop.identity.staple(kind)) }
    return workshop
  }

  @Test(arguments: judgements)
  func `our server's staple is judged by s_client and curl`(judgement: Judgement) async throws {
    let workshop = Self.workshop(judgement.kind)
    let handler = workshop.script(
      "handler",
      """
      while read -r line && [ "$line" != "$(printf '\\r')" ]; do :; done
      printf 'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\nhello'
      """)
    let option = judgement.kind == nil ? "" : "--ocsp \(workshop.file("staple.der"))"
    let server = workshop.script(
      "server", "exec " + workshop.serverCommand(option, command: handler) + " 2>>\(workshop.file("said"))")
    for version in ["1.2", "1.3"] {
      let (printed, curl) = try await Listener.socat(script: server) { port in
        let printed = try await Tool.run(
          "openssl",
          [
            "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", workshop.file("ca.pem"), "-status", "-servername",
            Workshop.serverName, version == "1.2" ? "-tls1_2" : "-tls1_3",
          ], input: Array("GET / HTTP/1.0\r\n\r\n".utf8))
        let curl = try await Tool.run(
          "curl",
          [
            "-sS", "--noproxy", "*", "--cacert", workshop.file("ca.pem"), "--cert-status", "--tls-max", version,
            "--connect-to", "\(Workshop.serverName):443:127.0.0.1:\(port)", "https://\(Workshop.serverName)/",
          ])
        return (printed, curl)
      }
      #expect(printed.text.contains(judgement.printed), "\(printed.text)")
      #expect(curl.exitCode == judgement.curl, "\(curl.error)")
      #expect(curl.text == (judgement.curl == 0 ? "hello" : ""))
    }
  }

  @Test(arguments: judgements)
  func `our client judges the staple of s_server`(judgement: Judgement) async throws {
    let workshop = Self.workshop(judgement.kind)
    let arguments =
      ["-cert", workshop.file("chain.pem"), "-cert_chain", workshop.file("chain.pem")]
      + ["-key", workshop.file("key.pem"), "-rev"]
      + (judgement.kind == nil ? [] : ["-status_file", workshop.file("staple.der")])
    for version in ["1.2", "1.3"] {
      let result = try await Listener.opensslServer(arguments) { port in
        try await Tool.run(
          workshop.clientArguments(
            ["--ocsp", "require", "--min-version", version, "--max-version", version, "--verbose"],
            command: ["socat", "-", "TCP:127.0.0.1:\(port)"]), input: Array("hello\n".utf8))
      }
      #expect(result.exitCode == (judgement.ours == nil ? 0 : 2), "\(result.error)")
      #expect(result.text == (judgement.ours == nil ? "olleh\n" : ""))
      if let code = judgement.ours {
        #expect(result.error.contains("(\(code))"), "\(result.error)")
        #expect(result.error.contains("alert sent: bad_certificate_status_response"), "\(result.error)")
      } else {
        #expect(result.error.contains("OCSP staple: good"), "\(result.error)")
      }
    }
  }

  @Test func `s_server learns of a bad staple by its alert`() async throws {
    let workshop = Self.workshop(.revoked)
    let said = workshop.file("said")
    let server = workshop.script(
      "server",
      "exec " + workshop.serverCommand("--ocsp \(workshop.file("staple.der"))", command: "cat") + " 2>>\(said)")
    let result = try await Tool.run(
      workshop.clientArguments(["--ocsp", "request"], command: [server]), input: Array("hello\n".utf8))
    #expect(result.exitCode == 2)
    #expect(workshop.text("said").contains("alert received: bad_certificate_status_response"))
  }

  @Test func `a client checks CRLs and pins of s_server`() async throws {
    let workshop = Self.workshop(nil)
    let identity = workshop.identity
    let week = TestIdentity.Validity(notBefore: 1_500_000_000, notAfter: 1_600_000_000)
    workshop.write("good.crl", Self.issuer.revocationListPEM())
    workshop.write("bad.crl", Self.issuer.revocationListDER(revoking: [identity.certificateDER]))
    workshop.write("old.crl", Self.issuer.revocationListPEM(validity: week))
    let own = try await Tool.shell(
      "openssl x509 -in \(workshop.file("chain.pem")) -pubkey -noout | openssl pkey -pubin -outform der "
        + "| openssl dgst -sha256 -binary | base64")
    let pin = String(own.text.prefix(44))
    #expect(try TLSPublicKeyPin(pin) == TLSPublicKeyPin(of: identity.certificate))
    let other = TLSPublicKeyPin(of: try TestAuthority().certificate).description
    let cases: [(options: [String], code: String?)] = [
      (["--crl", "good.crl"], nil), (["--crl", "bad.crl"], "certificateRevoked"),
      (["--crl", "old.crl"], "revocationListExpired"), (["--crl", "good.crl", "--crl-chain"], "revocationListMissing"),
      (["--pin", pin], nil), (["--pin", other, "--pin", pin], nil), (["--pin", other], "pinMismatch"),
    ]
    let arguments =
      ["-cert", workshop.file("chain.pem"), "-cert_chain", workshop.file("chain.pem")]
      + ["-key", workshop.file("key.pem"), "-rev"]
    try await Listener.opensslServer(arguments) { port in
      for (options, code) in cases {
        let options = options.map { $0.hasSuffix(".crl") ? workshop.file($0) : $0 }
        let result = try await Tool.run(
          workshop.clientArguments(options, command: ["socat", "-", "TCP:127.0.0.1:\(port)"]),
          input: Array("hello\n".utf8))
        #expect(result.exitCode == (code == nil ? 0 : 2), "\(options): \(result.error)")
        if let code { #expect(result.error.contains("(\(code))"), "\(result.error)") }
        #expect(result.error.contains("is the only pinned key") == (options.count == 2 && options[0] == "--pin"))
      }
    }
  }

  @Test func `options without effect are usage errors`() async throws {
    let workshop = Self.workshop(nil)
    for options in [["--pin", "abc"], ["--crl-chain"], ["--insecure", "--ocsp", "request"]] {
      let result = try await Tool.run(["client", "--server-name", "a.example"] + options + ["--", "true"])
      #expect(result.exitCode == 64, "\(options)")
    }
    let missing = try await Tool.run(
      workshop.clientArguments(["--crl", workshop.file("none.crl")], command: ["true"]))
    #expect(missing.exitCode == 64)
    #expect(missing.error.contains("--crl \(workshop.file("none.crl"))"))
    let empty = try await Tool.run(
      workshop.clientArguments(["--crl", workshop.file("ca.pem")], command: ["true"]))
    #expect(empty.exitCode == 2)
    #expect(empty.error.contains("invalidRevocationList"))
  }
}
