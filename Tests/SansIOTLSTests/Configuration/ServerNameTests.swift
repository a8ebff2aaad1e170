import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Whom a client means to reach: what it may ask for, what goes on the wire, and what a certificate must say.
struct ServerNameTests {
  private func engine(_ name: ServerName) throws -> TLSEngine {
    try TLSEngine(.client(serverName: name), context: TLSContext(.client()))
  }

  private func holds(_ bytes: [UInt8], _ text: String) -> Bool {
    let needle = Array(text.utf8)
    return bytes.indices.contains { bytes[$0...].starts(with: needle) }
  }

  // MARK: What may be asked for

  @Test(arguments: [
    ("", "empty"), (".", "empty label"), ("a..b", "empty label"), (".example", "empty label"), ("a\0b", "NUL"),
    ("b\u{FC}cher.example", "xn--"), ("a b", "white space"), ("a\tb", "control"), ("127.0.0.1", ".ip"),
    ("::1", ".ip"), ("[::1]", ".ip"), ("example:443", ".ip"), (String(repeating: "a", count: 64), "63"),
    (String(repeating: "a.", count: 127) + "aa", "256"),
  ])
  func `a name that cannot be a DNS name is refused`(name: String, reason: String) throws {
    expectRefusal(.invalidServerName, .misuse, naming: reason) { _ = try engine(.dns(name)) }
    expectRefusal(.invalidServerName, .misuse, naming: reason) { _ = try engine(.unverified(sni: name)) }
  }

  @Test(arguments: [
    "localhost", "a.b.c", "xn--bcher-kva.example", "under_score.example", "-dash-.example", "UPPER.example", "1.2.3",
    "1.2.3.4.5", "a!b.example", String(repeating: "a", count: 63) + ".example",
    String(repeating: "a.", count: 126) + "a",
  ])
  func `an odd but legal name is sent as it is`(name: String) throws {
    var engine = try engine(.dns(name))
    #expect(holds(engine.drain(), name))
  }

  @Test(arguments: [
    "", "localhost", "1.2.3", "256.1.1.1", "fe80::1%eth0", "[::1]", "127.0.0.1 ", "127.0.0.1\0", "::g",
    "1.2.3.4.5", "1.2.3.4abc", "+1.2.3.4",
  ])
  func `what is no address is refused as one`(address: String) throws {
    expectRefusal(.invalidServerName, .misuse, naming: "address") { _ = try engine(.ip(address)) }
  }

  // MARK: What goes on the wire

  @Test(arguments: TLSVersion.both)
  func `the name reaches the server`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version)
    #expect(pair.server.negotiated?.serverName == "localhost")
    #expect(pair.client.negotiated?.serverName == "localhost")
  }

  @Test(arguments: TLSVersion.both)
  func `a name of mixed case is sent as it is, and told to the server in lower case`(version: TLSVersion) throws {
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
      #expect(!holds(hello, address))
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
    let asked: ServerName
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

  @Test(arguments: TLSVersion.both)
  func `the name is checked by either version`(version: TLSVersion) throws {
    let identity = TestIdentity.server("a.example")
    let refused = try EnginePair.failures(version, identity: identity, serverName: .dns("b.example"))
    #expect(refused.client?.verification?.code == 62)
    #expect(try EnginePair.failures(version, identity: identity, serverName: .dns("a.example")).client == nil)
  }
}
