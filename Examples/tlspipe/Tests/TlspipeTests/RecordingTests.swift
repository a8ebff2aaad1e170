import SansIOTLSTestKit
import Testing

/// The options `--ladder` and `--capture`.
@Suite(.fewAtATime, .ifItHangs) struct RecordingTests {
  private static let request = "GET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n"

  /// A server that answers an HTTP request.
  private func handler(_ workshop: Workshop) -> String {
    workshop.script("handler", "printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi'; cat >/dev/null")
  }

  /// The output of tshark for a file, without any other file.
  private func tshark(_ file: String, _ arguments: String...) async throws -> String {
    let result = try await Tool.run("tshark", ["-n", "-r", file] + arguments)
    #expect(result.exitCode == 0, "\(result.error)")
    return result.text
  }

  // MARK: Ladder

  @Test(arguments: ["1.2", "1.3"])
  func `a ladder is written to standard error at the end`(_ version: String) async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let result = try await Tool.run(
      workshop.clientArguments(["--ladder", "--max-version", version], command: [server]), input: [1, 2, 3])
    #expect(result.exitCode == 0)
    #expect(result.output == [1, 2, 3])
    for word in ["ClientHello", "ServerHello", "Certificate", "Finished", "application_data", "close_notify"] {
      #expect(result.error.contains(word))
    }
    #expect(result.errorLines.allSatisfy { $0.count <= 100 })
  }

  @Test func `the name of a ladder's file selects its format`() async throws {
    let workshop = Workshop()
    let server = workshop.script(
      "server", "exec " + workshop.serverCommand("--ladder \(workshop.file("server.txt"))", command: "cat"))
    let result = try await Tool.run(
      workshop.clientArguments(["--ladder", workshop.file("client.svg")], command: [server]), input: [1, 2, 3])
    #expect(result.exitCode == 0)
    #expect(result.error == "")
    #expect(workshop.text("client.svg").contains("<svg "))
    #expect(workshop.text("client.svg").contains("ClientHello"))
    #expect(workshop.text("server.txt").contains("ClientHello"))
    #expect(!workshop.text("server.txt").contains("<svg "))
  }

  @Test func `a failed connection has a ladder too`() async throws {
    let workshop = Workshop(identity: .server("another.example"))
    let said = workshop.file("said")
    let server = workshop.script("server", workshop.serverCommand("--ladder", command: "cat") + " 2>\(said)")
    let result = try await Tool.run(workshop.clientArguments(["--ladder"], command: [server]))
    #expect(result.exitCode == 2)
    for text in [result.error, workshop.text("said")] {
      #expect(text.contains("ClientHello"))
      #expect(text.contains("alert bad_certificate"))
    }
    // The last line has the error and its remedy, with and without a ladder.
    #expect(result.errorLines.last?.hasPrefix("tlspipe: ") == true)
  }

  @Test func `the demonstration shows its ladder`() async throws {
    let workshop = Workshop()
    let file = workshop.write("file", Workshop.noise(5_000_000))
    let result = try await Tool.run(["demo", "--file", file])
    #expect(result.exitCode == 0)
    #expect(result.text.contains("ClientHello"))
    #expect(result.text.contains("close_notify"))
    #expect(result.text.split(separator: "\n").count < 100)
  }

  // MARK: Capture

  @Test(arguments: ["1.2", "1.3"], ["client", "server"])
  func `a capture is decrypted without another file`(_ version: String, _ side: String) async throws {
    let workshop = Workshop()
    let file = workshop.file("connection.pcapng")
    let options = ["--capture", file]
    let server = workshop.script(
      "server",
      "exec "
        + workshop.serverCommand(
          side == "server" ? options.joined(separator: " ") : "", command: handler(workshop)))
    let result = try await Tool.run(
      workshop.clientArguments(["--max-version", version] + (side == "client" ? options : []), command: [server]),
      input: Array(Self.request.utf8))
    #expect(result.exitCode == 0)
    #expect(result.text.hasSuffix("hi"))
    #expect(try await tshark(file, "-Y", "http.request", "-T", "fields", "-e", "http.request.uri") == "/secret\n")
    #expect(try await tshark(file, "-Y", "http.response", "-T", "fields", "-e", "http.response.code") == "200\n")
    #expect(try await tshark(file, "-Y", "tcp.analysis.flags") == "")
    let alerts = try await tshark(file, "-Y", "tls.alert_message.desc == 0", "-T", "fields", "-e", "tcp.srcport")
    #expect(alerts.split(separator: "\n").sorted() == ["443", "49152"])
  }

  @Test(arguments: [nil, "already there"])
  func `a capture is readable by its owner only, and a message says so`(_ content: String?) async throws {
    let workshop = Workshop()
    if let content { workshop.write("capture", Array(content.utf8), mode: 0o644) }
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let result = try await Tool.run(
      workshop.clientArguments(["--capture", workshop.file("capture")], command: [server]), input: [1])
    #expect(result.exitCode == 0)
    #expect(workshop.permissions("capture") == 0o600)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("warning: --capture writes secrets"))
    #expect(result.error.contains(workshop.file("capture")))
  }

  @Test func `the capture of a failed connection contains its alert`() async throws {
    let workshop = Workshop(identity: .server("another.example"))
    let file = workshop.file("connection.pcapng")
    let server = workshop.script(
      "server", workshop.serverCommand("--capture \(file)", command: "cat") + " 2>/dev/null")
    let result = try await Tool.run(workshop.clientArguments(command: [server]))
    #expect(result.exitCode == 2)
    #expect(try await tshark(file, "-Y", "tls.alert_message", "-T", "fields", "-e", "tls.alert_message.desc") == "42\n")
  }

  @Test func `large data is captured during the transfer`() async throws {
    let workshop = Workshop()
    let data = Workshop.noise(20_000_000)
    let file = workshop.file("connection.pcapng")
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let result = try await Tool.run(workshop.clientArguments(["--capture", file], command: [server]), input: data)
    // Compared outside the macro, which would compute the difference byte by byte.
    let isIntact = result.output == data
    #expect(isIntact)
    let sizes = try await tshark(file, "-Y", "tcp.len > 0", "-T", "fields", "-e", "tcp.len").split(separator: "\n")
    #expect(sizes.reduce(0) { $0 + Int($1)! } > 40_000_000)
    #expect(try await tshark(file, "-Y", "tcp.analysis.flags") == "")
  }

  @Test func `a capture that cannot be opened ends the run before the connection`() async throws {
    let workshop = Workshop()
    let started = workshop.file("started")
    let server = workshop.script("server", "echo >\(started)")
    for option in ["--capture", "--ladder"] {
      let result = try await Tool.run(
        workshop.clientArguments([option, workshop.file("missing/file")], command: [server]))
      #expect(result.exitCode == 64)
      #expect(result.error.contains("cannot write"))
    }
    #expect(workshop.read("started") == [])
  }

  @Test(arguments: ["full", "gone"])
  func `a capture that cannot be continued does not end the connection`(_ kind: String) async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let reader = workshop.file("reader")
    let data = Workshop.noise(1_000_000)
    let client = workshop.clientArguments(["--capture", kind == "full" ? "/dev/full" : reader], command: [server])
    let beginning = kind == "full" ? "" : "mkfifo \(reader); head -c 100 \(reader) >/dev/null &"
    let result = try await Tool.shell(
      """
      \(beginning)
      exec \(Tool.path) \(client.joined(separator: " "))
      """, input: data)
    #expect(result.exitCode == 0)
    // Compared outside the macro, which would compute the difference byte by byte.
    let isIntact = result.output == data
    #expect(isIntact)
    #expect(result.errorLines.count == 2)
    #expect(result.error.contains("the capture ends here"))
  }

  @Test func `both options and the key log can be combined`() async throws {
    let workshop = Workshop()
    let file = workshop.file("connection.pcapng")
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: handler(workshop)))
    let result = try await Tool.run(
      workshop.clientArguments(["--ladder", "--keylog", workshop.file("keys"), "--capture", file], command: [server]),
      input: Array(Self.request.utf8))
    #expect(result.exitCode == 0)
    #expect(result.error.contains("ClientHello"))
    #expect(workshop.text("keys").contains("CLIENT_TRAFFIC_SECRET_0 "))
    #expect(try await tshark(file, "-Y", "http.request", "-T", "fields", "-e", "http.request.uri") == "/secret\n")
  }
}
