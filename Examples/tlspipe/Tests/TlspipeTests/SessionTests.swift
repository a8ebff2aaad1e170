import Glibc
import SansIOTLSTestKit
import Subprocess
import Testing

/// Sessions that outlive their process, and ticket keys that processes share.
@Suite(.fewAtATime, .ifItHangs) struct SessionTests {
  private static let versions = ["1.2", "1.3"]

  /// A workshop with a server of one process for each connection, which shares keys in a file.
  private struct Fleet {
    let workshop = Workshop()
    let server: String

    init(_ options: String = "") {
      let handler = workshop.script("handler", "read line; echo \"got $line\"")
      server = workshop.script(
        "server",
        "exec " + workshop.serverCommand("--ticket-keys \(workshop.file("keys")) \(options)", command: handler)
          + " 2>>\(workshop.file("said"))")
      rotate(1)
    }

    /// Replaces the keys, the current one first.
    func rotate(_ secrets: Int...) {
      workshop.write("keys", Array(secrets.map { String(repeating: "\($0)", count: 64) + "\n" }.joined().utf8))
    }

    /// A connection of tlspipe's client, which keeps its session.
    func connect(
      _ port: Int, _ version: String, _ options: [String] = [], through runner: [String] = []
    ) async throws -> Tool.Result {
      let arguments = workshop.clientArguments(
        ["--session", workshop.file("session"), "--min-version", version, "--max-version", version, "--verbose"]
          + options,
        command: ["socat", "-", "TCP:127.0.0.1:\(port)"])
      let line = runner + [Tool.path] + arguments
      return try await Tool.run(line[0], Array(line[1...]), input: Array("hello\n".utf8))
    }
  }

  private static func isResumed(_ result: Tool.Result) -> Bool { result.error.contains(", resumed") }

  @Test(arguments: versions)
  func `two processes on each side resume, through a rotation of the keys`(version: String) async throws {
    let fleet = Fleet()
    try await Listener.socat(script: fleet.server) { port in
      var resumed: [Bool] = []
      // The third rotation drops the key of the last ticket.
      for keys in [[1], [1], [2, 1], [2, 1], [3, 2], [4]] {
        fleet.workshop.write(
          "keys", Array(keys.map { String(repeating: "\($0)", count: 64) + "\n" }.joined().utf8))
        let result = try await fleet.connect(port, version)
        #expect(result.exitCode == 0)
        #expect(result.text == "got hello\n")
        resumed.append(Self.isResumed(result))
        #expect(fleet.workshop.permissions("session") == 0o600)
      }
      #expect(resumed == [false, true, true, true, true, false])
    }
    #expect(fleet.workshop.text("said") == "")
  }

  @Test(arguments: versions)
  func `a saved session is resumed by openssl s_server`(version: String) async throws {
    let fleet = Fleet()
    let workshop = fleet.workshop
    let arguments = ["-cert", workshop.file("chain.pem"), "-key", workshop.file("key.pem"), "-rev"]
    try await Listener.opensslServer(arguments) { port in
      for expected in [false, true, true] {
        let result = try await fleet.connect(port, version)
        #expect(result.exitCode == 0)
        #expect(result.text == "olleh\n")
        #expect(Self.isResumed(result) == expected)
      }
    }
    // Another server without the keys: a full handshake, and its session.
    try await Listener.opensslServer(arguments) { (port) async throws in
      #expect(try await !Self.isResumed(fleet.connect(port, version)))
      #expect(try await Self.isResumed(fleet.connect(port, version)))
    }
  }

  @Test(arguments: versions)
  func `openssl s_client resumes by its file, through a rotation of the keys`(version: String) async throws {
    let fleet = Fleet()
    let workshop = fleet.workshop
    func connect(_ port: Int, _ options: [String]) async throws -> Bool {
      let result = try await Tool.run(
        "openssl",
        [
          "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", workshop.file("ca.pem"), "-verify_return_error",
          "-verify_hostname", Workshop.serverName, "-servername", Workshop.serverName, "-ign_eof",
          version == "1.2" ? "-tls1_2" : "-tls1_3",
        ] + options, input: Array("hello\n".utf8))
      #expect(result.text.contains("got hello"))
      return result.text.contains("Reused, TLSv\(version)")
    }
    let file = workshop.file("openssl.session")
    try await Listener.socat(script: fleet.server) { (port) async throws in
      #expect(try await !connect(port, ["-sess_out", file]))
      #expect(try await connect(port, ["-sess_in", file, "-sess_out", file]))
      fleet.rotate(2, 1)
      #expect(try await connect(port, ["-sess_in", file, "-sess_out", file]))
      // In TLS 1.3, or renewed in TLS 1.2, it is of the new key. s_client saves no renewed ticket of TLS 1.2.
      if version == "1.3" {
        fleet.rotate(2)
        #expect(try await connect(port, ["-sess_in", file]))
      }
      fleet.rotate(3)
      #expect(try await !connect(port, ["-sess_in", file]))
    }
  }

  @Test(arguments: versions)
  func `Python's ssl resumes`(version: String) async throws {
    let fleet = Fleet()
    let result = try await Listener.socat(script: fleet.server) { port in
      try await Tool.run(
        "python3",
        [
          "\(Tool.peers)/resume.py", "\(port)", fleet.workshop.file("ca.pem"), Workshop.serverName, version,
        ])
    }
    #expect(result.error == "")
    #expect(result.text == "False True\n")
  }

  @Test(arguments: versions)
  func `gnutls-cli resumes`(version: String) async throws {
    let fleet = Fleet()
    let result = try await Listener.socat(script: fleet.server) { port in
      try await Tool.run(
        "gnutls-cli",
        [
          "--resume", "--waitresumption", "--x509cafile", fleet.workshop.file("ca.pem"), "--sni-hostname",
          Workshop.serverName, "--verify-hostname", Workshop.serverName, "--priority",
          "NORMAL:-VERS-ALL:+VERS-TLS\(version)", "--port", "\(port)", "127.0.0.1",
        ], input: Array("hello\n".utf8))
    }
    #expect(result.text.contains("*** This is a resumed session"))
    #expect(result.text.contains("got hello"))
  }

  // MARK: The file

  @Test func `a session of TLS 1.3 is used once, by whichever process is first`() async throws {
    let fleet = Fleet()
    let workshop = fleet.workshop
    try await Listener.socat(script: fleet.server) { port in
      _ = try await fleet.connect(port, "1.3")
      let session = workshop.read("session")
      // Two processes at once: one resumes.
      async let left = fleet.connect(port, "1.3")
      async let right = fleet.connect(port, "1.3")
      let resumed = try await [Self.isResumed(left), Self.isResumed(right)]
      #expect(resumed.contains(true))
      #expect(workshop.read("session") != session)
      #expect(!workshop.read("session").isEmpty)
    }
  }

  @Test(arguments: versions)
  func `a session that a symbolic link leads to is taken and replaced where it is`(version: String) async throws {
    let fleet = Fleet()
    let workshop = fleet.workshop
    try await Listener.socat(script: fleet.server) { port in
      _ = try await fleet.connect(port, version)
      let kept = workshop.file("kept")
      #expect(unsafe rename(workshop.file("session"), kept) == 0)
      #expect(unsafe symlink(kept, workshop.file("session")) == 0)
      let first = workshop.read("kept")
      for _ in 0..<2 { #expect(try await Self.isResumed(fleet.connect(port, version))) }
      #expect((workshop.read("kept") != first) == (version == "1.3"))
      let link = try await Tool.shell("test -L \(workshop.file("session")) && test ! -L \(kept)")
      #expect(link.exitCode == 0)
    }
  }

  /// Runs a program as on a file system without hard links.
  private static let withoutLinks = ["python3", "\(Tool.peers)/without_links.py"]

  @Test(
    .enabled("only Linux on x86-64 or ARM, where a process may forbid itself links") {
      try await Tool.run(withoutLinks[0], [withoutLinks[1], "true"]).exitCode == 0
    }, arguments: versions)
  func `a file system needs no hard links to keep a session`(version: String) async throws {
    let fleet = Fleet()
    let workshop = fleet.workshop
    workshop.write("original", [1])
    let link = try await Tool.run(
      Self.withoutLinks[0], [Self.withoutLinks[1], "ln", workshop.file("original"), workshop.file("link")])
    #expect(link.exitCode != 0)
    try await Listener.socat(script: fleet.server) { port in
      for expected in [false, true, true] {
        let result = try await fleet.connect(port, version, through: Self.withoutLinks)
        #expect(result.exitCode == 0)
        #expect(Self.isResumed(result) == expected)
      }
      // One of TLS 1.2 also outlasts a connection that never was.
      let session = workshop.read("session")
      let result = try await Tool.run(
        Self.withoutLinks[0],
        [Self.withoutLinks[1], Tool.path]
          + workshop.clientArguments(
            ["--session", workshop.file("session"), "--min-version", version, "--max-version", version],
            command: ["true"]))
      #expect(result.exitCode == 1)
      #expect(workshop.read("session") == (version == "1.3" ? [] : session))
    }
  }

  @Test(arguments: versions)
  func `what is refused before a connection takes no session`(version: String) async throws {
    let fleet = Fleet()
    let workshop = fleet.workshop
    try await Listener.socat(script: fleet.server) { port in _ = try await fleet.connect(port, version) }
    let session = workshop.read("session")
    #expect(!session.isEmpty)
    let trusting = ["--session", workshop.file("session"), "--ca", workshop.file("ca.pem")]
    let name = ["--server-name", Workshop.serverName]
    // Descriptors that are not open, a name that is none, suites that no library knows.
    let refused: [(arguments: [String], exitCode: Int32)] = [
      (name + ["--cipher-fds", "98,99"], 64), (["--server-name", "a..b", "--", "true"], 2),
      (name + ["--ciphers", "NONE-OF-THESE", "--", "true"], 2),
    ]
    for (arguments, exitCode) in refused {
      let result = try await Tool.run(["client"] + trusting + arguments)
      #expect(result.exitCode == exitCode, "\(arguments): \(result.error)")
      #expect(workshop.read("session") == session, "\(arguments): \(result.error)")
    }
    let closed = ["-c", "exec \"$@\" >&-", "sh", Tool.path, "client"] + trusting + name + ["--", "true"]
    let result = try await Tool.run("/bin/sh", closed)
    #expect(result.exitCode == 64)
    #expect(workshop.read("session") == session, "\(result.error)")
  }

  @Test func `the first session is created where a symbolic link leads to`() async throws {
    let fleet = Fleet()
    let workshop = fleet.workshop
    workshop.folder("elsewhere")
    #expect(unsafe symlink("elsewhere/kept", workshop.file("session")) == 0)
    try await Listener.socat(script: fleet.server) { port in
      _ = try await fleet.connect(port, "1.3")
      #expect(workshop.permissions("elsewhere/kept") == 0o600)
      #expect(try await Tool.shell("test -L \(workshop.file("session"))").exitCode == 0)
      #expect(try await Self.isResumed(fleet.connect(port, "1.3")))
    }
  }

  @Test func `a server that issues no ticket leaves no session of TLS 1.3, and that of TLS 1.2`() async throws {
    let fleet = Fleet()
    let workshop = fleet.workshop
    for version in Self.versions {
      try await Listener.socat(script: fleet.server) { port in
        _ = try await fleet.connect(port, version)
        let session = workshop.read("session")
        // A connection that fails before anything is known keeps TLS 1.2's.
        let result = try await Tool.run(
          workshop.clientArguments(
            ["--session", workshop.file("session"), "--min-version", version, "--max-version", version],
            command: ["true"]))
        #expect(result.exitCode == 1)
        #expect(workshop.read("session") == (version == "1.3" ? [] : session))
      }
      _ = unsafe unlink(workshop.file("session"))
    }
  }

  @Test func `a file that holds something else is refused and not changed`() async throws {
    let workshop = Workshop()
    let key = workshop.read("key.pem")
    let result = try await Tool.run(
      workshop.clientArguments(["--session", workshop.file("key.pem")], command: ["true"]))
    #expect(result.exitCode == 64)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("--session \(workshop.file("key.pem")): it holds something else than a session"))
    #expect(workshop.read("key.pem") == key)
    let device = try await Tool.run(workshop.clientArguments(["--session", "/dev/zero"], command: ["true"]))
    #expect(device.exitCode == 64)
    #expect(device.error.contains("it is not a file"))
    let folder = try await Tool.run(workshop.clientArguments(["--session", "/nowhere/session"], command: ["true"]))
    #expect(folder.exitCode == 1)
  }

  @Test func `a damaged session is reported, and replaced`() async throws {
    let fleet = Fleet()
    let workshop = fleet.workshop
    try await Listener.socat(script: fleet.server) { port in
      _ = try await fleet.connect(port, "1.3")
      var session = workshop.read("session")
      session[session.count - 1] ^= 1
      workshop.write("session", session)
      let result = try await fleet.connect(port, "1.3")
      #expect(result.exitCode == 0)
      #expect(!Self.isResumed(result))
      #expect(result.error.contains("warning: --session \(workshop.file("session")): the saved session is damaged"))
      #expect(try await Self.isResumed(fleet.connect(port, "1.3")))
    }
  }

  @Test func `a session is not offered to another name or by another authority`() async throws {
    let fleet = Fleet()
    let workshop = fleet.workshop
    workshop.write("other.pem", TestIdentity.server().authority.rootPEM)
    try await Listener.socat(script: fleet.server) { port in
      _ = try await fleet.connect(port, "1.2")
      let result = try await Tool.run(
        [
          "client", "--server-name", Workshop.serverName, "--ca", workshop.file("other.pem"), "--max-version", "1.2",
          "--session", workshop.file("session"), "--verbose", "--", "socat", "-", "TCP:127.0.0.1:\(port)",
        ], input: Array("hello\n".utf8))
      #expect(result.exitCode == 2)
      #expect(result.error.contains("not offered: the session does not prove the requested server name"))
      #expect(result.text == "")
    }
  }

  @Test func `a session that cannot be saved is an exit code of 1`() async throws {
    let fleet = Fleet()
    let result = try await Listener.socat(script: fleet.server) { port in
      try await Tool.run(
        fleet.workshop.clientArguments(
          ["--session", "/nowhere/session"], command: ["socat", "-", "TCP:127.0.0.1:\(port)"]),
        input: Array("hello\n".utf8))
    }
    #expect(result.exitCode == 1)
    #expect(result.text == "got hello\n")
    #expect(result.error.contains("cannot save the session: No such file or directory"))
  }

  // MARK: The keys

  @Test func `a file without usable secrets is refused, and shown by no message`() async throws {
    let workshop = Workshop()
    let good = String(repeating: "ab", count: 32)
    for (text, message) in [
      ("", "it holds no secret"), ("\n\r\n", "it holds no secret"), ("abcd\n", "line 1 has no secret"),
      ("\(good)\nxyz\(good)\n", "line 2 has no secret"), ("\(good)a\n", "line 1 has no secret"),
      ("\(good)\n\(good.uppercased())\n", "given twice"),
    ] {
      let keys = workshop.write("keys", Array(text.utf8))
      let server = workshop.serverCommand("--ticket-keys \(keys)", command: "cat")
      let result = try await Tool.shell(server)
      #expect(result.exitCode == 64, "\(text)")
      #expect(result.errorLines.count == 1)
      #expect(result.error.contains("--ticket-keys \(keys): "))
      #expect(result.error.contains(message), "\(result.error)")
      #expect(!result.error.contains("abab"))
    }
    let keys = workshop.write("open", Array(good.utf8), mode: 0o644)
    let result = try await Tool.shell(workshop.serverCommand("--ticket-keys \(keys)", command: "cat"))
    #expect(result.error.contains("warning: --ticket-keys \(keys): others can use it (mode 644)"))
  }
}
