import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A client that is led to a service other than the one that it meant (ALPACA) is refused by the context that would
/// serve it.
@Suite(.tags(.law13, .behaviour))
struct CrossProtocolTests {
  private static let authority = TestAuthority()
  private static let web = authority.issue(names: ["web.example"])
  private static let mail = authority.issue(names: ["mail.example", "*.mail.example"], addresses: ["192.0.2.1"])

  /// A client of the web, whom the application's answer leads to the mail service.
  private func led(
    _ version: TLSVersion, asking name: TLSServerName, offering protocols: [String], asks: Bool = true,
    change: (inout [UInt8]) throws -> Void = { _ in },
    mail configure: (inout TLSContext.Configuration) -> Void = { _ in }
  ) throws -> EnginePair.Failures {
    var (client, front) = try EnginePair.configurations(version: version, identity: Self.web)
    client.applicationProtocols = protocols
    client.peerVerification = .none
    front.applicationProtocols = ["h2", "http/1.1"]
    var mail = TLSContext.Configuration.server(try Self.mail.identity)
    mail.applicationProtocols = ["imap"]
    mail.serverNameMismatch = .refuse
    configure(&mail)
    front.pausesAtClientHello = true
    let served = try TLSContext(mail)
    var pair = try EnginePair(client: TLSContext(client), server: asks ? TLSContext(front) : served, serverName: name)
    var hello = pair.client.drain()
    try change(&hello)
    _ = try? pair.server.feed(hello)
    if asks { _ = try? pair.server.answer(.serve(with: served)) }
    return pair.outcome()
  }

  @Test(arguments: TLSVersion.both)
  func `a client that offers none of the context's protocols is refused`(version: TLSVersion) throws {
    let failures = try led(version, asking: .dns("mail.example"), offering: ["h2", "http/1.1"])
    #expect(failures.server?.alertSent == .noApplicationProtocol)
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.client?.alertReceived == .noApplicationProtocol)
    let allowed = try led(
      version, asking: .dns("mail.example"), offering: ["h2"], mail: { $0.applicationProtocolMismatch = .proceed })
    #expect(allowed.server == nil)
  }

  @Test(arguments: TLSVersion.both, [false, true])
  func `a client that names a server of another context is refused`(version: TLSVersion, asks: Bool) throws {
    for protocols in [[], ["imap"]] {
      let failures = try led(version, asking: .dns("web.example"), offering: protocols, asks: asks)
      #expect(failures.server?.alertSent == .unrecognizedName)
      #expect(failures.server?.code == .peerIncompatible)
      #expect(failures.server?.hint.contains("server name") == true)
      #expect(failures.client?.alertReceived == .unrecognizedName)
    }
    let allowed = try led(
      version, asking: .dns("web.example"), offering: [], asks: asks, mail: { $0.serverNameMismatch = .proceed })
    #expect(allowed.server == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `a client that fits is served, and one that names no server too`(version: TLSVersion) throws {
    for name in ["mail.example", "MAIL.example.", "a.mail.example"] {
      #expect(try led(version, asking: .dns(name), offering: ["imap"]).server == nil)
    }
    for name in ["b.a.mail.example", "mail.example.invalid", "web.mail.example.test"] {
      #expect(try led(version, asking: .dns(name), offering: ["imap"]).server?.alertSent == .unrecognizedName)
    }
    #expect(try led(version, asking: .unverified(sni: nil), offering: ["imap"]).server == nil)
    #expect(try led(version, asking: .ip("192.0.2.1"), offering: []).server == nil)
  }

  /// libssl takes any bytes for a name; to this library they are none, and fit no certificate.
  @Test(arguments: TLSVersion.both)
  func `a name that is no DNS name is refused too`(version: TLSVersion) throws {
    let failures = try led(
      version, asking: .dns("mail.example"), offering: ["imap"],
      change: { hello in
        let name = Array("mail.example".utf8)
        let place = try #require(hello.indices.first { hello[$0...].starts(with: name) })
        hello[place] = 0x80
      })
    #expect(failures.server?.alertSent == .unrecognizedName)
  }

  /// A resumption sends no certificate that could give the mistake away.
  @Test(arguments: TLSVersion.both)
  func `a session does not lead past the check`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version, identity: Self.mail)
    client.peerVerification = .none
    let open = try TLSContext(server)
    server.serverNameMismatch = .refuse
    let strict = try TLSContext(server)
    var front = server
    front.serverNameMismatch = .proceed
    front.pausesAtClientHello = true
    let fronted = try TLSContext(front)
    let clientContext = try TLSContext(client)
    func connect(_ served: TLSContext, _ session: TLSSession?) throws -> (EnginePair.Failures, TLSSession?) {
      var pair = try EnginePair(
        client: clientContext, server: fronted, serverName: .dns("web.example"), session: session)
      pair.step()
      _ = try? pair.server.answer(.serve(with: served))
      let failures = pair.outcome()
      return (failures, pair.client.allSessions().last)
    }
    let (first, session) = try connect(open, nil)
    #expect(first.server == nil)
    let known = try #require(session)
    #expect(try connect(open, known).0.server == nil)
    #expect(try connect(strict, known).0.server?.alertSent == .unrecognizedName)
  }

  @Test func `the setting is a server's`() {
    var configuration = TLSContext.Configuration.client()
    configuration.serverNameMismatch = .refuse
    expectRefusal(.invalidConfiguration, .misuse, naming: "serverNameMismatch") { _ = try TLSContext(configuration) }
  }
}
