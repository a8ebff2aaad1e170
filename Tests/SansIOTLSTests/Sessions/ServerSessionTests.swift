import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Sessions that a server keeps: in libssl's cache, and in a store of the application.
@Suite(.tags(.behaviour))
struct ServerSessionTests {
  /// A store of an application.
  private final class Store {
    var sessions: [[UInt8]: [UInt8]] = [:]

    func take(from engine: inout TLSEngine) {
      while let event = engine.nextEvent() {
        if case .sessionToStore(let session) = event { sessions[session.identifier] = session.bytes }
      }
    }

    func found(for hello: TLSEngine.ClientHello) -> TLSServerSession? {
      hello.sessionIdentifiers.lazy.compactMap { self.sessions[$0] }.first.flatMap { try? TLSServerSession(bytes: $0) }
    }
  }

  private static func configurations(
    _ version: TLSVersion, _ resumption: TLSContext.Configuration.Resumption
  ) throws -> (client: TLSContext.Configuration, server: TLSContext.Configuration) {
    var (client, server) = try EnginePair.configurations(version: version)
    client.maximumVersion = version
    server.resumption = resumption
    if case .applicationStore = resumption.place { server.pausesAtClientHello = true }
    return (client, server)
  }

  /// A connection with a store.
  private static func connect(
    _ client: TLSContext, _ server: TLSContext, _ session: TLSSession? = nil, store: Store? = nil,
    data: [UInt8]? = nil, servedBy other: TLSContext? = nil
  ) throws -> (isResumed: Bool, data: [UInt8]?, sessions: [TLSSession]) {
    var pair = try EnginePair(client: client, server: server, session: session)
    if let data { try pair.server.setTicketData(data) }
    while pair.server.question == nil, pair.step() {}
    if case .clientHello(let hello)? = pair.server.question {
      let answer = other.map { TLSEngine.ClientHello.Answer.serve(with: $0) } ?? .serve
      try pair.server.answer(answer.resuming(store?.found(for: hello)))
    }
    try pair.handshake()
    try pair.settle()
    #expect(try pair.transfer([1], from: .server) == [1])
    store?.take(from: &pair.server)
    return (
      pair.client.negotiated?.isResumed == true, pair.server.resumedTicketData, pair.client.allSessions()
    )
  }

  // MARK: The cache

  @Test(arguments: TLSVersion.both)
  func `a cache resumes what it keeps, and another context's cache does not`(version: TLSVersion) throws {
    let (client, server) = try Self.configurations(version, .cache())
    let (clientContext, serverContext) = (try TLSContext(client), try TLSContext(server))
    let first = try Self.connect(clientContext, serverContext, data: [5, 6])
    let session = try #require(first.sessions.last)
    #expect(session.ticketByteCount == (version == .tls13 ? 32 : 0))
    let second = try Self.connect(clientContext, serverContext, session)
    #expect(second.isResumed)
    #expect(second.data == [5, 6])
    #expect(try !Self.connect(clientContext, TLSContext(server), session).isResumed)
  }

  @Test(arguments: TLSVersion.both)
  func `a cache is bounded, and forgets the oldest`(version: TLSVersion) throws {
    let (client, server) = try Self.configurations(version, .cache(sessionCount: 3))
    let (clientContext, serverContext) = (try TLSContext(client), try TLSContext(server))
    let sessions = try (0..<5).map { _ in
      try #require(try Self.connect(clientContext, serverContext).sessions.last)
    }
    // Facts: libssl's cache of n holds n - 1. In TLS 1.3 each resumption adds a session.
    if version == .tls12 {
      // The newest first: a full handshake adds another.
      let resumed = try sessions.reversed().prefix(4).map {
        try Self.connect(clientContext, serverContext, $0).isResumed
      }
      #expect(resumed == [true, true, true, false])
    } else {
      #expect(try !Self.connect(clientContext, serverContext, sessions[1]).isResumed)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a session in a cache ends with the client's certificate`(version: TLSVersion) throws {
    let authority = TestAuthority()
    var (client, server) = try Self.configurations(version, .cache())
    let identity = authority.issue(subject: "Client", usage: .client)
    client.identities = [try identity.identity]
    server.trustRoots = [authority.trust]
    server.clientAuthentication = .required
    let leaf = try #require(client.identities[0].chain.first)
    // The connection of a moment at which the certificate has as many seconds left.
    for (rest, lifetime) in [(Int64(1000), 1000), (10_000, 7200)] {
      server.verificationTime = leaf.notAfter.map { $0 - rest }
      var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
      try pair.handshake()
      #expect(unsafe SSL_SESSION_get_timeout(SSL_get_session(pair.server.handle.ssl)) == lifetime)
    }
  }

  /// A session opens nothing that a full handshake would refuse: also not to the context that has made it.
  @Test(arguments: TLSVersion.both, [true, false])
  func `a session in a cache ends with the CRL that its client was verified by`(
    version: TLSVersion, hasList: Bool
  ) throws {
    let authority = TestAuthority()
    var (client, server) = try Self.configurations(version, .cache(count: 1))
    client.identities = [try authority.issue(subject: "Client", validity: .always, usage: .client).identity]
    server.trustRoots = [authority.trust]
    server.clientAuthentication = .required
    let time: Int64 = 2_000_000_000
    server.verificationTime = time
    if hasList {
      let validity = TestIdentity.Validity(notBefore: time - 3600, notAfter: time + 1000)
      server.revocation = .leaf([try authority.revocationList(validity: validity)])
    }
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    // The seconds that have passed since, as far as libssl knows.
    for (age, isResumed) in [(0, true), (500, true), (2000, !hasList)] {
      var first = try EnginePair(client: contexts.client, server: contexts.server)
      try first.handshake()
      try first.settle()
      let kept = unsafe SSL_get_session(first.server.handle.ssl)
      #expect(unsafe SSL_SESSION_get_timeout(kept) == (hasList ? 1000 : 7200))
      unsafe SSL_SESSION_set_time(kept, SSL_SESSION_get_time(kept) - age)
      let sessions = first.client.allSessions()
      var second = try EnginePair(client: contexts.client, server: contexts.server, session: sessions.last)
      try second.handshake()
      #expect(second.server.negotiated?.isResumed == isResumed, "\(age) seconds")
    }
  }

  // MARK: A store of the application

  @Test(arguments: TLSVersion.both)
  func `a store is asked by the identifiers of the ClientHello`(version: TLSVersion) throws {
    let (client, server) = try Self.configurations(version, .applicationStore())
    let clientContext = try TLSContext(client)
    let store = Store()
    // Each connection by a context of its own: the machines of a fleet. One domain makes their demands comparable.
    var fleet = server
    fleet.sessionDomain = "fleet"
    let first = try Self.connect(clientContext, TLSContext(fleet), store: store, data: [8])
    let session = try #require(first.sessions.last)
    #expect(store.sessions.count == 1)
    #expect(store.sessions.keys.allSatisfy { $0.count == 32 })
    let second = try Self.connect(clientContext, TLSContext(fleet), session, store: store)
    #expect(second.isResumed)
    #expect(second.data == [8])
    // What has been forgotten is not resumed.
    store.sessions = [:]
    #expect(try !Self.connect(clientContext, TLSContext(fleet), session, store: store).isResumed)
    #expect(store.sessions.count == 1)
    // Without a domain each context is alone.
    let alone = try #require(try Self.connect(clientContext, TLSContext(server), store: store).sessions.last)
    #expect(try !Self.connect(clientContext, TLSContext(server), alone, store: store).isResumed)
  }

  @Test(arguments: TLSVersion.both)
  func `a session that the client does not offer is not resumed`(version: TLSVersion) throws {
    var (client, server) = try Self.configurations(version, .applicationStore())
    server.sessionDomain = "fleet"
    client.maximumVersion = version
    let (clientContext, serverContext) = (try TLSContext(client), try TLSContext(server))
    let (mine, others) = (Store(), Store())
    let session = try #require(try Self.connect(clientContext, serverContext, store: mine).sessions.last)
    _ = try Self.connect(clientContext, serverContext, store: others)
    // The answer gives another client's session.
    var pair = try EnginePair(client: clientContext, server: serverContext, session: session)
    while pair.server.question == nil, pair.step() {}
    let wrong = try TLSServerSession(bytes: try #require(others.sessions.values.first))
    try pair.server.answer(TLSEngine.ClientHello.Answer.serve.resuming(wrong))
    try pair.handshake()
    #expect(pair.client.negotiated?.isResumed == false)
  }

  @Test(arguments: TLSVersion.both)
  func `a stored session is resumed under the same demands alone`(version: TLSVersion) throws {
    let staff = TestAuthority(name: "Staff")
    var (client, base) = try Self.configurations(version, .applicationStore())
    client.identities = [try staff.issue(subject: "Alice", usage: .client).identity]
    base.sessionDomain = "fleet"
    let clientContext = try TLSContext(client)
    func server(_ authentication: TLSContext.Configuration.ClientAuthentication) throws -> TLSContext {
      var server = base
      server.clientAuthentication = authentication
      if authentication != .none { server.trustRoots = [staff.trust] }
      return try TLSContext(server)
    }
    let all: [TLSContext.Configuration.ClientAuthentication] = [.none, .requested, .required]
    for first in all {
      let store = Store()
      let session = try #require(try Self.connect(clientContext, server(first), store: store).sessions.last)
      for second in all {
        let next = try Self.connect(clientContext, server(second), session, store: store)
        #expect(next.isResumed == (first == second), "\(first) to \(second)")
        let adopted = try Self.connect(clientContext, server(first), session, store: store, servedBy: server(second))
        #expect(adopted.isResumed == (first == second), "\(first) to \(second), adopted")
      }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a stored session of a client whose certificate has expired is not resumed`(version: TLSVersion) throws {
    let authority = TestAuthority()
    var (client, server) = try Self.configurations(version, .applicationStore())
    client.identities = [try authority.issue(subject: "Client", usage: .client).identity]
    server.trustRoots = [authority.trust]
    server.clientAuthentication = .required
    server.sessionDomain = "fleet"
    let clientContext = try TLSContext(client)
    let store = Store()
    let session = try #require(try Self.connect(clientContext, TLSContext(server), store: store).sessions.last)
    server.verificationTime = try #require(client.identities[0].chain.first?.notAfter) + 1
    let error = thrownError { _ = try Self.connect(clientContext, TLSContext(server), session, store: store) }
    #expect(error?.code == .certificateRejected)
  }

  @Test(arguments: TLSVersion.both)
  func `a stored session ends with the CRL that its client was verified by`(version: TLSVersion) throws {
    let authority = TestAuthority()
    var (client, server) = try Self.configurations(version, .applicationStore())
    client.identities = [try authority.issue(subject: "Client", validity: .always, usage: .client).identity]
    server.trustRoots = [authority.trust]
    server.clientAuthentication = .required
    server.sessionDomain = "fleet"
    let time: Int64 = 2_000_000_000
    let validity = TestIdentity.Validity(notBefore: time - 3600, notAfter: time + 1000)
    server.revocation = .leaf([try authority.revocationList(validity: validity)])
    let clientContext = try TLSContext(client)
    let store = Store()
    server.verificationTime = time
    let session = try #require(try Self.connect(clientContext, TLSContext(server), store: store).sessions.last)
    server.verificationTime = time + 999
    #expect(try Self.connect(clientContext, TLSContext(server), session, store: store).isResumed)
    server.verificationTime = time + 1001
    let error = thrownError { _ = try Self.connect(clientContext, TLSContext(server), session, store: store) }
    #expect(error?.code == .revocationListExpired)
  }

  @Test(arguments: TLSVersion.both)
  func `a failed connection spoils no stored session`(version: TLSVersion) throws {
    var (client, server) = try Self.configurations(version, .applicationStore())
    client.maximumVersion = version
    server.sessionDomain = "fleet"
    let (clientContext, serverContext) = (try TLSContext(client), try TLSContext(server))
    let store = Store()
    let session = try #require(try Self.connect(clientContext, serverContext, store: store).sessions.last)
    for _ in 0..<2 {
      var pair = try EnginePair(client: clientContext, server: serverContext, session: session)
      while pair.server.question == nil, pair.step() {}
      guard case .clientHello(let hello)? = pair.server.question else { return }
      try pair.server.answer(TLSEngine.ClientHello.Answer.serve.resuming(store.found(for: hello)))
      try pair.handshake()
      #expect(pair.server.negotiated?.isResumed == true)
      _ = try pair.server.feed([0x17, 3, 3, 0, 32] + [UInt8](repeating: 9, count: 32))
      #expect(thrownError { _ = try pair.server.read(upTo: 10) } != nil)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `an answer that is refused leaves no session to resume`(version: TLSVersion) throws {
    let (client, server) = try Self.configurations(version, .applicationStore())
    let (clientContext, serverContext) = (try TLSContext(client), try TLSContext(server))
    let store = Store()
    let session = try #require(try Self.connect(clientContext, serverContext, store: store).sessions.last)
    var pair = try EnginePair(client: clientContext, server: serverContext, session: session)
    while pair.server.question == nil, pair.step() {}
    guard case .clientHello(let hello)? = pair.server.question else {
      Issue.record("no question")
      return
    }
    let found = try #require(store.found(for: hello))
    let wrong = TLSEngine.ClientHello.Answer.serve(with: clientContext).resuming(found)
    #expect(thrownError { try pair.server.answer(wrong) }?.code == .wrongRole)
    try pair.server.answer(TLSEngine.ClientHello.Answer.serve)
    try pair.handshake()
    #expect(pair.server.negotiated?.isResumed == false)
  }

  @Test func `stored bytes that are damaged or of another kind are refused`() throws {
    let (client, server) = try Self.configurations(.tls13, .applicationStore())
    let store = Store()
    let session = try #require(
      try Self.connect(TLSContext(client), TLSContext(server), store: store).sessions.last)
    let bytes = try #require(store.sessions.values.first)
    let stored = try TLSServerSession(bytes: bytes)
    #expect(stored.bytes == bytes)
    #expect(stored.identifier == store.sessions.keys.first)
    #expect(stored.lifetime == 7200)
    #expect("\(stored)" == "TLSServerSession(\(bytes.count) bytes)")
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 0x10
      #expect(thrownError { _ = try TLSServerSession(bytes: damaged) }?.code == .invalidSession)
    }
    for other in [[], session.bytes, Array(bytes.dropLast()), bytes + [0]] {
      #expect(thrownError { _ = try TLSServerSession(bytes: other) }?.code == .invalidSession)
    }
    let forged = TLSServerSession.envelope(of: Array(stored.encoding) + [0])
    #expect(thrownError { _ = try TLSServerSession(bytes: forged) }?.code == .invalidSession)
  }

  // MARK: Contexts

  @Test(arguments: TLSVersion.both)
  func `a context of another kind of resumption does not serve, and one without does`(version: TLSVersion) throws {
    let (client, store) = try Self.configurations(version, .applicationStore())
    let clientContext = try TLSContext(client)
    typealias Resumption = TLSContext.Configuration.Resumption
    for (first, second, isAllowed) in [
      (Resumption.applicationStore(), Resumption.tickets(), false), (.applicationStore(), .cache(), false),
      (.applicationStore(), .off, true), (.tickets(), .applicationStore(), false), (.tickets(), .cache(), false),
      (.tickets(), .off, true), (.cache(), .off, true), (.off, .cache(), false), (.off, .tickets(), true),
    ] {
      var (front, other) = (store, store)
      front.resumption = first
      other.resumption = second
      var pair = try EnginePair(client: clientContext, server: TLSContext(front))
      while pair.server.question == nil, pair.step() {}
      let context = try TLSContext(other)
      typealias Answer = TLSEngine.ClientHello.Answer
      if isAllowed {
        try pair.server.answer(Answer.serve(with: context))
      } else {
        let error = thrownError { try pair.server.answer(Answer.serve(with: context)) }
        #expect(error?.code == .invalidArgument, "\(first) to \(second)")
        // The question stands after a misuse.
        try pair.server.answer(Answer.serve)
      }
      try pair.handshake()
      try pair.settle()
      if second == .off { #expect(pair.client.allSessions().isEmpty, "\(first) to \(second)") }
    }
  }

  @Test func `a session is given to a client that is served by a context with a store`() throws {
    let (client, server) = try Self.configurations(.tls13, .applicationStore())
    let store = Store()
    _ = try Self.connect(TLSContext(client), TLSContext(server), store: store)
    let session = try TLSServerSession(bytes: try #require(store.sessions.values.first))
    var tickets = server
    tickets.resumption = .tickets()
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(tickets))
    while pair.server.question == nil, pair.step() {}
    typealias Answer = TLSEngine.ClientHello.Answer
    #expect(thrownError { try pair.server.answer(Answer.serve.resuming(session)) }?.code == .wrongAnswer)
    #expect(
      thrownError { try pair.server.answer(Answer.refuse(.accessDenied).resuming(session)) }?.code == .wrongAnswer)
    #expect(Answer.serve.resuming(session) != .serve)
    #expect(Answer.serve.resuming(nil) == .serve)
    try pair.server.answer(Answer.serve)
    try pair.handshake()
  }

  // MARK: Rotation

  @Test(arguments: TLSVersion.both)
  func `keys are rotated in a context while its connections live`(version: TLSVersion) throws {
    func keys(_ current: UInt8, _ previous: UInt8...) throws -> TLSTicketKeys {
      try TLSTicketKeys(
        current: [UInt8](repeating: current, count: 32), previous: previous.map { [UInt8](repeating: $0, count: 32) })
    }
    let holder = TLSTicketKeyHolder(try keys(1))
    let (client, server) = try Self.configurations(version, .tickets(keys: holder))
    let (clientContext, serverContext) = (try TLSContext(client), try TLSContext(server))
    let old = try #require(try Self.connect(clientContext, serverContext).sessions.last)
    // A connection that lives on.
    var live = try EnginePair(client: clientContext, server: serverContext)
    try live.handshake()
    try live.settle()
    _ = live.client.allSessions()
    holder.replace(by: try keys(2, 1))
    #expect(holder.keys == (try keys(2, 1)))
    #expect(try live.transfer([1], from: .server) == [1])
    if version == .tls13 {
      // Its next ticket is of the new key.
      _ = try live.server.issueSessionTickets()
      try live.settle()
      let session = try #require(live.client.allSessions().last)
      var fresh = server
      fresh.resumption = .tickets(keys: try keys(2))
      #expect(try Self.connect(clientContext, TLSContext(fresh), session).isResumed)
    }
    let renewed = try Self.connect(clientContext, serverContext, old)
    #expect(renewed.isResumed)
    holder.replace(by: try keys(3, 2))
    #expect(try !Self.connect(clientContext, serverContext, old).isResumed)
    let next = try #require(renewed.sessions.last)
    #expect(try Self.connect(clientContext, serverContext, next).isResumed)
    // Configurations with one holder are equal, whatever it holds.
    #expect(TLSContext.Configuration.Resumption.tickets(keys: holder) == .tickets(keys: holder))
    #expect(.tickets(keys: holder) != TLSContext.Configuration.Resumption.tickets(keys: try keys(3, 2)))
  }
}
