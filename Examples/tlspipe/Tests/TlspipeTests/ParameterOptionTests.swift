import SansIOTLSTestKit
import Testing

/// --groups, --ciphers, --cipher-suites, --security-level and --export.
@Suite(.fewAtATime, .ifItHangs) struct ParameterOptionTests {
  private func connect(_ workshop: Workshop, client: [String], server: String = "") async throws -> (
    client: Tool.Result, server: String
  ) {
    let script = workshop.script(
      "server", "exec " + workshop.serverCommand(server, command: "cat") + " 2>>\(workshop.file("said"))")
    let result = try await Listener.socat(script: script) { port in
      try await Tool.run(
        workshop.clientArguments(client, command: ["socat", "-", "TCP:127.0.0.1:\(port)"]),
        input: Array("hello\n".utf8))
    }
    return (result, workshop.text("said"))
  }

  @Test func `groups and suites of TLS 1.3 are those that are named`() async throws {
    let result = try await connect(
      Workshop(),
      client: [
        "--groups", "secp384r1", "--cipher-suites", "TLS_AES_128_GCM_SHA256", "--verbose",
      ])
    #expect(result.client.exitCode == 0, "\(result.client.error)")
    #expect(result.client.error.contains("TLSv1.3, TLS_AES_128_GCM_SHA256, group secp384r1"))
  }

  @Test func `suites of TLS 1.2 are those that are named`() async throws {
    let result = try await connect(
      Workshop(), client: ["--max-version", "1.2", "--ciphers", "ECDHE-ECDSA-CHACHA20-POLY1305", "--verbose"])
    #expect(result.client.exitCode == 0, "\(result.client.error)")
    #expect(result.client.error.contains("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"))
  }

  @Test func `a security level is in effect`() async throws {
    let result = try await connect(Workshop(), client: ["--security-level", "4"])
    #expect(result.client.exitCode == 2)
    #expect(result.client.error.contains("("), "\(result.client.error)")
  }

  @Test func `both sides export the same`() async throws {
    let result = try await connect(
      Workshop(), client: ["--export", "EXPORTER-test"], server: "--export EXPORTER-test")
    #expect(result.client.exitCode == 0)
    let line = result.client.error.split(separator: "\n").first { $0.hasPrefix("exported EXPORTER-test: ") }
    #expect(try #require(line).count == "exported EXPORTER-test: ".count + 64)
    #expect(result.server.contains(try #require(line)))
  }

  @Test(arguments: [
    ("1.2", "tls-unique"), ("1.2", "tls-exporter"), ("1.3", "tls-exporter"), ("1.3", "tls-server-end-point"),
  ])
  func `both sides have the same channel binding`(version: String, type: String) async throws {
    let result = try await connect(
      Workshop(), client: ["--max-version", version, "--channel-binding", type], server: "--channel-binding \(type)")
    #expect(result.client.exitCode == 0)
    let line = result.client.error.split(separator: "\n").first { $0.hasPrefix("channel binding \(type): ") }
    #expect(result.server.contains(try #require(line)))
  }

  @Test func `a channel binding that does not exist is reported, and the connection continues`() async throws {
    let result = try await connect(Workshop(), client: ["--min-version", "1.3", "--channel-binding", "tls-unique"])
    #expect(result.client.exitCode == 0)
    #expect(result.client.text == "hello\n")
    #expect(result.client.error.contains("--channel-binding tls-unique: "), "\(result.client.error)")
  }

  @Test(
    arguments: [
      (["--groups", "nope"], 2, "--groups nope"), (["--groups", "x25519,"], 64, "--groups takes names"),
      (["--ciphers", "NOPE"], 2, "NOPE"), (["--ciphers", ""], 64, "--ciphers takes"),
      (["--cipher-suites", "NOPE"], 2, "--cipher-suites NOPE"),
      (["--cipher-suites", ",TLS_AES_128_GCM_SHA256"], 64, "--cipher-suites takes names"),
      (["--security-level", "6"], 64, "choose 0 to 5"), (["--security-level", "high"], 64, "--security-level"),
      (["--export", ""], 64, "1 to 249 bytes"), (["--channel-binding", "tls"], 64, "tls-server-end-point"),
    ] as [([String], Int32, String)])
  func `a bad value is refused by name`(options: [String], code: Int32, complaint: String) async throws {
    let result = try await Tool.run(["client", "--server-name", "a"] + options + ["--", "cat"])
    #expect(result.exitCode == code, "\(result.error)")
    #expect(result.error.contains(complaint), "\(result.error)")
  }
}
