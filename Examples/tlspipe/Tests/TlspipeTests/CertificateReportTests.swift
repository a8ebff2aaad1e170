import SansIOTLSTestKit
import Testing

@testable import tlspipe

@Suite(.fewAtATime, .ifItHangs) struct CertificateReportTests {
  @Test(arguments: ["1.2", "1.3"])
  func `the verified chain is shown, down to the authority`(_ version: String) async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "true"))
    let result = try await Tool.run(
      workshop.clientArguments(
        ["--show-certificates", "--min-version", version, "--max-version", version], command: [server]))
    #expect(result.exitCode == 0)
    let lines = result.error.split(separator: "\n")
    #expect(lines.first == "the verified chain:")
    #expect(lines.contains("0: CN=\(Workshop.serverName)"))
    #expect(lines.contains { $0.hasPrefix("   names       DNS:\(Workshop.serverName)") })
    #expect(lines.contains("   key         EC secp256r1, 256 bits"))
    #expect(lines.contains("   authority   yes"))
    #expect(lines.last == "the name that matched: \(Workshop.serverName)")
    // The pin as the openssl command computes it.
    let pin = try await Tool.shell(
      "openssl x509 -in \(workshop.file("chain.pem")) -noout -pubkey | openssl pkey -pubin -outform DER "
        + "| openssl dgst -sha256 -binary | openssl base64")
    #expect(lines.contains("   pin         sha256/\(pin.text.dropLast())"))
  }

  @Test func `a server shows its client's chain, and certificates that were not verified are called so`() async throws {
    let clients = TestAuthority(name: "Clients")
    let alice = clients.issue(subject: "Alice\u{1b}[1m", usage: .client)
    let workshop = Workshop()
    workshop.write("clients.pem", clients.rootPEM)
    workshop.write("alice.pem", alice.chainPEM)
    workshop.write("alice.key", alice.privateKeyPEM)
    let server = workshop.script(
      "server",
      "exec "
        + workshop.serverCommand(
          "--show-certificates --require-client-certificate --ca \(workshop.file("clients.pem"))", command: "true")
        + " 2>\(workshop.file("report"))")
    let result = try await Tool.run([
      "client", "--server-name", Workshop.serverName, "--insecure", "--show-certificates", "--certificate",
      workshop.file("alice.pem"), "--private-key", workshop.file("alice.key"), "--", server,
    ])
    #expect(result.exitCode == 0)
    #expect(result.error.contains("the peer's certificates, which were not verified:\n0: CN=\(Workshop.serverName)\n"))
    #expect(workshop.text("report").contains("the verified chain:\n0: CN=Alice\\1B[1m\n"))
    #expect(workshop.text("report").contains("1: CN=Clients\n"))
  }

  @Test(
    arguments: [
      (0, "1970-01-01 00:00:00 UTC"), (-1, "1969-12-31 23:59:59 UTC"), (951_827_696, "2000-02-29 12:34:56 UTC"),
      (2_147_483_648, "2038-01-19 03:14:08 UTC"), (4_102_444_799, "2099-12-31 23:59:59 UTC"),
      (253_402_300_799, "9999-12-31 23:59:59 UTC"), (-62_167_219_200, "0000-01-01 00:00:00 UTC"),
    ] as [(Int64, String)])
  func `a time is written in UTC`(seconds: Int64, text: String) {
    #expect(CertificateReport.time(seconds) == text)
  }
}
