import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The name of the server: which names are accepted, what is sent, and what a certificate must contain.
@Suite(.tags(.behaviour))
struct ServerNameTests {
  /// One context for all names: loading the system's trust roots takes most of a test's time.
  private static let context = Result { try TLSContext(.client()) }

  private func engine(_ name: TLSServerName) throws -> TLSEngine {
    try TLSEngine(.client(serverName: name), context: Self.context.get())
  }

  // MARK: What may be asked for

  @Test(arguments: [
    ("", "empty"), (".", "empty label"), ("a..b", "empty label"), (".example", "empty label"), ("a\0b", "NUL"),
    ("b\u{FC}cher.example", "xn--"), ("a b", "white space"), ("a\tb", "control"), ("127.0.0.1", ".ip"),
    ("::1", ".ip"), ("[::1]", ".ip"), ("example:443", ".ip"), (String(repeating: "a", count: 64), "63"),
    (String(repeating: "a.", count: 127) + "aa", "256"),
    // What belongs to URLs, and what belongs to certificates.
    ("localhost:443", "port"), ("[::1]", "brackets"), ("[::1]:443", "brackets"), ("user@host", "\"@\""),
    ("a/b?c", "\"/\""), ("https://localhost", "\"/\""), ("*.example.org", "wildcard"), ("*", "wildcard"),
    ("a.*.example", "wildcard"), ("fe80::1%eth0", "\":\""), ("a:b", "\":\""),
    // Letters, digits, hyphens and underscores: no other character, and no other byte.
    ("a!b.example", "\"!\""), ("$(x)", "\"$\""), ("a\\b", "\"\\\""), ("a?b", "\"?\""), ("..", "empty label"),
    ("localhost..", "empty label"), ("localhost\u{0600}.", "xn--"), ("localhost.\u{0301}", "xn--"),
    ("a\u{7F}b", "control"),
    ("localhost\r\n.", "control"), ("\u{FF10}.example", "xn--"),
    // Four numbers are read as an address by some, if not by all.
    ("127.0.0.1.", ".ip"), ("192.0.2.010", "four numbers"), ("256.1.1.1", "four numbers"),
  ])
  func `a name that cannot be a DNS name is refused`(name: String, reason: String) throws {
    expectRefusal(.invalidServerName, .misuse, naming: reason) { _ = try engine(.dns(name)) }
    expectRefusal(.invalidServerName, .misuse, naming: reason) { _ = try engine(.unverified(sni: name)) }
  }

  @Test(arguments: [
    "localhost", "a.b.c", "xn--bcher-kva.example", "under_score.example", "-dash-.example", "UPPER.example", "1.2.3",
    "1.2.3.4.5", "_sip._tcp.example", String(repeating: "a", count: 63) + ".example",
    String(repeating: "a.", count: 126) + "a",
  ])
  func `an unusual but valid name is sent unchanged`(name: String) throws {
    var engine = try engine(.dns(name))
    #expect(engine.drain().contains(text: name))
  }

  @Test(arguments: [
    "", "localhost", "1.2.3", "256.1.1.1", "fe80::1%eth0", "[::1]", "127.0.0.1 ", "127.0.0.1\0", "::g",
    "1.2.3.4.5", "1.2.3.4abc", "+1.2.3.4", ":", ":::", "192.0.2.010", "192.0.2.01", "::ffff:192.0.2.010",
    "1.2.3.4\u{0600}",
    "\u{0661}.2.3.4", "127.1", "0x7f.0.0.1", "1:2:3:4:5:6:7:8:9", "1::2::3", "192.0.2.1:443", "[::1]:443", "1.2.3.4/24",
    "00001::",
  ])
  func `an invalid address is refused`(address: String) throws {
    expectRefusal(.invalidServerName, .misuse, naming: "address") { _ = try engine(.ip(address)) }
  }

  @Test(arguments: [
    "127.0.0.1", "255.255.255.255", "0.0.0.0", "::", "::1", "2001:DB8::1", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8",
  ])
  func `a valid address is accepted`(address: String) throws {
    #expect(throws: Never.self) { _ = try engine(.ip(address)) }
  }

  // MARK: What a ClientHello may name

  /// The name that a server reports for a client of another library.
  private func reported(_ name: String, _ version: TLSVersion) throws -> (asked: String?, negotiated: String?) {
    let identity = TestIdentity.server()
    var configuration = TLSContext.Configuration.server(try identity.identity)
    configuration.pausesAtClientHello = true
    var server = try TLSEngine(.server, context: TLSContext(configuration))
    let client = RawPeer(.client, version: version, serverName: name)
    var asked: String?
    for _ in 0..<8 where server.negotiated == nil {
      _ = client.absorb(server.drain())
      _ = try server.feed(client.drain())
      if case .needsAnswer = try server.handshake(), case .clientHello(let hello) = server.question {
        asked = hello.serverName
        try server.answer(.serve)
        _ = try server.handshake()
      }
    }
    let negotiated = server.negotiated
    #expect(negotiated != nil)
    return (asked, negotiated?.serverName)
  }

  @Test(
    arguments: TLSVersion.both,
    [
      "../../etc", "127.0.0.1", "::1", "[::1]", "a..b", "$(x)", "`x`", "a b", "a\nb", "*.example.org", "localhost.",
      ".",
      ".localhost", "localhost:443", "user@host", "a/b?c", "b\u{FC}cher.example", "localhost\u{0600}", "256.1.1.1",
      "a'b", "a\"b",
      String(repeating: "a", count: 64), String(repeating: "a.", count: 127) + "a",
    ])
  func `an invalid DNS name is not reported to a server's application`(version: TLSVersion, name: String) throws {
    let (asked, negotiated) = try reported(name, version)
    #expect(asked == nil)
    #expect(negotiated == nil)
  }

  @Test(arguments: TLSVersion.both, ["localhost", "Under_Score.example", "xn--bcher-kva.example", "-a-", "1.2.3"])
  func `a DNS name is reported to a server's application in lower case`(version: TLSVersion, name: String) throws {
    let (asked, negotiated) = try reported(name, version)
    #expect(asked == name.lowercased())
    #expect(negotiated == name.lowercased())
  }

  // MARK: What is sent

  @Test(arguments: TLSVersion.both)
  func `the server receives the name`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version)
    #expect(pair.server.negotiated?.serverName == "localhost")
    #expect(pair.client.negotiated?.serverName == "localhost")
  }

  @Test(arguments: TLSVersion.both)
  func `a name of mixed case is sent unchanged, and reported by the server in lower case`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: .dns("LocalHost"))
    try pair.handshake()
    #expect(pair.client.negotiated?.serverName == "LocalHost")
    #expect(pair.server.negotiated?.serverName == "localhost")
  }

  @Test func `an address is not sent as a name`() throws {
    for address in ["127.0.0.1", "::1"] {
      var engine = try engine(.ip(address))
      let hello = engine.drain()
      #expect(!hello.contains(text: address))
    }
    let identity = TestIdentity.server(addresses: ["127.0.0.1"])
    let (client, server) = try EnginePair.configurations(identity: identity)
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: .ip("127.0.0.1"))
    try pair.handshake()
    #expect(pair.server.negotiated?.serverName == nil)
  }

  @Test func `a trailing dot is neither sent nor compared`() throws {
    let (client, server) = try EnginePair.configurations()
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: .dns("localhost."))
    try pair.handshake()
    #expect(pair.server.negotiated?.serverName == "localhost")
  }

  @Test func `without a name nothing is sent`() throws {
    let (client, server) = try EnginePair.configurations()
    var pair = try EnginePair(
      client: TLSContext(client), server: TLSContext(server), serverName: .unverified(sni: nil))
    try pair.handshake()
    #expect(pair.server.negotiated?.serverName == nil)
    #expect(pair.client.negotiated?.serverName == nil)
  }

  // MARK: What a certificate must say

  struct Match: CustomTestStringConvertible {
    let asked: TLSServerName
    var names: [String] = []
    var addresses: [String] = []
    var subject: String?
    let isGood: Bool

    var testDescription: String {
      "\(asked), SAN \(names + addresses), CN \(subject ?? "of the SAN"): \(isGood ? "good" : "refused")"
    }
  }

  static let matches: [Match] = [
    // The name itself.
    Match(asked: .dns("www.example"), names: ["www.example"], isGood: true),
    Match(asked: .dns("www.example"), names: ["a.example", "b.example", "www.example"], isGood: true),
    Match(asked: .dns("www.example"), names: ["ftp.example"], isGood: false),
    Match(asked: .dns("www.example"), names: ["example"], isGood: false),
    Match(asked: .dns("example"), names: ["www.example"], isGood: false),
    Match(asked: .dns("WwW.ExAmPlE"), names: ["www.example"], isGood: true),
    Match(asked: .dns("www.example"), names: ["WWW.EXAMPLE"], isGood: true),
    Match(asked: .dns("www.example."), names: ["www.example"], isGood: true),
    Match(asked: .dns("xn--bcher-kva.example"), names: ["xn--bcher-kva.example"], isGood: true),
    Match(asked: .dns("xn--bcher-kva.example"), names: ["b\u{FC}cher.example"], isGood: false),
    Match(asked: .dns("www.example"), names: ["www.example\0.evil"], isGood: false),
    Match(asked: .dns("www.example"), names: ["www.example\0"], isGood: false),

    // Wildcards stand for one whole label, the leftmost.
    Match(asked: .dns("www.example.org"), names: ["*.example.org"], isGood: true),
    Match(asked: .dns("WWW.example.org"), names: ["*.EXAMPLE.org"], isGood: true),
    Match(asked: .dns("a.b.example.org"), names: ["*.example.org"], isGood: false),
    Match(asked: .dns("example.org"), names: ["*.example.org"], isGood: false),
    Match(asked: .dns("www.example.org"), names: ["w*.example.org"], isGood: false),
    Match(asked: .dns("www.example.org"), names: ["*w.example.org"], isGood: false),
    Match(asked: .dns("www.example.org"), names: ["w*w.example.org"], isGood: false),
    Match(asked: .dns("www.example.org"), names: ["www.*.org"], isGood: false),
    Match(asked: .dns("www.example.org"), names: ["*.*.org"], isGood: false),
    Match(asked: .dns("www.example"), names: ["*.example"], isGood: false),
    Match(asked: .dns("example"), names: ["*"], isGood: false),
    Match(asked: .dns("xn--bcher-kva.example.org"), names: ["*.example.org"], isGood: true),
    Match(asked: .dns("xn--bcher-kva.example.org"), names: ["xn--*.example.org"], isGood: false),

    // Addresses are compared as addresses, and with addresses only.
    Match(asked: .ip("192.0.2.1"), addresses: ["192.0.2.1"], isGood: true),
    Match(asked: .ip("192.0.2.1"), addresses: ["192.0.2.2"], isGood: false),
    Match(asked: .ip("2001:db8::1"), addresses: ["2001:db8::1"], isGood: true),
    Match(asked: .ip("2001:DB8:0:0:0:0:0:1"), addresses: ["2001:db8::1"], isGood: true),
    Match(asked: .ip("2001:db8::1"), addresses: ["2001:db8::2"], isGood: false),
    Match(asked: .ip("192.0.2.1"), names: ["192.0.2.1"], isGood: false),
    Match(asked: .ip("192.0.2.1"), names: ["*"], isGood: false),
    Match(asked: .ip("192.0.2.1"), subject: "192.0.2.1", isGood: false),
    Match(asked: .ip("192.0.2.1"), names: ["www.example"], addresses: ["192.0.2.1"], isGood: true),
    Match(asked: .dns("www.example"), names: ["www.example"], addresses: ["192.0.2.1"], isGood: true),

    // The common name counts only where there is no alternative name.
    Match(asked: .dns("www.example"), subject: "www.example", isGood: true),
    Match(asked: .dns("www.example"), subject: "WWW.example", isGood: true),
    Match(asked: .dns("www.example.org"), subject: "*.example.org", isGood: true),
    Match(asked: .dns("www.example"), subject: "ftp.example", isGood: false),
    Match(asked: .dns("www.example"), names: ["ftp.example"], subject: "www.example", isGood: false),
    Match(asked: .dns("www.example"), subject: "www.example\0.evil", isGood: false),
    Match(asked: .dns("www.example"), addresses: ["192.0.2.1"], subject: "www.example", isGood: false),
    Match(asked: .dns("www.example.org"), addresses: ["2001:db8::1"], subject: "*.example.org", isGood: false),
  ]

  @Test(arguments: matches)
  func `a certificate fits the name, or is refused`(match: Match) throws {
    let identity = TestAuthority().issue(names: match.names, addresses: match.addresses, subject: match.subject)
    let failures = try EnginePair.failures(identity: identity, serverName: match.asked)
    #expect((failures.client == nil) == match.isGood, "\(failures.client?.description ?? "accepted")")
    if !match.isGood {
      var isAddress = false
      if case .ip = match.asked { isAddress = true }
      #expect(failures.client?.verification?.code == (isAddress ? 64 : 62))
      #expect(failures.client?.alertSent == .badCertificate)
      #expect(failures.client?.hint.contains(isAddress ? "address" : "name") == true)
    }
  }

  @Test(arguments: TLSVersion.both, ["URI:https://www.example", "email:www@example.org", "IP:192.0.2.1"])
  func `a common name is ignored beside an alternative name, in verification and in sessions`(
    version: TLSVersion, alternative: String
  ) throws {
    let certificate = SelfSigned(subject: "www.example", alternativeNames: alternative)
    var client = TLSContext.Configuration.client()
    client.trustRoots = [certificate.trust]
    client.minimumVersion = version
    client.maximumVersion = version
    let (context, server) = (try TLSContext(client), try TLSContext(.server(try certificate.identity)))
    var refused = try EnginePair(client: context, server: server, serverName: .dns("www.example"))
    #expect(refused.outcome().client?.verification?.code == 62)

    var pair = try EnginePair(client: context, server: server, serverName: .unverified(sni: "www.example"))
    try pair.handshake()
    try pair.settle()
    let session = pair.client.allSessions().last
    let offered = try #require(session)
    for asking in [context, try TLSContext(client)] {
      expectRefusal(.invalidArgument, .misuse, naming: "session") {
        _ = try TLSEngine(.client(serverName: .dns("www.example")), context: asking, session: offered)
      }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a common name is used if the certificate has no alternative name`(version: TLSVersion) throws {
    let certificate = SelfSigned(subject: "www.example", alternativeNames: nil)
    var client = TLSContext.Configuration.client()
    client.trustRoots = [certificate.trust]
    client.maximumVersion = version
    var pair = try EnginePair(
      client: TLSContext(client), server: TLSContext(.server(try certificate.identity)), serverName: .dns("www.example")
    )
    try pair.handshake()
    #expect(pair.client.negotiated != nil)
  }

  @Test(arguments: TLSVersion.both)
  func `the name is checked by either version`(version: TLSVersion) throws {
    let identity = TestIdentity.server("a.example")
    let refused = try EnginePair.failures(version, identity: identity, serverName: .dns("b.example"))
    #expect(refused.client?.verification?.code == 62)
    #expect(try EnginePair.failures(version, identity: identity, serverName: .dns("a.example")).client == nil)
  }
}
