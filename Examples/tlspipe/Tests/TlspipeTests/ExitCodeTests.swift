import SansIOTLSTestKit
import Testing

@Suite(.fewAtATime, .ifItHangs) struct ExitCodeTests {
  // MARK: 0

  @Test(arguments: ["1.2", "1.3"])
  func `a clean close in both directions is 0 without a message`(_ version: String) async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let data = Workshop.noise(1_000_000)
    let client = try await Tool.run(
      workshop.clientArguments(["--max-version", version], command: [server]), input: data)
    #expect(client.exitCode == 0)
    #expect(client.output == data)
    #expect(client.error == "")
  }

  // MARK: 1

  @Test func `a reader of the plaintext that exits is 1`() async throws {
    let workshop = Workshop()
    let big = workshop.write("big", Workshop.noise(2_000_000))
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat \(big)"))
    let arguments = workshop.clientArguments(command: [server]).joined(separator: " ")
    let result = try await Tool.shell(
      "{ \(Tool.path) \(arguments) </dev/null; echo $? >\(workshop.file("code")); } | head -c 1000 | wc -c")
    #expect(result.text.contains("1000"))
    #expect(workshop.text("code") == "1\n")
    #expect(result.error.contains("the reader of the plaintext ended"))
  }

  @Test func `a COMMAND that does not exist is 1 and named`() async throws {
    let workshop = Workshop()
    let result = try await Tool.run(workshop.clientArguments(command: ["/nonexistent/program"]))
    #expect(result.exitCode == 1)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("cannot start /nonexistent/program"))
  }

  @Test(arguments: ["false", "cat /nonexistent", "true"])
  func `a carrier that reaches no peer is 1`(_ carrier: String) async throws {
    let workshop = Workshop()
    let result = try await Tool.run(workshop.clientArguments(command: [workshop.script("carrier", "exec \(carrier)")]))
    #expect(result.exitCode == 1)
    #expect(result.error.contains("before the peer sent anything"))
  }

  // MARK: 2

  /// Runs a client that must reject the server, and returns the messages of both.
  private func refusal(
    _ identity: TestIdentity, name: String = Workshop.serverName, authority: TestAuthority? = nil, version: String
  ) async throws -> (client: Tool.Result, server: String) {
    let workshop = Workshop(identity: identity)
    if let authority { workshop.write("ca.pem", authority.rootPEM) }
    let server = workshop.script(
      "server",
      workshop.serverCommand(command: "cat") + " 2>\(workshop.file("said"))\necho $? >>\(workshop.file("said"))")
    let client = try await Tool.run(
      workshop.clientArguments(["--max-version", version], name: name, command: [server]), input: [1, 2, 3])
    return (client, workshop.text("said"))
  }

  private func expectRefusal(
    _ result: (client: Tool.Result, server: String), check: String, alert: String
  ) {
    #expect(result.client.exitCode == 2)
    #expect(result.client.output == [])
    #expect(result.client.errorLines.count == 1)
    #expect(result.client.error.contains("certificateRejected"))
    #expect(result.client.error.contains(check))
    #expect(result.client.error.contains("alert sent: \(alert)"))
    // The alert was sent: the server names it, and fails with the same code.
    #expect(result.server.contains("alert received: \(alert)"))
    #expect(result.server.hasSuffix("\n2\n"))
  }

  @Test(arguments: ["1.2", "1.3"])
  func `a wrong CA is 2`(_ version: String) async throws {
    let result = try await refusal(
      .server(Workshop.serverName), authority: TestAuthority(name: "Another CA"), version: version)
    expectRefusal(result, check: "unable to get local issuer certificate (20)", alert: "unknown_ca")
  }

  @Test(arguments: ["1.2", "1.3"])
  func `a wrong name is 2`(_ version: String) async throws {
    let result = try await refusal(.server(Workshop.serverName), name: "another.example", version: version)
    // libssl sends bad_certificate for a mismatched name.
    expectRefusal(result, check: "hostname mismatch (62)", alert: "bad_certificate")
  }

  @Test(arguments: ["1.2", "1.3"])
  func `an expired certificate is 2`(_ version: String) async throws {
    let result = try await refusal(.server(Workshop.serverName, defect: .expired), version: version)
    expectRefusal(result, check: "certificate has expired (10)", alert: "certificate_expired")
  }

  @Test func `a server that speaks HTTP in plaintext is 2`() async throws {
    let workshop = Workshop()
    let peer = workshop.script("peer", "printf 'HTTP/1.1 400 Bad Request\\r\\n\\r\\n'; cat >/dev/null")
    let result = try await Tool.run(workshop.clientArguments(command: [peer]))
    #expect(result.exitCode == 2)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("notTLS"))
    #expect(result.error.contains("HTTP"))
  }

  @Test func `a client that speaks HTTP in plaintext is 2`() async throws {
    let workshop = Workshop()
    let result = try await Tool.shell(
      workshop.serverCommand(command: "cat"), input: Array("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n".utf8))
    #expect(result.exitCode == 2)
    #expect(result.output == [])
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("notTLS"))
    #expect(result.error.contains("HTTP"))
  }

  @Test func `a server that sends noise is 2`() async throws {
    let workshop = Workshop()
    let garbage = workshop.write("garbage", Workshop.noise(5000))
    let peer = workshop.script("peer", "cat \(garbage); cat >/dev/null")
    let result = try await Tool.run(workshop.clientArguments(command: [peer]))
    #expect(result.exitCode == 2)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("notTLS"))
    #expect(!result.error.contains("HTTP"))
  }

  @Test func `a client that sends noise is 2`() async throws {
    let workshop = Workshop()
    let result = try await Tool.shell(workshop.serverCommand(command: "cat"), input: Workshop.noise(5000))
    #expect(result.exitCode == 2)
    #expect(result.errorLines.count == 1)
    #expect(!result.error.contains("HTTP"))
  }

  @Test(arguments: ["1.2", "1.3"])
  func `a forged record is 2, an alert is sent, and the data before it is delivered`(_ version: String) async throws {
    let workshop = Workshop()
    let data = Workshop.noise(2_000_000)
    let big = workshop.write("big", data)
    let garbage = workshop.write("garbage", Workshop.noise(20_000))
    let server = workshop.serverCommand(command: "cat \(big)") + " 2>\(workshop.file("said"))"
    // Other bytes replace the rest of a record.
    let peer = workshop.script("peer", "\(server) | python3 \(Tool.peers)/cut.py 50000 \(garbage)")
    let client = workshop.clientArguments(["--max-version", version], command: [peer]).joined(separator: " ")
    // The client's input stays open: after its own close_notify no alert could be sent.
    let input = workshop.file("input")
    let result = try await Tool.shell("mkfifo \(input); exec 3<>\(input); \(Tool.path) \(client) <\(input)")
    #expect(result.exitCode == 2)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("alert sent: bad_record_mac"))
    #expect(workshop.text("said").contains("alert received: bad_record_mac"))
    #expect(result.output.count > 50_000 - 16_384 - 8192)
    #expect(result.output == Array(data[..<result.output.count]))
  }

  @Test func `a configuration that libssl refuses is 2`() async throws {
    let workshop = Workshop()
    workshop.write("key.pem", TestIdentity.server("another.example").privateKeyPEM)
    let result = try await Tool.shell(workshop.serverCommand(command: "cat"))
    #expect(result.exitCode == 2)
    #expect(result.error.contains("keyDoesNotMatchCertificate"))
  }

  // MARK: 3

  @Test func `a peer that ends during the handshake is 3`() async throws {
    let workshop = Workshop()
    let server = workshop.serverCommand(command: "cat") + " 2>/dev/null"
    // The shell must not remain: it would keep the pipe to the client open.
    let flight = workshop.file("flight")
    let peer = workshop.script(
      "peer",
      "mkfifo \(flight); exec 3<&0; \(server) <&3 >\(flight) & exec python3 \(Tool.peers)/cut.py 300 <\(flight)")
    let result = try await Tool.run(workshop.clientArguments(command: [peer]))
    #expect(result.exitCode == 3)
    #expect(result.output == [])
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("handshake"))
  }

  @Test(arguments: ["1.2", "1.3"])
  func `a truncated transport is 3, and the data before is delivered`(_ version: String) async throws {
    let workshop = Workshop()
    let data = Workshop.noise(2_000_000)
    let big = workshop.write("big", data)
    let server = workshop.serverCommand(command: "cat \(big)") + " 2>/dev/null"
    let peer = workshop.script("peer", "\(server) | python3 \(Tool.peers)/cut.py 700000")
    let result = try await Tool.run(workshop.clientArguments(["--max-version", version], command: [peer]))
    #expect(result.exitCode == 3)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("\(result.output.count) bytes received before were delivered"))
    // Whole records before the cut: only handshake, overhead and less than one record are missing.
    #expect(result.output.count > 700_000 - 16_384 - 8192)
    #expect(result.output == Array(data[..<result.output.count]))
  }

  // MARK: 64

  @Test(arguments: [
    [], ["nonsense"], ["client", "--no-such-option"], ["client", "--", "cat"],
    ["client", "--server-name", "a.example", "--cipher-fds", "6", "--", "cat"],
    ["client", "--server-name", "a.example", "--cipher-fds", "6,7", "--", "cat"],
    ["client", "--server-name", "a.example", "--max-version", "1.1", "--", "cat"],
    ["client", "--server-name", "a.example", "--client-key", "key.pem", "--", "cat"],
    ["client", "--server-name", "a.example", "--min-version", "1.3", "--max-version", "1.2", "--", "cat"],
    ["client", "--server-name", "a.example", "--ca", "/nonexistent/ca.pem", "--", "cat"],
    ["client", "--server-name", "a.example"],
    ["server", "--certificate", "a.pem", "--", "cat"],
    ["server", "--certificate", "a.pem", "--private-key", "b.pem"],
    ["server", "--certificate", "a.pem", "--private-key", "b.pem", "--plain-fds", "6,7", "--", "cat"],
    ["server", "--certificate", "/nonexistent/a.pem", "--private-key", "b.pem", "--", "cat"],
    ["server", "--certificate", "a.pem", "--private-key", "b.pem", "--require-client-certificate", "--", "cat"],
    ["demo", "--file", "/nonexistent/file"],
  ])
  func `an invalid command line is 64`(_ arguments: [String]) async throws {
    let result = try await Tool.run(arguments)
    #expect(result.exitCode == (arguments.isEmpty ? 0 : 64))
    #expect(arguments.isEmpty || !result.error.isEmpty)
  }
}
