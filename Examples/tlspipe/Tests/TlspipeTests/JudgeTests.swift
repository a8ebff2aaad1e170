import SansIOTLSTestKit
import Subprocess
import Testing

/// The program of `server --judge`, and the alerts that other implementations report.
@Suite(.fewAtATime, .ifItHangs) struct JudgeTests {
  /// A workshop with a client's identity, and a server whose judge is a script.
  private struct Court {
    let workshop = Workshop()
    let server: String

    /// - Parameters:
    ///   - judge: the script.
    ///   - options: more options of the server.
    init(_ judge: String, _ options: String = "", command: String = "read line; echo \"got $line\"") {
      let alice = TestIdentity.client("Alice")
      workshop.write("client.pem", alice.chainPEM)
      workshop.write("client.key", alice.privateKeyPEM)
      workshop.write("clients.pem", alice.authority.rootPEM)
      let judge = workshop.script("judge", judge)
      let handler = workshop.script("handler", command)
      server = workshop.script(
        "server",
        "exec "
          + workshop.serverCommand(
            "--require-client-certificate --ca \(workshop.file("clients.pem")) --judge \(judge) \(options)",
            command: handler) + " 2>>\(workshop.file("said"))")
    }

    func openssl(_ version: String) async throws -> Tool.Result {
      try await Listener.socat(script: server) { port in
        try await Tool.run(
          "/bin/sh",
          [
            "-c",
            "(sleep 5 & echo hello; wait) | openssl s_client -connect 127.0.0.1:\(port) -CAfile "
              + "\(workshop.file("ca.pem")) -servername \(Workshop.serverName) -cert \(workshop.file("client.pem")) "
              + "-key \(workshop.file("client.key")) -ign_eof \(version == "1.2" ? "-tls1_2" : "-tls1_3")",
          ])
      }
    }
  }

  private static let versions = ["1.2", "1.3"]

  @Test(arguments: versions)
  func `a client is served if the judge exits with 0, which knows the chain and the facts`(
    version: String
  ) async throws {
    let workshop = Workshop()
    let notes = workshop.file("notes")
    let court = Court(
      "cat >\(notes)\necho \"$TLS_PEER_SUBJECT|$TLS_PEER_VERIFICATION|$TLS_SERVER_NAME\" >>\(notes)\nexit 0")
    let result = try await court.openssl(version)
    #expect(result.text.contains("got hello"))
    let text = workshop.text("notes")
    #expect(text.hasPrefix(court.workshop.text("client.pem")))
    #expect(text.hasSuffix("CN=Alice|ok|\(Workshop.serverName)\n"))
  }

  /// The numbers of access_denied, certificate_revoked, unknown_ca and certificate_required.
  @Test(arguments: versions, [49, 44, 48])
  func `openssl s_client reports the alert of a refusal a second later`(version: String, alert: Int) async throws {
    let court = Court("sleep 1; exit \(alert)")
    let result = try await court.openssl(version)
    #expect(result.error.contains("SSL alert number \(alert)"))
    #expect(!result.text.contains("got hello"))
  }

  @Test(arguments: versions)
  func `curl, Python, gnutls-cli and Node report the alert of a refusal a second later`(version: String) async throws {
    let court = Court("sleep 1; exit 49")
    let files = ["client.pem", "client.key", "ca.pem"].map(court.workshop.file)
    try await Listener.socat(script: court.server) { port in
      let curl = try await Tool.run(
        "curl",
        [
          "-sS", "--noproxy", "*", "--cacert", files[2], "--cert", files[0], "--key", files[1], "--tlsv\(version)",
          "--tls-max", version, "--connect-to", "\(Workshop.serverName):443:127.0.0.1:\(port)",
          "https://\(Workshop.serverName)/",
        ])
      #expect(curl.error.contains("access denied"), "\(curl.error)")
      let python = try await Tool.run(
        "python3", ["\(Tool.peers)/refused.py", "\(port)", Workshop.serverName, version] + files)
      #expect(python.text.uppercased().contains("ACCESS_DENIED"), "\(python.text) \(python.error)")
      let priority = "NORMAL:-VERS-ALL:+VERS-TLS\(version)"
      let gnutls = try await Tool.shell(
        "(sleep 3 & echo hello; wait) | gnutls-cli --priority '\(priority)' --x509cafile \(files[2]) --x509certfile "
          + "\(files[0]) --x509keyfile \(files[1]) --sni-hostname \(Workshop.serverName) --verify-hostname "
          + "\(Workshop.serverName) -p \(port) 127.0.0.1 2>&1")
      #expect(gnutls.text.contains("Access was denied"), "\(gnutls.text)")
      let node = try await Tool.run(
        "node", ["\(Tool.peers)/refused.js", "\(port)", Workshop.serverName, version] + files)
      #expect(
        node.text.contains("alert number 49") || node.text.contains("access denied"), "\(node.text) \(node.error)")
    }
  }

  @Test(arguments: versions)
  func `a judge that takes too long is killed, and the client is refused`(version: String) async throws {
    let court = Court("sleep 600", "--judge-timeout 0.3")
    let result = try await court.openssl(version)
    #expect(result.error.contains("SSL alert number 49"))
    #expect(court.workshop.text("said").contains("it took more than"))
  }

  @Test func `a judge that cannot be run, or fails without an alert, refuses the client`() async throws {
    for judge in ["exit 1", "kill -9 $$", "exec /nonexistent"] {
      let result = try await Court(judge).openssl("1.3")
      #expect(result.error.contains("SSL alert number 49"), "\(judge)")
    }
  }

  @Test func `a judge without client certificates is a usage error`() async throws {
    let workshop = Workshop()
    let result = try await Tool.run(
      [
        "server", "--certificate", workshop.file("chain.pem"), "--private-key", workshop.file("key.pem"), "--judge",
        "true", "--", "cat",
      ])
    #expect(result.exitCode == 64)
    #expect(result.error.contains("--judge"))
  }
}
