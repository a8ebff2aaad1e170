import SansIOTLSTestKit
import Testing

@Suite(.fewAtATime, .ifItHangs) struct BehaviourTests {
  @Test(arguments: ["1.2", "1.3"])
  func `COMMAND finds the negotiated parameters in its environment`(_ version: String) async throws {
    let clients = TestAuthority(name: "Clients")
    let alice = clients.issue(subject: "Alice", usage: .client)
    let workshop = Workshop()
    workshop.write("clients.pem", clients.rootPEM)
    workshop.write("alice.pem", alice.chainPEM)
    workshop.write("alice.key", alice.privateKeyPEM)
    let handler = workshop.script(
      "handler", "echo \"$TLS_VERSION|$TLS_CIPHER|$TLS_SERVER_NAME|$TLS_ALPN|$TLS_PEER_SUBJECT\"")
    let server = workshop.script(
      "server",
      "exec "
        + workshop.serverCommand(
          "--alpn second,first --require-client-certificate --client-ca \(workshop.file("clients.pem"))",
          command: handler))
    let result = try await Tool.run(
      workshop.clientArguments(
        [
          "--max-version", version, "--alpn", "first", "--client-certificate", workshop.file("alice.pem"),
          "--client-key", workshop.file("alice.key"),
        ], command: [server]))
    #expect(result.exitCode == 0)
    let values = result.text.split(separator: "|", omittingEmptySubsequences: false)
    try #require(values.count == 5)
    #expect(values[0] == "TLSv\(version)")
    #expect(values[1].hasPrefix("TLS_"))
    #expect(values[2] == Workshop.serverName)
    #expect(values[3] == "first")
    #expect(values[4] == "CN=Alice\n")
  }

  /// These variables name the system's authorities for libssl.
  @Test func `without --ca the system's authorities are trusted`() async throws {
    let workshop = Workshop()
    let stranger = workshop.write("stranger.pem", TestAuthority(name: "Stranger").rootPEM)
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "echo served"))
    func client(authorities file: String) async throws -> Tool.Result {
      try await Tool.shell(
        "SSL_CERT_FILE=\(file) SSL_CERT_DIR=/nonexistent exec \(Tool.path) client "
          + "--server-name \(Workshop.serverName) -- \(server)")
    }
    let trusted = try await client(authorities: workshop.file("ca.pem"))
    #expect(trusted.exitCode == 0)
    #expect(trusted.text == "served\n")
    let refused = try await client(authorities: stranger)
    #expect(refused.exitCode == 2)
    #expect(refused.output == [])
    #expect(refused.error.contains("certificateRejected"))
  }

  @Test func `COMMAND inherits no parameter that was not negotiated`() async throws {
    let workshop = Workshop()
    let handler = workshop.script("handler", "echo \"${TLS_ALPN-unset} ${TLS_PEER_SUBJECT-unset}\"")
    let server = workshop.script(
      "server", "export TLS_ALPN=stale TLS_PEER_SUBJECT=stale\nexec " + workshop.serverCommand(command: handler))
    let result = try await Tool.run(workshop.clientArguments(command: [server]))
    #expect(result.text == "unset unset\n")
  }

  @Test(arguments: ["1.2", "1.3"])
  func `a client without a certificate is rejected if one is required`(_ version: String) async throws {
    let workshop = Workshop()
    workshop.write("clients.pem", TestAuthority(name: "Clients").rootPEM)
    let started = workshop.file("started")
    let handler = workshop.script("handler", "echo >\(started)")
    let server = workshop.script(
      "server",
      workshop.serverCommand(
        "--require-client-certificate --client-ca \(workshop.file("clients.pem"))", command: handler)
        + " 2>\(workshop.file("said"))\necho $? >>\(workshop.file("said"))")
    let result = try await Tool.run(workshop.clientArguments(["--max-version", version], command: [server]))
    #expect(result.exitCode == 2)
    #expect(result.error.contains(version == "1.3" ? "certificate_required" : "handshake_failure"))
    #expect(workshop.text("said").hasSuffix("\n2\n"))
    // COMMAND starts after the handshake, which failed.
    #expect(workshop.read("started") == [])
  }

  @Test func `without COMMAND the ciphertext uses descriptors 6 and 7`() async throws {
    let workshop = Workshop()
    let (up, down) = (workshop.file("up"), workshop.file("down"))
    let client = ["client", "--server-name", Workshop.serverName, "--ca", workshop.file("ca.pem")]
    let result = try await Tool.shell(
      """
      mkfifo \(up) \(down)
      \(workshop.serverCommand(command: "tr a-z A-Z")) <\(up) >\(down) &
      \(Tool.path) \(client.joined(separator: " ")) 7>\(up) 6<\(down)
      """, input: Array("through six and seven\n".utf8))
    #expect(result.exitCode == 0)
    #expect(result.text == "THROUGH SIX AND SEVEN\n")
    #expect(result.error == "")
  }

  @Test func `plaintext and ciphertext use the chosen descriptors`() async throws {
    let workshop = Workshop()
    let (up, down) = (workshop.file("up"), workshop.file("down"))
    let client = ["client", "--server-name", Workshop.serverName, "--ca", workshop.file("ca.pem")]
    let server = ["server", "--certificate", workshop.file("chain.pem"), "--private-key", workshop.file("key.pem")]
    let upper = workshop.write("answer", Array("answer".utf8))
    let result = try await Tool.shell(
      """
      mkfifo \(up) \(down)
      exec 5<\(upper) 4>\(workshop.file("got"))
      \(Tool.path) \(server.joined(separator: " ")) --plain-fds 5,4 <\(up) >\(down) &
      \(Tool.path) \(client.joined(separator: " ")) --cipher-fds 8,9 9>\(up) 8<\(down)
      code=$?; wait; exit $code
      """, input: Array("question".utf8))
    #expect(result.exitCode == 0)
    #expect(result.text == "answer")
    #expect(workshop.text("got") == "question")
  }

  @Test func `without certificate verification it warns and continues`() async throws {
    let workshop = Workshop(identity: .server("another.example", defect: .expired))
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat") + " 2>/dev/null")
    let result = try await Tool.run(["client", "--insecure", "--", server], input: [1, 2, 3])
    #expect(result.exitCode == 0)
    #expect(result.output == [1, 2, 3])
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("warning: --insecure"))
  }

  @Test func `the file of the secrets is readable by its owner only`() async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    for _ in 0..<2 {
      let result = try await Tool.run(
        workshop.clientArguments(["--keylog", workshop.file("keys")], command: [server]))
      #expect(result.exitCode == 0)
    }
    let lines = workshop.text("keys").split(separator: "\n")
    for label in ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"] {
      // Appended, not overwritten.
      #expect(lines.count(where: { $0.hasPrefix("\(label) ") }) == 2)
    }
    #expect(workshop.permissions("keys") == 0o600)
  }

  @Test func `statistics report what was negotiated, flights, amounts and endings`() async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let result = try await Tool.run(workshop.clientArguments(["--stats"], command: [server]), input: [1, 2, 3])
    #expect(result.exitCode == 0)
    #expect(result.error.contains("negotiated: TLSv1.3, TLS_"))
    #expect(result.error.contains("handshake flights in bytes: -> "))
    #expect(result.error.contains("plaintext: sent 3 bytes, received 3 bytes"))
    #expect(result.error.contains("closed: this side by close_notify, the peer by close_notify"))
  }

  @Test(arguments: [[], ["--max-version", "1.2"]])
  func `the demonstration ends with matching digests`(_ options: [String]) async throws {
    let workshop = Workshop()
    let file = workshop.write("file", Workshop.noise(3_000_000))
    let result = try await Tool.run(["demo", "--file", file] + options)
    #expect(result.exitCode == 0)
    #expect(result.text.contains("digests match"))
    #expect(result.text.components(of: "closed: this side by close_notify, the peer by close_notify") == 2)
    #expect(result.text.components(of: "negotiated: " + (options.isEmpty ? "TLSv1.3" : "TLSv1.2")) == 2)
    let reference = try await Tool.run("sha256sum", [file]).text.prefix(64)
    #expect(result.text.components(of: String(reference)) == 3)
  }

  @Test func `help shows examples`() async throws {
    for command in ["client", "server", "demo"] {
      let result = try await Tool.run([command, "--help"])
      #expect(result.exitCode == 0)
      #expect(result.text.contains("EXAMPLES"))
    }
  }
}

extension String {
  /// Counts the occurrences of a text.
  fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
