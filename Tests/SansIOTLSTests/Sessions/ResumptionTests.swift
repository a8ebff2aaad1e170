import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Sessions: received as events, passed to `TLSEngine.init`.
@Suite(.tags(.behaviour))
struct ResumptionTests {
  /// A client and a server that keep their contexts from one connection to the next.
  private struct Ends {
    let client: TLSContext
    let server: TLSContext

    init(
      _ version: TLSVersion?, identity: TestIdentity = .server(),
      change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
    ) throws {
      var (client, server) = try EnginePair.configurations(version: version, identity: identity)
      try change(&client, &server)
      self.client = try TLSContext(client)
      self.server = try TLSContext(server)
    }

    /// A connection, and the sessions that it gave.
    func connect(
      _ session: TLSSession? = nil, serverName: TLSServerName = .dns("localhost")
    ) throws -> (isResumed: Bool, sessions: [TLSSession]) {
      var pair = try pair(session, serverName: serverName)
      return try finish(&pair)
    }

    func pair(_ session: TLSSession? = nil, serverName: TLSServerName = .dns("localhost")) throws -> EnginePair {
      try EnginePair(client: client, server: server, serverName: serverName, session: session)
    }

    func finish(_ pair: inout EnginePair) throws -> (isResumed: Bool, sessions: [TLSSession]) {
      try pair.handshake()
      try pair.settle()
      #expect(try pair.transfer([1], from: .client) == [1])
      let sessions = pair.client.allSessions()
      let isResumed = pair.client.negotiated?.isResumed == true
      let isResumedAtServer = pair.server.negotiated?.isResumed == true
      #expect(isResumed == isResumedAtServer)
      return (isResumed, sessions)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a session is resumed, and the resumed connection works`(version: TLSVersion) throws {
    let ends = try Ends(version)
    let first = try ends.connect()
    #expect(!first.isResumed)
    let session = try #require(first.sessions.last as TLSSession?)
    let second = try ends.connect(session)
    #expect(second.isResumed)
  }

  @Test func `every connection of a chain of resumptions has a new session`() throws {
    let ends = try Ends(.tls13)
    var session = try #require(try ends.connect().sessions.last)
    for _ in 0..<5 {
      let next = try ends.connect(session)
      #expect(next.isResumed)
      session = try #require(next.sessions.last)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a session serves many connections at once, and stays as it was`(version: TLSVersion) throws {
    let ends = try Ends(version)
    let session = try #require(try ends.connect().sessions.last)
    var first = try ends.pair(session)
    var second = try ends.pair(session)
    let secondResult = try ends.finish(&second)
    let firstResult = try ends.finish(&first)
    #expect(firstResult.isResumed)
    #expect(secondResult.isResumed)
    #expect(session.isResumable)
    #expect(try ends.connect(session).isResumed == true)
  }

  @Test(arguments: TLSVersion.both)
  func `a session outlives a connection that was cut`(version: TLSVersion) throws {
    let ends = try Ends(version)
    var pair = try ends.pair()
    let session = try #require(try ends.finish(&pair).sessions.last)
    pair.client.feedEOF()
    #expect(thrownError { _ = try pair.client.read(upTo: 1) }?.code == .truncated)
    #expect(session.isResumable)
    #expect(try ends.connect(session).isResumed == true)
  }

  // MARK: Identities

  @Test(arguments: TLSVersion.both)
  func `both identities survive resumption`(version: TLSVersion) throws {
    let alice = TestIdentity.client("Alice")
    let ends = try Ends(version) { client, server in try EnginePair.authenticateClient(&client, &server, alice) }
    let session = try #require(try ends.connect().sessions.last)
    var resumed = try ends.pair(session)
    #expect(try ends.finish(&resumed).isResumed == true)
    #expect(resumed.server.peerCertificates.first?.der == alice.certificateDER)
    #expect(resumed.client.peerCertificates.first?.subject.description == "CN=localhost")
  }

  /// The client kept the session as it was created; the server has the contents of its ticket.
  @Test(arguments: TLSVersion.both)
  func `of a peer's chain a client knows all after a resumption, and a server the leaf`(version: TLSVersion) throws {
    let identity = TestAuthority().issueIntermediate().issue(names: ["localhost"])
    let alice = TestAuthority().issueIntermediate(name: "Staff").issue(subject: "Alice", usage: .client)
    let ends = try Ends(version, identity: identity) { client, server in
      try EnginePair.authenticateClient(&client, &server, alice)
    }
    var first = try ends.pair()
    var session = try #require(try ends.finish(&first).sessions.last)
    #expect(first.client.peerCertificates.map(\.der) == identity.chainDER)
    #expect(first.server.peerCertificates.map(\.der) == alice.chainDER)
    for _ in 0..<2 {
      var resumed = try ends.pair(session)
      let (isResumed, sessions) = try ends.finish(&resumed)
      #expect(isResumed)
      #expect(resumed.client.peerCertificates.map(\.der) == identity.chainDER)
      #expect(resumed.server.peerCertificates.map(\.der) == [alice.certificateDER])
      session = sessions.last ?? session
    }
  }

  @Test(arguments: TLSVersion.both)
  func `the group is negotiated again in TLS 1.3, and in TLS 1.2 the session's is reported`(version: TLSVersion) throws
  {
    let (client, server) = try EnginePair.configurations(version: version)
    let serverContext = try TLSContext(server)
    var before = client
    before.groups = [.x25519, .secp256r1]
    var first = try EnginePair(client: TLSContext(before), server: serverContext)
    let session = try session(&first)
    #expect(first.client.negotiated?.group == .x25519)
    var now = client
    now.groups = [.secp256r1]
    var second = try EnginePair(client: TLSContext(now), server: serverContext, session: session)
    try second.handshake()
    let expected = version == .tls13 ? TLSGroup.secp256r1 : .x25519
    for negotiated in [second.client.negotiated, second.server.negotiated] {
      #expect(negotiated?.isResumed == true)
      #expect(negotiated?.group == expected)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a resumption without a certificate asks no question about one`(version: TLSVersion) throws {
    let ends = try Ends(version) { client, _ in client.pausesAtPeerCertificates = true }
    var first = try ends.pair()
    for _ in 0..<3 { first.step() }
    try first.client.answer(.followVerification)
    let session = try #require(try ends.finish(&first).sessions.last)
    #expect(try ends.connect(session).isResumed == true)
  }

  @Test(arguments: TLSVersion.both)
  func `the application protocol is negotiated again`(version: TLSVersion) throws {
    let ends = try Ends(version) { client, server in
      client.applicationProtocols = ["h2", "http/1.1"]
      server.applicationProtocols = ["h2"]
    }
    let session = try #require(try ends.connect().sessions.last)
    var resumed = try ends.pair(session)
    #expect(try ends.finish(&resumed).isResumed == true)
    #expect(resumed.client.negotiated?.applicationProtocol == "h2")
  }

  // MARK: Where it cannot be resumed

  @Test(arguments: TLSVersion.both)
  func `another server does not recognize the session and performs a full handshake`(version: TLSVersion) throws {
    let identity = TestIdentity.server()
    let session = try #require(try Ends(version, identity: identity).connect().sessions.last)
    let other = try Ends(version, identity: identity).connect(session)
    #expect(!other.isResumed)
    #expect(!other.sessions.isEmpty)
  }

  @Test func `a session of one version is not resumed in the other`() throws {
    let identity = TestIdentity.server()
    let (client, server) = try EnginePair.configurations(identity: identity)
    let serverContext = try TLSContext(server)
    for (old, new) in [(TLSVersion.tls13, TLSVersion.tls12), (.tls12, .tls13)] {
      var first = client
      first.minimumVersion = old
      first.maximumVersion = old
      var pair = try EnginePair(client: TLSContext(first), server: serverContext)
      try pair.handshake()
      try pair.settle()
      let sessions = pair.client.allSessions()
      var second = client
      second.maximumVersion = new
      var next = try EnginePair(client: TLSContext(second), server: serverContext, session: sessions.last)
      try next.handshake()
      #expect(next.client.negotiated?.isResumed == false)
      #expect(next.client.negotiated?.version == new)
    }
  }

  @Test func `a server limited to TLS 1.2 resumes no TLS 1.3 session`() throws {
    let identity = TestIdentity.server()
    let session = try #require(try Ends(nil, identity: identity).connect().sessions.last)
    #expect(session.version == .tls13)
    let down = try Ends(nil, identity: identity) { _, server in server.maximumVersion = .tls12 }
    #expect(try down.connect(session).isResumed == false)
  }

  @Test func `in TLS 1.3 a session is resumed with another suite of the same hash only`() throws {
    let (client, server) = try EnginePair.configurations(version: .tls13)
    let serverContext = try TLSContext(server)
    func connect(_ suite: TLSCipherSuite, _ session: TLSSession?) throws -> (Bool, TLSSession?) {
      var configuration = client
      configuration.cipherSuites = [suite]
      var pair = try EnginePair(client: TLSContext(configuration), server: serverContext, session: session)
      try pair.handshake()
      try pair.settle()
      let last = pair.client.allSessions().last
      return (pair.client.negotiated?.isResumed == true, last)
    }
    let (_, session) = try connect(.TLS_AES_128_GCM_SHA256, nil)
    #expect(try connect(.TLS_CHACHA20_POLY1305_SHA256, session).0 == true)
    #expect(try connect(.TLS_AES_256_GCM_SHA384, session).0 == false)
  }

  /// Expects that a session of `first` offered by `second` never results in an unproven connection.
  private func expectNoProof(
    _ first: Ends, _ firstName: TLSServerName, _ second: Ends, _ secondName: TLSServerName
  ) throws {
    let session = try #require(try first.connect(serverName: firstName).sessions.last)
    let error = thrownError {
      var pair = try second.pair(session, serverName: secondName)
      try pair.handshake()
    }
    #expect([.invalidArgument, .certificateRejected].contains(error?.code))
  }

  @Test(arguments: TLSVersion.both)
  func `a session proves no other name than its certificate does`(version: TLSVersion) throws {
    let ends = try Ends(version, identity: .server("a.example", addresses: ["192.0.2.1"]))
    try expectNoProof(ends, .dns("a.example"), ends, .dns("b.example"))
    try expectNoProof(ends, .dns("a.example"), ends, .ip("192.0.2.2"))
    try expectNoProof(ends, .unverified(sni: nil), ends, .dns("b.example"))
    let session = try #require(try ends.connect(serverName: .dns("a.example")).sessions.last)
    #expect(try ends.connect(session, serverName: .ip("192.0.2.1")).isResumed == true)
  }

  @Test(arguments: TLSVersion.both)
  func `a session of a connection that was not verified proves nothing`(version: TLSVersion) throws {
    let identity = TestIdentity.server(defect: .unknownIssuer)
    let (trusting, server) = try EnginePair.configurations(version: version, identity: identity)
    var careless = trusting
    careless.peerVerification = .none
    let serverContext = try TLSContext(server)
    var pair = try EnginePair(client: TLSContext(careless), server: serverContext)
    try pair.handshake()
    try pair.settle()
    let sessions = pair.client.allSessions()
    let session = try #require(sessions.last as TLSSession?)
    let error = thrownError {
      var next = try EnginePair(client: TLSContext(trusting), server: serverContext, session: session)
      try next.handshake()
    }
    #expect([.invalidArgument, .certificateRejected].contains(error?.code))
  }

  @Test(arguments: TLSVersion.both)
  func `a server without tickets performs full handshakes`(version: TLSVersion) throws {
    let ends = try Ends(version) { _, server in server.resumption = .off }
    #expect(try ends.connect().sessions.isEmpty == true)
  }

  @Test(arguments: TLSVersion.both, [0, 1])
  func `the serving context decides whether tickets are sent`(version: TLSVersion, count: Int) throws {
    let identity = TestIdentity.server()
    let client: TLSContext.Configuration
    var first: TLSContext.Configuration
    (client, first) = try EnginePair.configurations(version: version, identity: identity)
    first.pausesAtClientHello = true
    first.resumption = .tickets(count: 1 - count)
    var other = TLSContext.Configuration.server(try identity.identity)
    other.resumption = .tickets(count: count)
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(first))
    pair.step()
    try pair.server.answer(.serve(with: TLSContext(other)))
    try pair.handshake()
    try pair.settle()
    #expect(pair.client.allSessions().count == count)
  }

  private func session(_ pair: inout EnginePair) throws -> TLSSession {
    try pair.handshake()
    try pair.settle()
    let last = pair.client.allSessions().last
    return try #require(last)
  }

  @Test(arguments: TLSVersion.both)
  func `a session of a certificate that only the application accepted is refused elsewhere`(
    version: TLSVersion
  ) throws {
    let (strict, server) = try EnginePair.configurations(version: version, identity: .server(defect: .expired))
    var asking = strict
    asking.pausesAtPeerCertificates = true
    let serverContext = try TLSContext(server)
    var pair = try EnginePair(client: TLSContext(asking), server: serverContext)
    while pair.client.question == nil, pair.step() {}
    try pair.client.answer(.trust)
    let session = try session(&pair)
    let error = thrownError {
      _ = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(strict), session: session)
    }
    #expect(error?.code == .invalidArgument)
  }

  /// A certificate that vouches for itself has whatever names it likes.
  @Test(arguments: TLSVersion.both)
  func `a session of a certificate that only the application accepted is valid for the accepted name`(
    version: TLSVersion
  ) throws {
    let identity = TestAuthority().issue(names: ["a.example", "b.example"], defect: .selfSigned)
    let ends = try Ends(version, identity: identity) { client, _ in client.pausesAtPeerCertificates = true }
    func connect(_ session: TLSSession?, _ name: String) throws -> (isResumed: Bool, session: TLSSession?) {
      var pair = try ends.pair(session, serverName: .dns(name))
      while pair.client.question == nil, pair.step() {}
      if pair.client.question != nil { try pair.client.answer(.trust) }
      let (isResumed, sessions) = try ends.finish(&pair)
      return (isResumed, sessions.last)
    }
    let first = try connect(nil, "a.example")
    let second = try connect(first.session, "a.example")
    #expect(!first.isResumed && second.isResumed)
    // A resumption in TLS 1.2 gives no new session.
    let sessions = [first.session, second.session].compactMap(\.self)
    #expect(sessions.count == (version == .tls12 ? 1 : 2))
    for session in sessions {
      #expect(thrownError { _ = try connect(session, "b.example") }?.code == .invalidArgument)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a context that pauses at certificates accepts no other context's sessions`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    var asking = client
    asking.pausesAtPeerCertificates = true
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    let session = try session(&pair)
    for verification in [TLSContext.Configuration.PeerVerification.chain, .none] {
      asking.peerVerification = verification
      let error = thrownError {
        _ = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(asking), session: session)
      }
      #expect(error?.code == .invalidArgument)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a session is offered by another context if that context trusts its certificates`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    var other = client
    other.trustRoots = [TestIdentity.server().trust]
    let serverContext = try TLSContext(server)
    var pair = try EnginePair(client: TLSContext(client), server: serverContext)
    let session = try session(&pair)
    let error = thrownError {
      _ = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(other), session: session)
    }
    #expect(error?.code == .invalidArgument)
    var again = try EnginePair(client: TLSContext(client), server: serverContext, session: session)
    try again.handshake()
    #expect(again.client.negotiated?.isResumed == true)
  }

  @Test(arguments: TLSVersion.both)
  func `both sides report the requested name although a session for another is offered`(version: TLSVersion) throws {
    let ends = try Ends(version, identity: TestAuthority().issue(names: ["a.example", "b.example"]))
    let session = try #require(try ends.connect(serverName: .dns("a.example")).sessions.last)
    var pair = try ends.pair(session, serverName: .dns("b.example"))
    _ = try ends.finish(&pair)
    #expect(pair.client.negotiated?.isResumed == true)
    #expect(pair.server.negotiated?.serverName == "b.example")
    #expect(pair.client.negotiated?.serverName == "b.example")
  }
}
