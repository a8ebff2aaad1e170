import CSansIOTLSShims
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// The lifetimes that a server announces, and what a client makes of them.
@Suite(.tags(.behaviour))
struct TicketLifetimeTests {
  /// NewSessionTicket: lifetime, age_add, nonce, ticket, no extensions (RFC 8446, section 4.6.1).
  private static func ticket(_ lifetime: UInt32) -> [UInt8] {
    let seconds = (0..<4).map { UInt8(truncatingIfNeeded: lifetime >> (24 - $0 * 8)) }
    return [4, 0, 0, 16] + seconds + [0, 0, 0, 1, 1, 7, 0, 2, 1, 2, 0, 0]
  }

  @Test func `a TLS 1.3 ticket with lifetime 0 is no session, and the others are`() throws {
    var (box, forge) = try RecordForge.connected(.tls13, forging: .server)
    let tickets = [7200, 0, 604_800, 0, 604_801, .max, 1].flatMap { forge.seal(.handshake, Self.ticket($0)) }
    _ = try box.pair.client.absorb(tickets)
    #expect(box.pair.client.allSessions().map(\.lifetime) == [7200, 604_800, 604_800, 604_800, 1])
  }

  /// A server's libssl that announces other lifetimes than its own.
  @Test(arguments: TLSVersion.both, [0, 60, 1_000_000])
  func `a real server's ticket lives as long as announced, and at most seven days`(
    version: TLSVersion, announced: Int
  ) throws {
    let identity = TestIdentity.server()
    var (configuration, _) = try EnginePair.configurations(version: version, identity: identity)
    configuration.maximumVersion = version
    var client = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(configuration))
    // libssl cannot encrypt a session without a lifetime into a ticket: one that it keeps can be without.
    let server = RawPeer(
      .server, version: version, identity: identity, options: announced == 0 ? sitls_op_no_ticket : 0,
      ticketLifetime: announced)
    for _ in 0..<3 {
      _ = server.absorb(client.drain())
      _ = try client.absorb(server.drain())
    }
    #expect(client.negotiated?.version == version)
    let sessions = client.allSessions()
    if announced == 0, version == .tls13 {
      #expect(sessions.isEmpty)
    } else {
      // 0 is no lifetime in TLS 1.2 (RFC 5077, section 3.3), and libssl has two hours of its own.
      let expected: Int64 = announced == 0 ? 7200 : announced == 60 ? 60 : 604_800
      #expect(!sessions.isEmpty)
      #expect(sessions.allSatisfy { $0.lifetime == expected })
    }
  }

  @Test(arguments: [UInt32(604_800), 604_801, .max])
  func `a TLS 1.3 session is not offered after seven days, whatever was announced`(announced: UInt32) throws {
    var (box, forge) = try RecordForge.connected(.tls13, forging: .server)
    _ = try box.pair.client.absorb(forge.seal(.handshake, Self.ticket(announced)))
    let session = try #require(box.pair.client.allSessions().first)
    let now = session.creationTime
    for (age, isOffered) in [(Int64(518_400), true), (691_200, false)] {
      unsafe sitls_set_session_time(session.reference.session, now - age)
      var client = try TLSEngine(
        .client(serverName: .dns("localhost")), context: box.pair.client.context, session: session)
      #expect(try Self.offersSession(client.drain()) == isOffered, "\(age)")
    }
  }

  /// Whether a ClientHello has the extension pre_shared_key, 41.
  private static func offersSession(_ flight: [UInt8]) throws -> Bool {
    var configuration = TLSContext.Configuration.server(try TestIdentity.server().identity)
    configuration.pausesAtClientHello = true
    var server = try TLSEngine(.server, context: TLSContext(configuration))
    _ = try server.feed(flight)
    guard case .clientHello(let hello)? = server.question else { return false }
    return hello.extensions.contains { $0.type == 41 }
  }
}
