import Glibc
import SansIOTLSTestKit
import Testing

/// Messages about options and files name them as the command line does.
@Suite(.fewAtATime, .ifItHangs) struct MessageTests {
  /// A command line that is refused or fails before it depends on its peer, the exit code, and the required text of the
  /// message. `@name` is a file in the test's own directory.
  struct Complaint: Sendable, CustomTestStringConvertible {
    let arguments: String
    let code: Int32
    let text: String

    init(_ arguments: String, _ code: Int32, _ text: String) {
      self.arguments = arguments
      self.code = code
      self.text = text
    }

    var testDescription: String { arguments }
  }

  private static let client = "client --server-name server.example"
  private static let server = "server --certificate @chain.pem --private-key"

  private static let complaints: [Complaint] = [
    // Options that do not exist, also if another is missing.
    .init("client --no-such-option -- cat", 64, "Unknown option '--no-such-option'"),
    .init("client --servr-name a.example -- cat", 64, "Unknown option '--servr-name'"),
    .init("client --min-version 1.3 --max-version 1.2 --stat -- cat", 64, "Unknown option '--stat'"),
    .init("server --certificat @chain.pem --private-key @key.pem -- cat", 64, "Unknown option '--certificat'"),
    .init("server --no-such-option", 64, "Unknown option '--no-such-option'"),
    .init("demo --min-version 1.3 --max-version 1.2 --fil x", 64, "Unknown option '--fil'"),
    // Options that contradict one another or have no effect.
    .init("client -- cat", 64, "--server-name"),
    .init("client --insecure --ca @ca.pem -- cat", 64, "--insecure verifies no certificate, so --ca has no effect"),
    .init("\(client) --certificate @chain.pem -- cat", 64, "--certificate and --private-key must be used together"),
    .init(
      "\(client) --client-certificate @chain.pem -- cat", 64, "--certificate and --private-key must be used together"),
    .init("\(client) --passphrase-file @pw -- cat", 64, "--passphrase-file needs --private-key"),
    .init("\(client) --alpn a,,b -- cat", 64, "--alpn takes names of 1 to 255 bytes"),
    .init("\(client) --handshake-timeout 0 -- cat", 64, "'--handshake-timeout <seconds>'"),
    .init("\(client) --handshake-timeout nan -- cat", 64, "'--handshake-timeout <seconds>'"),
    .init("\(client) --carrier-grace -1 -- cat", 64, "--carrier-grace"),
    .init("server --certificate @chain.pem -- cat", 64, "its key by --private-key"),
    .init("\(server) @key.pem --ca @ca.pem -- cat", 64, "--require-client-certificate and --ca come together"),
    // Names.
    .init("client --server-name a..b -- cat", 2, "--server-name a..b: it has an empty label"),
    .init("client --server-name a\u{1}b -- cat", 2, "--server-name a"),
    .init("client --server-name ü.example -- cat", 2, "--server-name ü.example: "),
    .init("client --server-name localhost:443 -- cat", 2, "--server-name localhost:443: "),
    .init("client --server-name [::1] -- cat", 2, "--server-name [::1]: "),
    // Files.
    .init("\(client) --ca @missing -- cat", 64, "--ca @missing: cannot read it: No such file or directory"),
    .init("\(client) --ca / -- cat", 64, "--ca /: cannot read it: Is a directory"),
    // Providers and properties.
    .init("\(client) --provider nosuch -- cat", 2, "--provider nosuch: the provider \"nosuch\""),
    .init("\(client) --provider legacy -- cat", 2, "--provider legacy: the providers legacy"),
    .init("\(client) --properties fips=no,quantum=yes -- cat", 2, "--properties fips=no,quantum=yes: no provider"),
    .init("\(client) --properties = -- cat", 2, "--properties =: \"=\" is no property query"),
    .init("\(client) --provider-config @empty -- cat", 2, "--provider-config @empty: the configuration file"),
    .init("\(client) --insecure --peer-key @key.pem -- cat", 64, "--peer-key has no effect"),
    .init("\(client) --ca @empty -- cat", 2, "--ca @empty: no certificate in it"),
    .init("\(client) --ca @key.pem -- cat", 2, "--ca @key.pem: no certificate in it"),
    .init("\(client) --ca @ca.der -- cat", 2, "--ca @ca.der: no certificate in PEM form in it"),
    .init("\(client) --ca @broken.pem -- cat", 2, "--ca @broken.pem: "),
    .init(
      "\(client) --certificate @empty --private-key @key.pem -- cat", 2, "--certificate @empty: no certificate in it"),
    .init("\(client) --client-certificate @chain.pem --client-key @missing -- cat", 64, "--private-key @missing: "),
    .init("server --certificate @missing --private-key @key.pem -- cat", 64, "--certificate @missing: "),
    .init(
      "server --certificate @key.pem --private-key @key.pem -- cat", 2, "--certificate @key.pem: no certificate in it"),
    .init("\(server) @empty -- cat", 2, "--private-key @empty: no private key in it"),
    .init("\(server) @chain.pem -- cat", 2, "--private-key @chain.pem: no private key in it"),
    .init("\(server) @broken.key -- cat", 2, "--private-key @broken.key: "),
    .init(
      "\(server) @other.key -- cat", 2, "--private-key @other.key: it is not the key of the certificate in @chain.pem"),
    .init("\(server) @key.pem --require-client-certificate --ca @empty -- cat", 2, "--ca @empty: no certificate in it"),
    .init("\(server) @key.pem --require-client-certificate --client-ca @empty -- cat", 2, "--ca @empty: "),
    .init("demo --file /", 64, "--file /: it is not a regular file"),
    .init("demo --file /dev/zero", 64, "--file /dev/zero: it is not a regular file"),
    .init("demo --file @fifo", 64, "--file @fifo: it is not a regular file"),
    .init("demo --file @missing", 64, "--file @missing: cannot read it: No such file or directory"),
    // Passphrases.
    .init("\(server) @locked.key -- cat", 2, "--private-key @locked.key: the key is encrypted; give --passphrase-file"),
    .init(
      "\(server) @locked.key --passphrase-file @wrong -- cat", 2, "--passphrase-file @wrong: the passphrase does not"),
    .init(
      "\(server) @locked.key --passphrase-file @empty -- cat", 64, "--passphrase-file @empty: its first line is empty"),
    .init(
      "\(server) @locked.key --passphrase-file @line -- cat", 64, "--passphrase-file @line: its first line is empty"),
    .init(
      "\(server) @locked.key --passphrase-file @nul -- cat", 64, "--passphrase-file @nul: the passphrase holds a NUL"),
    .init(
      "\(server) @locked.key --passphrase-file @latin1 -- cat", 64,
      "--passphrase-file @latin1: the passphrase is not UTF-8"),
    .init("\(server) @locked.key --passphrase-file @missing -- cat", 64, "--passphrase-file @missing: cannot read it"),
    .init(
      "\(server) @locked.key --passphrase-file / -- cat", 64, "--passphrase-file /: cannot read it: Is a directory"),
    .init("\(server) @locked.key --passphrase-file @long -- cat", 2, "--passphrase-file @long: "),
    // A key by its URI; no message shows a PIN.
    .init(
      "\(server) file:@locked.key -- cat", 2,
      "the private key at file:@locked.key needs a passphrase or PIN; give "
        + "--passphrase-file FILE"),
    .init(
      "\(server) file:@locked.key --passphrase-file @wrong -- cat", 2,
      "--passphrase-file @wrong: the passphrase does not"
    ),
    .init("\(server) file:@missing -- cat", 2, "--private-key: libcrypto cannot open file:@missing"),
    .init(
      "\(server) none:object=key?pin-value=1 -- cat", 2,
      "--private-key: no provider loads keys by URIs that "
        + "begin with none:"),
    // Other output.
    .init("\(client) --keylog / -- cat", 64, "--keylog /: cannot write it: Is a directory"),
    .init("\(client) --capture / -- cat", 64, "--capture /: cannot write it: Is a directory"),
    .init("\(client) --ladder / -- cat", 64, "--ladder /: cannot write it: Is a directory"),
    .init("\(client) --keylog @missing/file -- cat", 64, "--keylog @missing/file: cannot write it: No such file"),
    // COMMAND and descriptors.
    .init("\(client) -- /nonexistent/program", 1, "cannot start /nonexistent/program"),
    .init("\(client) -- /", 1, "cannot start /"),
    .init("\(client) --cipher-fds 98,99", 64, "descriptors 98 and 99 cannot be used"),
    // Peers that do not speak TLS, and one that sends too much.
    .init("\(client) -- echo SSH-2.0-x", 2, "SSH"),
    .init("\(client) -- cat", 2, "violated the protocol"),
    .init("\(client) -- true", 1, "before the peer sent anything"),
    .init("\(client) --ca @ca.pem -- @long-chain", 2, "(protocolViolation)"),
  ]

  /// Names of the library's interface, which a user of the program does not know.
  private static let interface = [
    ".dns", ".ip", ".unverified", ".system", ".distrust", ".serve", "TLSContext", "TLSEngine", "TLSTrustRoots",
    "TLSIdentity",
    "limits.", "pausesAt", "peerVerification", "clientAuthentication", "trustRoots", "applicationProtocols",
    "the form that takes", "(pem:", "(der:", "()", "`", "SubprocessError", "nil",
  ]

  private func workshop() -> Workshop {
    let workshop = Workshop()
    workshop.write("empty", [])
    workshop.write("ca.der", workshop.identity.authority.rootDER)
    workshop.write("broken.pem", Array("-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n".utf8))
    workshop.write("broken.key", Array("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n".utf8))
    workshop.write("other.key", TestIdentity.server("other.example").privateKeyPEM)
    workshop.write("pw", Array("secret\n".utf8))
    workshop.write("wrong", Array("wrong\n".utf8))
    workshop.write("line", Array("\nsecret\n".utf8))
    workshop.write("nul", Array("secret\0x\n".utf8))
    workshop.write("latin1", [0xfc, 0x0a])
    workshop.write("long", [UInt8](repeating: 0x61, count: 2000))
    workshop.write("chains.pem", Array([[UInt8]](repeating: workshop.identity.chainPEM, count: 400).joined()))
    workshop.script(
      "long-chain",
      "exec \(Tool.path) server --certificate \(workshop.file("chains.pem")) --private-key \(workshop.file("key.pem")) "
        + "-- cat 2>/dev/null")
    return workshop
  }

  @Test(arguments: complaints)
  func `a message names option and file, and nothing of the library's interface`(_ complaint: Complaint) async throws {
    let workshop = workshop()
    try await Workshop.lock("secret", key: workshop.file("key.pem"), as: workshop.file("locked.key"))
    if complaint.arguments.contains("@fifo") { _ = try await Tool.run("mkfifo", [workshop.file("fifo")]) }
    func placed(_ text: String) -> String { text.replacing("@", with: workshop.file("")) }
    let result = try await Tool.run(complaint.arguments.split(separator: " ").map { placed(String($0)) })
    #expect(result.exitCode == complaint.code)
    #expect(result.error.contains(placed(complaint.text)))
    for name in Self.interface { #expect(!result.error.contains(name)) }
  }

  @Test func `each side accepts its old option names`() async throws {
    let workshop = Workshop()
    let clients = TestAuthority(name: "Clients")
    let alice = clients.issue(subject: "Alice", usage: .client)
    let authority = workshop.write("clients.pem", clients.rootPEM)
    let (chain, key) = (workshop.write("alice.pem", alice.chainPEM), workshop.write("alice.key", alice.privateKeyPEM))
    for (serverName, certificateName, keyName) in [
      ("--ca", "--certificate", "--private-key"), ("--client-ca", "--client-certificate", "--client-key"),
    ] {
      let server = workshop.script(
        "server",
        "exec "
          + workshop.serverCommand(
            "--require-client-certificate \(serverName) \(authority)",
            command: workshop.script("handler", "echo $TLS_PEER_SUBJECT")))
      let result = try await Tool.run(
        workshop.clientArguments([certificateName, chain, keyName, key], command: [server]))
      #expect(result.exitCode == 0)
      #expect(result.text == "CN=Alice\n")
      #expect(result.error == "")
    }
  }

  // MARK: Passphrases

  @Test(arguments: ["secret", "secret\n", "secret\r\n", "secret\nsecond line\n"])
  func `the first line of the passphrase file decrypts the key`(_ contents: String) async throws {
    let workshop = Workshop()
    try await Workshop.lock("secret", key: workshop.file("key.pem"), as: workshop.file("locked.key"))
    let passphrase = workshop.write("pw", Array(contents.utf8))
    let result = try await Tool.run(
      workshop.clientArguments(command: [
        Tool.path, "server", "--certificate", workshop.file("chain.pem"), "--private-key", workshop.file("locked.key"),
        "--passphrase-file", passphrase, "--", "echo", "open",
      ]))
    #expect(result.exitCode == 0)
    #expect(result.text == "open\n")
    #expect(result.error == "")
  }

  @Test(arguments: [
    ("locked.key", mode_t(0o644), "others can use it (mode 644)"), ("key.pem", mode_t(0o600), "has no effect"),
  ])
  func `a warning reports a passphrase that others can read, or that is not used`(
    _ key: String, _ mode: mode_t, _ warning: String
  ) async throws {
    let workshop = Workshop()
    try await Workshop.lock("secret", key: workshop.file("key.pem"), as: workshop.file("locked.key"))
    let passphrase = workshop.write("pw", Array("secret\n".utf8), mode: mode)
    let result = try await Tool.run(
      workshop.clientArguments(command: [
        Tool.path, "server", "--certificate", workshop.file("chain.pem"), "--private-key", workshop.file(key),
        "--passphrase-file", passphrase, "--", "echo", "open",
      ]))
    #expect(result.exitCode == 0)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("warning: --passphrase-file \(passphrase)"))
    #expect(result.error.contains(warning))
  }

  // MARK: Failing output

  @Test func `a full disk is not reported as a missing reader`() async throws {
    let workshop = Workshop()
    let big = workshop.write("big", Workshop.noise(1_000_000))
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat \(big)") + " 2>/dev/null")
    let client = workshop.clientArguments(command: [server]).joined(separator: " ")
    let result = try await Tool.shell("exec \(Tool.path) \(client) >/dev/full </dev/null")
    #expect(result.exitCode == 1)
    #expect(result.error.contains("No space left on device"))
    #expect(result.error.contains("bytes were dropped"))
    #expect(!result.error.contains("gone"))
  }

  @Test(arguments: ["--keylog /dev/full", "--ladder /dev/full"])
  func `secrets and a ladder that cannot be written are an error after the connection`(_ option: String) async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let result = try await Tool.run(
      workshop.clientArguments(option.split(separator: " ").map(String.init), command: [server]), input: [1, 2, 3])
    #expect(result.exitCode == 1)
    #expect(result.output == [1, 2, 3])
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("\(option): cannot write it: No space left on device"))
  }

  @Test(arguments: ["--stats", "--ladder"])
  func `statistics and a ladder that cannot be written to standard error are an error`(_ option: String) async throws {
    let workshop = Workshop()
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let client = workshop.clientArguments([option], command: [server]).joined(separator: " ")
    let result = try await Tool.shell("exec \(Tool.path) \(client) 2>/dev/full", input: [1, 2, 3])
    #expect(result.exitCode == 1)
    #expect(result.output == [1, 2, 3])
  }

  @Test func `a demonstration whose report cannot be written is an error`() async throws {
    let workshop = Workshop()
    let file = workshop.write("file", [1, 2, 3])
    let result = try await Tool.shell("exec \(Tool.path) demo --file \(file) >/dev/full")
    #expect(result.exitCode == 1)
  }

  @Test func `a warning reports secrets that are appended to a file that others can read`() async throws {
    let workshop = Workshop()
    let file = workshop.write("keys", [], mode: 0o644)
    let server = workshop.script("server", "exec " + workshop.serverCommand(command: "cat"))
    let result = try await Tool.run(workshop.clientArguments(["--keylog", file], command: [server]))
    #expect(result.exitCode == 0)
    #expect(result.errorLines.count == 1)
    #expect(result.error.contains("warning: --keylog \(file): others can use it (mode 644)"))
    // The file belongs to the user and keeps its permissions.
    #expect(workshop.permissions("keys") == 0o644)
    #expect(workshop.text("keys").contains("CLIENT_HANDSHAKE_TRAFFIC_SECRET "))
  }

  @Test func `a reader of the secrets that exits does not end the connection`() async throws {
    let workshop = Workshop()
    let (reader, gone) = (workshop.file("reader"), workshop.file("gone"))
    // The server starts, and with it the secrets, after the reader has exited.
    let server = workshop.script(
      "server", "read line <\(gone)\nexec " + workshop.serverCommand(command: "cat"))
    let client = workshop.clientArguments(["--keylog", reader], command: [server]).joined(separator: " ")
    let result = try await Tool.shell(
      """
      mkfifo \(reader) \(gone)
      { head -c 0 \(reader); echo >\(gone); } &
      exec \(Tool.path) \(client)
      """, input: [1, 2, 3])
    #expect(result.exitCode == 1)
    #expect(result.output == [1, 2, 3])
    #expect(result.error.contains("--keylog \(reader): cannot write it: Broken pipe"))
  }
}
