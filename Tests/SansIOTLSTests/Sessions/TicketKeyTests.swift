import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Tickets that several servers can open.
@Suite(.tags(.behaviour))
struct TicketKeyTests {
  private static func secret(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: 32) }

  /// A connection, and the last session that it gave.
  private static func connect(
    _ client: TLSContext, _ server: TLSContext, _ session: TLSSession? = nil, servedBy other: TLSContext? = nil
  ) throws -> (isResumed: Bool, session: TLSSession?) {
    var pair = try EnginePair(client: client, server: server, session: session)
    while pair.server.question == nil, pair.step() {}
    if pair.server.question != nil { try pair.server.answer(other.map { .serve(with: $0) } ?? .serve) }
    try pair.handshake()
    try pair.settle()
    #expect(try pair.transfer([1], from: .server) == [1])
    let last = pair.client.allSessions().last
    return (pair.client.negotiated?.isResumed == true, last)
  }

  @Test(arguments: TLSVersion.both)
  func `servers that share keys resume each other's sessions`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    let clientContext = try TLSContext(client)
    server.resumption = .tickets(keys: try TLSTicketKeys(current: Self.secret(1)))
    let session = try #require(try Self.connect(clientContext, TLSContext(server)).session)
    let next = try Self.connect(clientContext, TLSContext(server), session)
    #expect(next.isResumed)
    // Facts: a callback that answers 1 resumes in TLS 1.3 without a new ticket.
    if version == .tls13 { #expect(try Self.connect(clientContext, TLSContext(server), next.session).isResumed) }
    client.maximumVersion = version
    server.resumption = .tickets(keys: try TLSTicketKeys(current: Self.secret(2)))
    #expect(try !Self.connect(clientContext, TLSContext(server), session).isResumed)
    server.resumption = .tickets()
    #expect(try !Self.connect(clientContext, TLSContext(server), session).isResumed)
  }

  @Test(arguments: TLSVersion.both)
  func `a rotation leaves the sessions of the previous key, and renews them`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.maximumVersion = version
    let clientContext = try TLSContext(client)
    func serverContext(_ current: UInt8, _ previous: UInt8...) throws -> TLSContext {
      server.resumption = .tickets(
        keys: try TLSTicketKeys(current: Self.secret(current), previous: previous.map(Self.secret)))
      return try TLSContext(server)
    }
    let old = try #require(try Self.connect(clientContext, serverContext(1)).session)
    let next = try Self.connect(clientContext, serverContext(2, 1), old)
    #expect(next.isResumed)
    // Facts: libssl's callback is not called for a renewed ticket of TLS 1.2.
    let renewed = try #require(next.session)
    #expect(try Self.connect(clientContext, serverContext(2), renewed).isResumed)
    #expect(try !Self.connect(clientContext, serverContext(2), old).isResumed)
    // A ticket of the current key stays as it is in TLS 1.2.
    let current = try Self.connect(clientContext, serverContext(2, 1), renewed)
    #expect(current.isResumed)
    #expect((current.session == nil) == (version == .tls12))
  }

  @Test(arguments: TLSVersion.both)
  func `a lifetime that has passed is not resumed`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.maximumVersion = version
    for lifetime in [1, 604_800] {
      server.resumption = .tickets(keys: try TLSTicketKeys(current: Self.secret(1)), lifetime: lifetime)
      let session = try #require(try Self.connect(TLSContext(client), TLSContext(server)).session)
      #expect(session.lifetime == lifetime)
    }
    for lifetime in [0, -1, 604_801] {
      server.resumption = .tickets(lifetime: lifetime)
      #expect(thrownError { _ = try TLSContext(server) }?.code == .invalidConfiguration)
    }
  }

  // MARK: Who resumes what

  /// A server's demands, in a table: a session is resumed where a full handshake would have proven the same.
  struct Demands: Hashable, CustomTestStringConvertible {
    var authentication: TLSContext.Configuration.ClientAuthentication
    var isOtherTrust = false
    var domain: String?
    var testDescription: String { "\(authentication), other trust: \(isOtherTrust), domain: \(domain ?? "none")" }
  }

  static let demands: [Demands] = [TLSContext.Configuration.ClientAuthentication.none, .requested, .required].flatMap {
    [
      Demands(authentication: $0), Demands(authentication: $0, isOtherTrust: true),
      Demands(authentication: $0, domain: "shop"),
    ]
  }

  /// The second context: the first one itself, one that the first one's question selects, or one of another process,
  /// which shares nothing but the secret.
  enum Place: CaseIterable { case same, adopted, elsewhere }

  @Test(arguments: TLSVersion.both, Place.allCases)
  func `a session is resumed under the same demands alone`(version: TLSVersion, place: Place) throws {
    let staff = TestAuthority(name: "Staff")
    let others = TestAuthority(name: "Others")
    let alice = try staff.issue(subject: "Alice", usage: .client).identity
    var (client, base) = try EnginePair.configurations(version: version)
    client.identities = [alice]
    let clientContext = try TLSContext(client)
    func configuration(_ demands: Demands) throws -> TLSContext.Configuration {
      var server = base
      server.clientAuthentication = demands.authentication
      server.sessionDomain = demands.domain
      if demands.authentication != .none {
        server.trustRoots = demands.isOtherTrust ? [staff.trust, others.trust] : [staff.trust]
      }
      server.resumption = .tickets(keys: try TLSTicketKeys(current: Self.secret(1)))
      server.pausesAtClientHello = place == .adopted
      return server
    }
    for first in Self.demands {
      let context = try TLSContext(configuration(first))
      let session = try #require(try Self.connect(clientContext, context).session)
      for second in Self.demands {
        // Without a client's certificate the trust decides nothing.
        let isSame =
          first.authentication == second.authentication && first.domain == second.domain
          && (first.authentication == .none || first.isOtherTrust == second.isOtherTrust)
        switch place {
        case .same:
          if first == second { #expect(try Self.connect(clientContext, context, session).isResumed) }
        case .adopted:
          let other = try TLSContext(configuration(second))
          let next = try Self.connect(clientContext, context, session, servedBy: other)
          #expect(next.isResumed == isSame, "\(first.testDescription) to \(second.testDescription)")
        case .elsewhere:
          let next = try Self.connect(clientContext, TLSContext(configuration(second)), session)
          #expect(next.isResumed == isSame, "\(first.testDescription) to \(second.testDescription)")
        }
      }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a client without a certificate resumes where one is requested, and nowhere else`(version: TLSVersion) throws {
    let staff = TestAuthority(name: "Staff")
    let (client, base) = try EnginePair.configurations(version: version)
    let clientContext = try TLSContext(client)
    func server(_ authentication: TLSContext.Configuration.ClientAuthentication) throws -> TLSContext {
      var server = base
      server.clientAuthentication = authentication
      if authentication != .none { server.trustRoots = [staff.trust] }
      server.resumption = .tickets(keys: try TLSTicketKeys(current: Self.secret(1)))
      return try TLSContext(server)
    }
    let session = try #require(try Self.connect(clientContext, server(.requested)).session)
    #expect(try Self.connect(clientContext, server(.requested), session).isResumed)
    #expect(try !Self.connect(clientContext, server(.none), session).isResumed)
    // A full handshake, which asks for the certificate.
    let required = try server(.required)
    let error = thrownError { _ = try Self.connect(clientContext, required, session) }
    #expect(error?.alertSent == (version == .tls13 ? .certificateRequired : .handshakeFailure))
  }

  @Test(arguments: TLSVersion.both)
  func `contexts of one domain resume what one of them issued with libssl's keys`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.maximumVersion = version
    server.pausesAtClientHello = true
    for domain in [nil, "shop"] {
      server.sessionDomain = domain
      let front = try TLSContext(server)
      let shop = try TLSContext(server)
      let clientContext = try TLSContext(client)
      let session = try #require(try Self.connect(clientContext, front, servedBy: shop).session)
      #expect(try Self.connect(clientContext, front, session, servedBy: shop).isResumed)
      // By default each context is a domain of its own.
      #expect(try Self.connect(clientContext, front, session, servedBy: front).isResumed == (domain != nil))
    }
  }

  // MARK: Values

  @Test func `secrets that cannot be used are refused`() {
    for bad in [[], Self.secret(1).dropLast()] {
      #expect(thrownError { _ = try TLSTicketKeys(current: Array(bad)) }?.code == .invalidArgument)
      #expect(
        thrownError { _ = try TLSTicketKeys(current: Self.secret(1), previous: [Array(bad)]) }?.code
          == .invalidArgument)
    }
    #expect(
      thrownError { _ = try TLSTicketKeys(current: Self.secret(1), previous: [Self.secret(1)]) }?.code
        == .invalidArgument)
    let many = (2..<19).map { Self.secret($0) }
    #expect(thrownError { _ = try TLSTicketKeys(current: Self.secret(1), previous: many) }?.code == .invalidArgument)
  }

  @Test func `keys are equal by their secrets and describe none`() throws {
    let keys = try TLSTicketKeys(current: Self.secret(1), previous: [Self.secret(2)])
    #expect(try keys == TLSTicketKeys(current: Self.secret(1), previous: [Self.secret(2)]))
    #expect(try keys != TLSTicketKeys(current: Self.secret(2), previous: [Self.secret(1)]))
    #expect("\(keys)" == "TLSTicketKeys(2)")
    // The three derived values differ, and none is the secret.
    let key = keys.current
    let halves = unsafe Array(key.halves)
    #expect(Set([Array(halves.prefix(32)), Array(halves.suffix(32)), Self.secret(1)]).count == 3)
    #expect(Array(halves.prefix(16)) != key.name)
  }

  @Test func `a domain has 1 to 255 bytes`() throws {
    var (client, server) = try EnginePair.configurations(version: .tls13)
    for domain in ["", String(repeating: "x", count: 256)] {
      client.sessionDomain = domain
      server.sessionDomain = domain
      #expect(thrownError { _ = try TLSContext(client) }?.code == .invalidConfiguration)
      #expect(thrownError { _ = try TLSContext(server) }?.code == .invalidConfiguration)
    }
  }
}
