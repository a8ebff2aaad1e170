import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Sessions of connections by a pre-shared key, and keys beside sessions.
@Suite(.tags(.law15))
struct PreSharedKeyResumptionTests {
  private static func contexts(
    _ version: TLSVersion?,
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> (client: TLSContext, server: TLSContext) {
    var (client, server) = try EnginePair.configurations(version: version)
    client.preSharedKeys = [try PreSharedKeyTests.key()]
    server.preSharedKeys = [try PreSharedKeyTests.key()]
    server.identities = []
    try change(&client, &server)
    return (try TLSContext(client), try TLSContext(server))
  }

  private static func session(_ client: TLSContext, _ server: TLSContext) throws -> TLSSession {
    var pair = try EnginePair(client: client, server: server)
    try pair.handshake()
    try pair.settle()
    let received = pair.client.allSessions().last
    return try #require(received)
  }

  private static let proof = TLSEngine.PeerAuthentication.preSharedKey(identity: PreSharedKeyTests.name)

  /// libssl copies the session then, without its ticket.
  @Test func `a resumption in another group is one, and not a connection by the key`() throws {
    let contexts = try Self.contexts(.tls13) { _, server in
      server.resumption = .tickets(keys: try TLSTicketKeys(current: [UInt8](repeating: 5, count: 32)))
    }
    let session = try Self.session(contexts.client, contexts.server)
    var other = contexts.server.configuration
    other.groups = [.secp384r1]
    var pair = try EnginePair(client: contexts.client, server: TLSContext(other), session: session)
    try pair.handshake()
    #expect(pair.client.negotiated?.isHelloRetried == true)
    for side in TLSRole.allCases {
      #expect(pair[side].negotiated?.isResumed == true, "\(side)")
      #expect(pair[side].negotiated?.peerAuthentication == Self.proof, "\(side)")
    }
  }

  @Test(arguments: TLSVersion.both, [true, false])
  func `a resumption keeps the proof of its first connection on both sides`(
    version: TLSVersion, isRequired: Bool
  ) throws {
    let contexts = try Self.contexts(version) { _, server in
      if isRequired {
        server.clientAuthentication = .required
        server.trustRoots = [TestAuthority().trust]
      }
    }
    var session = try Self.session(contexts.client, contexts.server)
    // A resumption of a resumption too.
    for _ in 0..<2 {
      var pair = try EnginePair(client: contexts.client, server: contexts.server, session: session)
      try pair.handshake()
      try pair.settle()
      for side in TLSRole.allCases {
        #expect(pair[side].negotiated?.isResumed == true, "\(side)")
        #expect(pair[side].negotiated?.peerAuthentication == Self.proof, "\(side)")
      }
      if version == .tls13 { session = pair.client.allSessions().last ?? session }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a saved session keeps its proof`(version: TLSVersion) throws {
    let contexts = try Self.contexts(version)
    let session = try TLSSession(bytes: Self.session(contexts.client, contexts.server).bytes)
    var pair = try EnginePair(client: contexts.client, server: contexts.server, session: session)
    try pair.handshake()
    #expect(pair.client.negotiated?.isResumed == true)
    #expect(pair.client.negotiated?.peerAuthentication == Self.proof)
  }

  @Test func `the application's data is in the ticket beside the identity`() throws {
    let contexts = try Self.contexts(.tls13) { _, server in
      server.resumption = .tickets(count: 1, timing: .onRequest)
    }
    var pair = try EnginePair(client: contexts.client, server: contexts.server)
    try pair.handshake()
    try pair.server.setTicketData([1, 2, 3])
    _ = try pair.server.issueSessionTickets()
    try pair.settle()
    let received = pair.client.allSessions().last
    let session = try #require(received)
    var second = try EnginePair(client: contexts.client, server: contexts.server, session: session)
    try second.handshake()
    #expect(second.server.resumedTicketData == [1, 2, 3])
    #expect(second.server.negotiated?.peerAuthentication == Self.proof)
  }

  @Test(arguments: TLSVersion.both)
  func `a client without the key does not offer the session`(version: TLSVersion) throws {
    let contexts = try Self.contexts(version)
    let session = try Self.session(contexts.client, contexts.server)
    let (plain, _) = try EnginePair.configurations(version: version)
    let error = thrownError {
      _ = try EnginePair(client: TLSContext(plain), server: contexts.server, session: session)
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.hint.contains("pre-shared key") == true)
  }

  @Test(arguments: TLSVersion.both)
  func `a session by a certificate proves nothing to a client that demands its key`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let session = try Self.session(TLSContext(client), TLSContext(server))
    let contexts = try Self.contexts(version)
    let error = thrownError {
      _ = try EnginePair(client: contexts.client, server: contexts.server, session: session)
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.hint.contains("without the pre-shared key") == true)
  }

  @Test(arguments: TLSVersion.both)
  func `a server that cannot open the ticket takes the key`(version: TLSVersion) throws {
    let contexts = try Self.contexts(version)
    let session = try Self.session(contexts.client, contexts.server)
    let other = try Self.contexts(version)
    var pair = try EnginePair(client: contexts.client, server: other.server, session: session)
    try pair.handshake()
    for side in TLSRole.allCases {
      #expect(pair[side].negotiated?.isResumed == false)
      #expect(pair[side].negotiated?.peerAuthentication == Self.proof)
    }
  }

  /// Anyone gets a ticket of the one: it must not open the other.
  @Test(arguments: TLSVersion.both)
  func `a ticket of a server with a certificate opens no server of keys alone`(version: TLSVersion) throws {
    let keys = try TLSTicketKeys(current: [UInt8](repeating: 3, count: 32))
    let identity = TestIdentity.server()
    var (client, open) = try EnginePair.configurations(version: version, identity: identity)
    client.sessionDomain = "one"
    open.resumption = .tickets(keys: keys)
    open.sessionDomain = "one"
    var closed = open
    closed.identities = []
    closed.preSharedKeys = [try PreSharedKeyTests.key()]
    let context = try TLSContext(client)
    let session = try Self.session(context, TLSContext(open))
    var again = try EnginePair(client: context, server: TLSContext(open), session: session)
    try again.handshake()
    #expect(again.server.negotiated?.isResumed == true)
    var pair = try EnginePair(client: context, server: TLSContext(closed), session: session)
    let failures = pair.outcome()
    // In TLS 1.3 the ticket is an identity without a key.
    #expect(
      failures.server?.code == (version == .tls12 ? .missingPreSharedKey : .unknownPreSharedKey),
      "\(String(describing: failures.server))")
  }
}
