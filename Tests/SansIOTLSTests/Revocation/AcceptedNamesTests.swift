import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Several accepted names, and strict checks.
@Suite(.tags(.law15, .behaviour))
struct AcceptedNamesTests {
  @Test(arguments: TLSVersion.both)
  func `a certificate for one of the names is accepted`(version: TLSVersion) throws {
    let identity = TestIdentity.server("new.example")
    func failure(_ name: TLSServerName) throws -> EnginePair.Failures {
      try EnginePair.failures(version, identity: identity, serverName: name)
    }
    #expect(try failure(.anyOf(["old.example", "new.example"], sni: "old.example")).client == nil)
    #expect(try failure(.anyOf(["NEW.example."], sni: nil)).client == nil)
    let refused = try failure(.anyOf(["old.example", "older.example"], sni: "new.example"))
    #expect(refused.client?.verification?.code == 62)
    #expect(refused.client?.alertSent == .badCertificate)
  }

  @Test func `the name for the handshake is the one given`() throws {
    let identity = TestIdentity.server("new.example")
    var (client, server) = try EnginePair.configurations(identity: identity)
    client.tracesMessages = false
    server.tracesMessages = false
    for sni in ["front.example", nil] {
      var pair = try EnginePair(
        client: TLSContext(client), server: TLSContext(server),
        serverName: .anyOf(["a.example", "new.example"], sni: sni))
      try pair.handshake()
      #expect(pair.server.negotiated?.serverName == sni)
    }
  }

  @Test(arguments: [[], [""], ["ok.example", "*.example"], ["ok.example", "192.0.2.1"], ["ok.example", "a/b"]])
  func `a name that cannot be one is refused`(names: [String]) throws {
    let client = try TLSContext(.client())
    expectRefusal(.invalidServerName, .misuse) {
      _ = try TLSEngine(.client(serverName: .anyOf(names, sni: nil)), context: client)
    }
    expectRefusal(.invalidServerName, .misuse) {
      _ = try TLSEngine(.client(serverName: .anyOf(["ok.example"], sni: "192.0.2.1")), context: client)
    }
    expectRefusal(.invalidServerName, .misuse) {
      _ = try TLSEngine(.client(serverName: .anyOf(["ok.example"], sni: "a\0b")), context: client)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `an answer for some names does not apply to others`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version, identity: .server(defect: .selfSigned))
    client.pausesAtPeerCertificates = true
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    var pair = try EnginePair(
      client: ends.client, server: ends.server, serverName: .anyOf(["a.example", "b.example"], sni: "a.example"))
    while pair.step() {}
    try pair.answer(.trust, at: .client)
    try pair.handshake()
    try pair.settle()
    let session = try #require(pair.client.allSessions().last)
    func isOffered(_ name: TLSServerName) -> Bool {
      (try? TLSEngine(.client(serverName: name), context: ends.client, session: session)) != nil
    }
    #expect(isOffered(.anyOf(["B.example", "a.example"], sni: "a.example")))
    #expect(!isOffered(.anyOf(["a.example", "b.example"], sni: "b.example")))
    #expect(!isOffered(.anyOf(["a.example", "b.example", "c.example"], sni: "a.example")))
    #expect(!isOffered(.anyOf(["a.example"], sni: "a.example")))
    #expect(!isOffered(.dns("a.example")))
  }

  /// An authority without a name.
  @Test(arguments: TLSVersion.both)
  func `strict checks refuse a chain that libcrypto accepts otherwise`(version: TLSVersion) throws {
    let loose = TestAuthority(name: "").issue(names: ["localhost"])
    for (identity, isStrict, expected) in [
      (loose, false, nil), (loose, true, TLSError.Code.certificateRejected), (.server(), true, nil),
    ] {
      let failures = try EnginePair.failures(version, identity: identity) { client, _ in
        client.checksStrictly = isStrict
      }
      #expect(failures.client?.code == expected)
    }
  }
}
