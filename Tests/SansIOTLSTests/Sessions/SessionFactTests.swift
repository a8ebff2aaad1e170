import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 4, 18, 19 and 27 of the page OpenSSLFacts: tickets, sessions and what a connection retains of its peer.
@Suite(.tags(.openSSLFact))
struct SessionFactTests {
  /// Row 4. A TLS 1.3 server still has its tickets to send after the handshake; the client has no session before it
  /// reads.
  @Test
  func `a server drains its tickets after the handshake and the client reads them`() throws {
    var pair = try EnginePair.connected(.tls13, handshake: false) { _, server in server.resumption = .tickets(count: 2)
    }
    _ = try pair.server.feed(pair.client.drain())
    _ = try pair.client.feed(pair.server.drain())
    #expect(pair.client.negotiated != nil)
    _ = try pair.server.feed(pair.client.drain())
    #expect(pair.server.negotiated != nil)
    #expect(pair.server.needs == [.drain, .feed])
    let tickets = pair.server.drain()
    _ = try pair.client.feed(tickets)
    #expect(pair.client.needs == [.read])
    #expect(pair.client.allEvents() == ["handshakeCompleted"])
    #expect(try pair.client.read(upTo: 1) == .needsFeed)
    #expect(pair.client.allEvents() == ["sessionTicket(TLSSession(TLSv1.3))", "sessionTicket(TLSSession(TLSv1.3))"])
  }

  /// Row 18. SSL_free without shutdown would mark the session as not resumable.
  @Test(arguments: TLSVersion.both)
  func `a session outlives an engine that was dropped without close`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let contexts = (try TLSContext(client), try TLSContext(server))
    func ticket() throws -> TLSSession? {
      var pair = try EnginePair(client: contexts.0, server: contexts.1)
      try pair.handshake()
      try pair.settle()
      return pair.client.allSessions().last
    }
    let taken = try ticket()
    let session = try #require(taken)
    #expect(session.isResumable)
    var second = try EnginePair(client: contexts.0, server: contexts.1, session: session)
    try second.handshake()
    #expect(second.client.negotiated?.isResumed == true)
    #expect(second.server.negotiated?.isResumed == true)
    #expect(try second.transfer([1], from: .client) == [1])
  }

  /// Row 18. A failure of the connection does not affect a session that was received before it.
  @Test(arguments: TLSVersion.both)
  func `a session outlives its connection's failure`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let contexts = (try TLSContext(client), try TLSContext(server))
    var pair = try EnginePair(client: contexts.0, server: contexts.1)
    try pair.handshake()
    try pair.settle()
    let taken = pair.client.allSessions().last
    let session = try #require(taken)
    pair.client.feedEOF()
    #expect(thrownError { _ = try pair.client.read(upTo: 1) }?.code == .truncated)
    #expect(session.isResumable)
    var second = try EnginePair(client: contexts.0, server: contexts.1, session: session)
    try second.handshake()
    #expect(second.client.negotiated?.isResumed == true)
    #expect(second.server.negotiated?.isResumed == true)
    #expect(try second.transfer([1], from: .server) == [1])
    #expect(second.client.negotiated?.version == version)
  }

  /// Row 19. Client certificates and resumption fail without a session id context.
  @Test(arguments: TLSVersion.both)
  func `a session with client certificate is resumed`(version: TLSVersion) throws {
    let identity = TestIdentity.client("Alice")
    var (client, server) = try EnginePair.configurations(version: version)
    try EnginePair.authenticateClient(&client, &server, identity)
    let contexts = (try TLSContext(client), try TLSContext(server))
    var first = try EnginePair(client: contexts.0, server: contexts.1)
    try first.handshake()
    try first.settle()
    let taken = first.client.allSessions().last
    let session = try #require(taken)
    for _ in 0..<2 {
      var next = try EnginePair(client: contexts.0, server: contexts.1, session: session)
      try next.handshake()
      #expect(next.server.negotiated?.isResumed == true)
      #expect(next.server.peerCertificates.first?.subject.description == "CN=Alice")
      #expect(try next.transfer([1], from: .server) == [1])
    }
  }

  /// Row 27. Dropping the session to release the peer's chain would break the connection: the chain is retained.
  @Test(arguments: TLSVersion.both)
  func `the peer's chain is available from the handshake to the end`(version: TLSVersion) throws {
    let server = TestAuthority().issueIntermediate().issue(names: ["localhost"])
    let client = TestAuthority().issueIntermediate().issue(subject: "Bob", usage: .client)
    var pair = try EnginePair.connected(version, identity: server) {
      try EnginePair.authenticateClient(&$0, &$1, client)
    }
    func check() throws {
      #expect(pair.client.peerCertificates.map(\.der) == server.chainDER)
      #expect(pair.server.peerCertificates.map(\.der) == client.chainDER)
    }
    try check()
    try pair.settle()
    #expect(pair.client.hibernate() == true)
    #expect(pair.server.hibernate() == true)
    try check()
    #expect(try pair.transfer([1], from: .client) == [1])
    if version == .tls13 { _ = try pair.client.keyUpdate(requestingPeer: true) }
    #expect(try pair.transfer([1], from: .server) == [1])
    try pair.shutdown()
    try check()
  }
}
