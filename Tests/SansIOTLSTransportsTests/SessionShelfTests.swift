import SansIOTLSTestKit
import Testing

@testable import SansIOTLS
@testable import SansIOTLSTransports

/// The bounds of a session cache, as a table without a network.
struct SessionShelfTests {
  private static func sessions(_ version: TLSVersion, _ count: Int) throws -> [TLSSession] {
    var (client, server) = try EnginePair.configurations(version: version)
    client.maximumVersion = version
    server.resumption = .tickets(count: version == .tls13 ? count : 1)
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var sessions: [TLSSession] = []
    while sessions.count < count {
      var pair = try EnginePair(client: contexts.client, server: contexts.server)
      try pair.handshake()
      _ = try pair.receive(at: .client)
      sessions += pair.client.takeSessions()
    }
    return sessions
  }

  private static func key(_ name: String) -> SessionShelf.Key { SessionShelf.Key(.dns(name), .client()) }

  /// The identity of a session, as its bytes.
  private func same(_ left: TLSSession?, _ right: TLSSession?) -> Bool { left?.bytes == right?.bytes }

  @Test func `a session of TLS 1.3 is handed out once, the newest first`() throws {
    let sessions = try Self.sessions(.tls13, 3)
    var shelf = SessionShelf(serverCount: 4, sessionsPerServer: 2)
    let now = try #require(sessions.map(\.creationTime).max())
    for session in sessions { shelf.insert(session, Self.key("a")) }
    #expect(shelf.count == 2)
    #expect(same(shelf.take(Self.key("a"), at: now), sessions[2]))
    #expect(same(shelf.take(Self.key("a"), at: now), sessions[1]))
    #expect(shelf.take(Self.key("a"), at: now) == nil)
    #expect(shelf.count == 0)
  }

  @Test func `a session of TLS 1.2 stays, until a newer one replaces it`() throws {
    let sessions = try Self.sessions(.tls12, 2)
    var shelf = SessionShelf(serverCount: 4, sessionsPerServer: 2)
    let now = try #require(sessions.map(\.creationTime).max())
    shelf.insert(sessions[0], Self.key("a"))
    for _ in 0..<3 { #expect(same(shelf.take(Self.key("a"), at: now), sessions[0])) }
    shelf.insert(sessions[1], Self.key("a"))
    #expect(shelf.count == 1)
    #expect(same(shelf.take(Self.key("a"), at: now), sessions[1]))
    shelf.remove(Self.key("a"))
    #expect(shelf.take(Self.key("a"), at: now) == nil)
  }

  @Test func `what has expired, or is of the future, is handed out to no one`() throws {
    let session = try Self.sessions(.tls12, 1)[0]
    var shelf = SessionShelf(serverCount: 4, sessionsPerServer: 2)
    for (age, isValid) in [(Int64(-1), false), (0, true), (session.lifetime - 1, true), (session.lifetime, false)] {
      shelf.insert(session, Self.key("a"))
      #expect((shelf.take(Self.key("a"), at: session.creationTime + age) != nil) == isValid, "\(age)")
      shelf.removeAll()
    }
  }

  @Test func `servers that were used least recently are forgotten`() throws {
    let session = try Self.sessions(.tls12, 1)[0]
    let now = session.creationTime
    var shelf = SessionShelf(serverCount: 3, sessionsPerServer: 1)
    for name in ["a", "b", "c"] { shelf.insert(session, Self.key(name)) }
    #expect(shelf.take(Self.key("a"), at: now) != nil)
    shelf.insert(session, Self.key("d"))
    #expect(shelf.count == 3)
    // Not `b`: looking for what is not there changes nothing.
    #expect(["a", "b", "c", "d"].map { shelf.take(Self.key($0), at: now) != nil } == [true, false, true, true])
    // The places are used again, in every order.
    for name in ["a", "c", "d"] { shelf.remove(Self.key(name)) }
    for round in 0..<20 { shelf.insert(session, Self.key("\(round)")) }
    #expect(shelf.count == 3)
    #expect((0..<20).filter { shelf.take(Self.key("\($0)"), at: now) != nil } == [17, 18, 19])
  }

  @Test func `other names and other configurations are others`() throws {
    let session = try Self.sessions(.tls12, 1)[0]
    let now = session.creationTime
    var shelf = SessionShelf(serverCount: 8, sessionsPerServer: 1)
    shelf.insert(session, Self.key("Example.com."))
    #expect(shelf.take(Self.key("example.com"), at: now) != nil)
    #expect(shelf.take(Self.key("example.org"), at: now) == nil)
    #expect(shelf.take(SessionShelf.Key(.unverified(sni: "example.com"), .client()), at: now) == nil)
    let changes: [(inout TLSContext.Configuration) -> Void] = [
      { $0.trustRoots = [] }, { $0.peerVerification = .none }, { $0.applicationProtocols = ["h2"] },
      { $0.minimumVersion = .tls13 }, { $0.sessionDomain = "other" }, { $0.pausesAtPeerCertificates = true },
    ]
    for change in changes {
      var other = TLSContext.Configuration.client()
      change(&other)
      #expect(shelf.take(SessionShelf.Key(.dns("example.com"), other), at: now) == nil)
    }
  }
}
