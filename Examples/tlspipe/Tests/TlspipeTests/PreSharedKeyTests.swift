import SansIOTLSTestKit
import Subprocess
import Testing

@testable import tlspipe

/// --psk-file against the programs of others.
@Suite(.fewAtATime, .ifItHangs) struct PreSharedKeyTests {
  static let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
  static let otherKey = String(key.reversed())

  private static func file(_ workshop: Workshop, identity: String = "device", key: String = key) -> String {
    workshop.write("psk", Array("\(identity):\(key)\n".utf8))
  }

  private static func client(_ file: String, _ options: [String], port: Int) async throws -> Tool.Result {
    try await Tool.run(
      ["client", "--psk-file", file] + options
        + ["--", "socat", "-", "TCP:127.0.0.1:\(port),retry=200,interval=0.05"],
      input: Array("hello\n".utf8))
  }

  private static func versions(_ version: String) -> [String] { ["--min-version", version, "--max-version", version] }

  // MARK: openssl

  @Test(arguments: ["1.2", "1.3"])
  func `the client talks to openssl s_server by a key`(_ version: String) async throws {
    let workshop = Workshop()
    let server = ["-nocert", "-psk", Self.key, "-psk_identity", "device", "-rev"]
    let result = try await Listener.opensslServer(server) { port in
      try await Self.client(Self.file(workshop), Self.versions(version) + ["--verbose"], port: port)
    }
    #expect(result.exitCode == 0, "\(result.error)")
    #expect(result.text == "olleh\n")
    #expect(result.error.contains("pre-shared key device"))
    #expect(result.error.contains("TLSv\(version)"))
  }

  @Test func `the client talks to openssl s_server by a key of SHA-384`() async throws {
    let workshop = Workshop()
    let session = workshop.write("session.pem", Self.session())
    let server = ["-nocert", "-psk_session", session, "-psk_identity", "device", "-rev"]
    let result = try await Listener.opensslServer(server) { port in
      try await Self.client(Self.file(workshop), ["--psk-hash", "sha384", "--verbose"], port: port)
    }
    #expect(result.exitCode == 0, "\(result.error)")
    #expect(result.text == "olleh\n")
    #expect(result.error.contains("TLS_AES_256_GCM_SHA384"))
  }

  @Test(arguments: ["1.2", "1.3"])
  func `openssl s_client talks to the server by a key`(_ version: String) async throws {
    let workshop = Workshop()
    let handler = workshop.script("handler", "read line; echo \"$TLS_VERSION $TLS_PSK_IDENTITY got $line\"")
    let server = workshop.script(
      "server", "exec \(Tool.path) server --psk-file \(Self.file(workshop)) -- \(handler)")
    let result = try await Listener.socat(script: server) { port in
      try await Tool.run(
        "openssl",
        [
          "s_client", "-connect", "127.0.0.1:\(port)", "-psk", Self.key, "-psk_identity", "device", "-quiet",
          version == "1.2" ? "-tls1_2" : "-tls1_3",
        ], input: Array("hello\n".utf8))
    }
    #expect(result.text == "TLSv\(version) device got hello\n", "\(result.error)")
  }

  /// s_client offers all suites, SHA-256 last: the server chooses by the key.
  @Test func `openssl s_client talks to the server by a key of SHA-384`() async throws {
    let workshop = Workshop()
    let handler = workshop.script("handler", "read line; echo \"$TLS_CIPHER got $line\"")
    let session = workshop.write("session.pem", Self.session())
    let server = workshop.script(
      "server", "exec \(Tool.path) server --psk-file \(Self.file(workshop)) --psk-hash sha384 -- \(handler)")
    let result = try await Listener.socat(script: server) { port in
      try await Tool.run(
        "openssl",
        [
          "s_client", "-connect", "127.0.0.1:\(port)", "-psk_session", session, "-psk_identity", "device", "-quiet",
        ], input: Array("hello\n".utf8))
    }
    #expect(result.text == "TLS_AES_256_GCM_SHA384 got hello\n", "\(result.error)")
  }

  /// The key as a session of TLS 1.3 with TLS_AES_256_GCM_SHA384, as `-psk_session` reads it (SSL_SESSION_ASN1 in PEM).
  ///
  /// - Parameter maximumEarlyData: the early data that it allows, less than 32,768 bytes.
  static func session(maximumEarlyData: Int = 0) -> [UInt8] {
    let key = (0..<32).map { UInt8($0) }
    let body: [UInt8] =
      [2, 1, 1] + [2, 2, 3, 4] + [4, 2, 0x13, 2] + [4, 0] + [4, 32] + key
      // Created in 2001, and good for longer than anyone tests it.
      + [0xA1, 6, 2, 4, 0x3B, 0, 0, 0] + [0xA2, 6, 2, 4, 0x7F, 0, 0, 0]
      + (maximumEarlyData == 0 ? [] : [0xAF, 4, 2, 2, UInt8(maximumEarlyData >> 8), UInt8(maximumEarlyData & 255)])
    let der = [0x30, UInt8(body.count)] + body
    // Lines of 64 characters.
    let lines = stride(from: 0, to: der.count, by: 48).map { Base64.text(Array(der[$0...].prefix(48))) }
      .joined(separator: "\n")
    let pem = "-----BEGIN SSL SESSION PARAMETERS-----\n\(lines)\n-----END SSL SESSION PARAMETERS-----\n"
    return Array(pem.utf8)
  }

  @Test(arguments: ["1.2", "1.3"])
  func `a wrong key and an unknown identity are distinguished by s_server's answer`(_ version: String) async throws {
    let workshop = Workshop()
    let server = ["-nocert", "-psk", Self.key, "-psk_identity", "device", "-rev"]
    let (wrong, unknown) = try await Listener.opensslServer(server) { port in
      let wrong = try await Self.client(
        Self.file(workshop, key: Self.otherKey), Self.versions(version), port: port)
      // s_server of OpenSSL says what it thinks of another identity and continues with its own key.
      let unknown = try await Self.client(
        Self.file(workshop, identity: "stranger", key: Self.otherKey), Self.versions(version), port: port)
      return (wrong, unknown)
    }
    #expect(wrong.exitCode == 2)
    #expect(wrong.error.contains("wrongPreSharedKey"), "\(wrong.error)")
    #expect(unknown.exitCode == 2)
  }

  // MARK: gnutls

  @Test(arguments: ["1.2", "1.3"])
  func `the client talks to gnutls-serv by a key, and reports what is wrong`(_ version: String) async throws {
    let workshop = Workshop()
    let file = Self.file(workshop)
    let priority = "NORMAL:-VERS-ALL:+VERS-TLS\(version):-KX-ALL:+ECDHE-PSK:+DHE-PSK"
    let results = try await Listener.gnutlsServer(["--pskpasswd", file, "--echo", "--priority", priority]) { port in
      let good = try await Self.client(file, Self.versions(version), port: port)
      let wrong = try await Self.client(
        workshop.write("wrong", Array("device:\(Self.otherKey)\n".utf8)), Self.versions(version), port: port)
      let unknown = try await Self.client(
        workshop.write("unknown", Array("stranger:\(Self.key)\n".utf8)), Self.versions(version), port: port)
      return (good: good, wrong: wrong, unknown: unknown)
    }
    #expect(results.good.exitCode == 0, "\(results.good.error)")
    #expect(results.good.text == "hello\n")
    #expect(results.wrong.exitCode == 2)
    #expect(results.wrong.error.contains("wrongPreSharedKey"), "\(results.wrong.error)")
    #expect(results.unknown.exitCode == 2)
    #expect(!results.unknown.error.isEmpty)
  }

  @Test(arguments: ["1.2", "1.3"])
  func `gnutls-cli talks to the server by a key`(_ version: String) async throws {
    let workshop = Workshop()
    let handler = workshop.script("handler", "read line; echo \"$TLS_VERSION $TLS_PSK_IDENTITY got $line\"")
    let server = workshop.script(
      "server",
      // socat ends its child when the client leaves, which may be before the child has said why.
      "trap '' TERM; \(Tool.path) server --psk-file \(Self.file(workshop)) -- \(handler) 2>>\(workshop.file("said")); "
        + "echo >\(workshop.file("ended"))")
    _ = try await Tool.shell("mkfifo \(workshop.file("ended"))")
    let results = try await Listener.socat(script: server) { port in
      func client(_ identity: String, _ key: String) async throws -> Tool.Result {
        let result = try await Tool.run(
          "gnutls-cli",
          [
            "--port", "\(port)", "127.0.0.1", "--pskusername", identity, "--pskkey", key, "--logfile", "/dev/null",
            "--priority", "NORMAL:-VERS-ALL:+VERS-TLS\(version):-KX-ALL:+ECDHE-PSK:+DHE-PSK",
          ], input: Array("hello\n".utf8))
        _ = try await Tool.shell("timeout 60 cat \(workshop.file("ended"))")
        return result
      }
      let good = try await client("device", Self.key)
      let wrong = try await client("device", Self.otherKey)
      let unknown = try await client("stranger", Self.key)
      return (good: good, wrong: wrong, unknown: unknown)
    }
    // gnutls-cli 3.7 crashes after a TLS 1.2 handshake by a key, with any server.
    if version == "1.3" {
      #expect(results.good.text.contains("TLSv\(version) device got hello\n"), "\(results.good.error)")
    }
    #expect(results.wrong.exitCode != 0)
    #expect(results.unknown.exitCode != 0)
    let said = workshop.text("said")
    #expect(said.contains("wrongPreSharedKey"), "\(said)")
    #expect(said.contains("unknownPreSharedKey"), "\(said)")
  }

  // MARK: The file

  @Test func `a file with a mistake is refused by line, and the key is not shown`() async throws {
    let workshop = Workshop()
    for (text, complaint) in [
      ("", "no pre-shared key"), ("device\n", "line 1 has no colon"), ("device:0x12\n", "not hexadecimal"),
      ("device:123\n", "not hexadecimal"), ("device:00\n", "1 bytes"), (":\(Self.key)\n", "0 bytes"),
      ("device:\(Self.key)\n\nx:secret\n", "line 3"),
    ] {
      let file = workshop.write("psk", Array(text.utf8))
      let result = try await Tool.run(["client", "--psk-file", file, "--", "cat"])
      #expect(result.exitCode == 64, "\(text)")
      #expect(result.error.contains("--psk-file \(file)"), "\(result.error)")
      #expect(result.error.contains(complaint), "\(result.error)")
      #expect(!result.error.contains("secret") && !result.error.contains("0x12"))
    }
    let missing = try await Tool.run(["client", "--psk-file", workshop.file("none"), "--", "cat"])
    #expect(missing.exitCode == 64)
    #expect(missing.error.contains("No such file"))
  }

  @Test func `a file that others can read is warned of`() async throws {
    let workshop = Workshop()
    let file = workshop.write("psk", Array("device:\(Self.key)\n".utf8), mode: 0o644)
    let result = try await Tool.run(["client", "--psk-file", file, "--", "true"])
    #expect(result.error.contains("chmod 600"), "\(result.error)")
  }

  @Test func `options about certificates have no effect beside a key, and are refused`() async throws {
    let workshop = Workshop()
    let file = Self.file(workshop)
    for options in [["--insecure"], ["--ca", workshop.file("ca.pem")], ["--ocsp", "require"]] {
      let result = try await Tool.run(["client", "--psk-file", file] + options + ["--", "cat"])
      #expect(result.exitCode == 64)
      #expect(result.error.contains("--psk-file accepts no certificate"), "\(result.error)")
    }
    let hash = try await Tool.run(["client", "--server-name", "a", "--psk-hash", "sha384", "--", "cat"])
    #expect(hash.exitCode == 64)
    #expect(hash.error.contains("--psk-hash is for --psk-file"))
  }

  @Test func `identities may have colons, lines may end as on Windows`() async throws {
    let workshop = Workshop()
    let file = workshop.write("psk", Array("a:b:\(Self.key.uppercased())\r\n".utf8))
    let server = workshop.script("server", "exec \(Tool.path) server --psk-file \(file) -- cat")
    let result = try await Listener.socat(script: server) { port in
      try await Self.client(file, ["--verbose"], port: port)
    }
    #expect(result.exitCode == 0, "\(result.error)")
    #expect(result.error.contains("pre-shared key a:b"))
  }
}
