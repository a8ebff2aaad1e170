import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A session carries what it proved: pins, staples and CRLs count in a resumption as in a full handshake.
@Suite(.tags(.law15))
struct RevocationSessionTests {
  private static let root = TestAuthority(name: "Root")
  private static let issuer = root.issueIntermediate()
  private static let time: Int64 = 2_000_000_000
  private static let identity = issuer.issue(names: ["localhost"], validity: .always)

  private struct Ends {
    var client: TLSContext.Configuration
    let server: TLSContext

    init(_ version: TLSVersion, _ kind: TestIdentity.StapleKind? = .good) throws {
      var (client, server) = try EnginePair.configurations(version: version, identity: identity)
      client.verificationTime = time
      if let kind { server.identities = [try identity.stapled(kind, at: time)] }
      self.client = client
      self.server = try TLSContext(server)
    }

    func context(_ change: (inout TLSContext.Configuration) throws -> Void = { _ in }) throws -> TLSContext {
      var client = client
      try change(&client)
      return try TLSContext(client)
    }

    func session(of client: TLSContext, offering session: TLSSession? = nil) throws -> TLSSession {
      var pair = try EnginePair(client: client, server: server, session: session)
      try pair.handshake()
      try pair.settle()
      return try #require(pair.client.allSessions().last)
    }

    /// Whether a context resumes the session; nil if it refuses to offer it.
    func isResumed(_ session: TLSSession, by client: TLSContext) throws -> Bool? {
      do throws(TLSError) {
        var pair = try EnginePair(client: client, server: server, session: session)
        let failure = pair.outcome().client
        #expect(failure == nil)
        return pair.client.negotiated?.isResumed
      } catch {
        #expect(error.code == .invalidArgument)
        return nil
      }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a context with other pins does not resume`(version: TLSVersion) throws {
    let ends = try Ends(version)
    let leaf = TLSPublicKeyPin(of: try Self.identity.certificate)
    let authority = TLSPublicKeyPin(of: try Self.issuer.certificate)
    let pinned = try ends.context { $0.pinnedKeys = [leaf] }
    let session = try ends.session(of: pinned)
    #expect(try ends.isResumed(session, by: pinned) == true)
    #expect(try ends.isResumed(session, by: ends.context { $0.pinnedKeys = [leaf] }) == true)
    #expect(try ends.isResumed(session, by: ends.context { $0.pinnedKeys = [authority] }) == nil)
    #expect(try ends.isResumed(session, by: ends.context { $0.pinnedKeys = [leaf, authority] }) == nil)
    let free = try ends.session(of: ends.context())
    #expect(try ends.isResumed(free, by: pinned) == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `a context that requires a staple resumes where there was one in date`(version: TLSVersion) throws {
    let ends = try Ends(version)
    let required = try ends.context { $0.stapling = .required }
    let session = try ends.session(of: required)
    #expect(try ends.isResumed(session, by: required) == true)
    #expect(try ends.isResumed(session, by: ends.context { $0.stapling = .requested }) == true)
    #expect(try ends.isResumed(session, by: ends.context()) == true)
    // The proof passes to the session of a resumed connection. In TLS 1.2 libssl reports no renewed ticket.
    let renewed = version == .tls13 ? try ends.session(of: required, offering: session) : session
    #expect(try ends.isResumed(renewed, by: required) == true)
    // A week later the staple has expired.
    let later = try ends.context {
      $0.stapling = .required
      $0.verificationTime = Self.time + 8 * 86_400
    }
    #expect(try ends.isResumed(session, by: later) == nil)
    #expect(try ends.isResumed(renewed, by: later) == nil)
    // Without a staple nothing was proved.
    let free = try ends.session(of: ends.context())
    #expect(try ends.isResumed(free, by: required) == nil)
    #expect(try ends.isResumed(free, by: ends.context { $0.stapling = .requested }) == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `a session without a staple is resumed where none is required`(version: TLSVersion) throws {
    let ends = try Ends(version, nil)
    let requested = try ends.context { $0.stapling = .requested }
    let session = try ends.session(of: requested)
    #expect(try ends.isResumed(session, by: requested) == true)
    #expect(try ends.isResumed(session, by: ends.context { $0.stapling = .required }) == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `a context with CRLs does not resume a revoked session`(version: TLSVersion) throws {
    let ends = try Ends(version)
    let session = try ends.session(of: ends.context())
    let week = TestIdentity.Validity(notBefore: Self.time - 3600, notAfter: Self.time + 7 * 86_400)
    let good = TLSRevocationLists.leaf([try Self.issuer.revocationList(validity: week)])
    let bad = TLSRevocationLists.leaf([try Self.issuer.revocationList(revoking: [Self.identity], validity: week)])
    #expect(try ends.isResumed(session, by: ends.context { $0.revocation = good }) == true)
    #expect(try ends.isResumed(session, by: ends.context { $0.revocation = bad }) == nil)
    let later = try ends.context {
      $0.revocation = good
      $0.verificationTime = Self.time + 8 * 86_400
    }
    #expect(try ends.isResumed(session, by: later) == nil)
  }

  // MARK: Saved sessions and shared tickets

  @Test(arguments: TLSVersion.both)
  func `a saved session carries its pins and its staple`(version: TLSVersion) throws {
    let ends = try Ends(version)
    let leaf = TLSPublicKeyPin(of: try Self.identity.certificate)
    let context = try ends.context {
      $0.pinnedKeys = [leaf]
      $0.stapling = .required
    }
    let saved = try TLSSession(bytes: ends.session(of: context).bytes)
    #expect(try ends.isResumed(saved, by: context) == true)
    #expect(try ends.isResumed(saved, by: ends.context { $0.pinnedKeys = [leaf] }) == true)
    #expect(try ends.isResumed(saved, by: ends.context()) == nil)
    let later = try ends.context {
      $0.pinnedKeys = [leaf]
      $0.stapling = .required
      $0.verificationTime = Self.time + 8 * 86_400
    }
    #expect(try ends.isResumed(saved, by: later) == nil)
    let free = try TLSSession(bytes: ends.session(of: ends.context()).bytes)
    #expect(try ends.isResumed(free, by: context) == nil)
    #expect(try ends.isResumed(free, by: ends.context { $0.stapling = .requested }) == nil)
  }

  /// The keys of tickets are shared by servers that may demand more.
  @Test(arguments: TLSVersion.both)
  func `a ticket of shared keys does not pass a server's CRL, pins or strictness`(version: TLSVersion) throws {
    let alice = Self.issuer.issue(subject: "Alice", usage: .client)
    var (client, server) = try EnginePair.configurations(version: version)
    try EnginePair.authenticateClient(&client, &server, alice)
    server.resumption = .tickets(keys: try TLSTicketKeys(current: Array(repeating: 7, count: 32)))
    let context = try TLSContext(client)
    var first = try EnginePair(client: context, server: TLSContext(server))
    try first.handshake()
    try first.settle()
    let taken = first.client.allSessions().last
    let session = try #require(taken)
    func outcome(_ change: (inout TLSContext.Configuration) throws -> Void) throws -> String {
      var other = server
      try change(&other)
      var pair = try EnginePair(client: context, server: TLSContext(other), session: session)
      if let failure = pair.outcome().server { return failure.code.description }
      return pair.server.negotiated?.isResumed == true ? "resumed" : "full"
    }
    #expect(try outcome { _ in } == "resumed")
    #expect(try outcome { $0.checksStrictly = true } == "full")
    #expect(try outcome { $0.pinnedKeys = [TLSPublicKeyPin(of: try alice.certificate)] } == "full")
    let good = try Self.issuer.revocationList()
    let bad = try Self.issuer.revocationList(revoking: [alice])
    #expect(try outcome { $0.revocation = .leaf([good]) } == "full")
    #expect(try outcome { $0.revocation = .leaf([bad]) } == "certificateRevoked")
  }

  @Test(arguments: TLSVersion.both)
  func `a ticket ends with the CRL that its client was verified by`(version: TLSVersion) throws {
    let alice = Self.issuer.issue(subject: "Alice", validity: .always, usage: .client)
    var (client, server) = try EnginePair.configurations(version: version)
    try EnginePair.authenticateClient(&client, &server, alice)
    server.resumption = .tickets(keys: try TLSTicketKeys(current: Array(repeating: 7, count: 32)))
    let week = TestIdentity.Validity(notBefore: Self.time - 3600, notAfter: Self.time + 7 * 86_400)
    server.revocation = .leaf([try Self.issuer.revocationList(validity: week)])
    server.verificationTime = Self.time
    let context = try TLSContext(client)
    var first = try EnginePair(client: context, server: TLSContext(server))
    try first.handshake()
    try first.settle()
    let taken = first.client.allSessions().last
    let session = try #require(taken)
    for (days, expected) in [(Int64(6), "resumed"), (8, "revocationListExpired")] {
      server.verificationTime = Self.time + days * 86_400
      var pair = try EnginePair(client: context, server: TLSContext(server), session: session)
      let failure = pair.outcome().server
      let isResumed = pair.server.negotiated?.isResumed
      #expect((failure?.code.description ?? (isResumed == true ? "resumed" : "full")) == expected)
    }
  }

  // MARK: Several names

  @Test(arguments: TLSVersion.both)
  func `a session is resumed by a client for one of its certificate's names`(version: TLSVersion) throws {
    let ends = try Ends(version)
    let client = try ends.context()
    let session = try ends.session(of: client)
    func isResumed(_ name: TLSServerName) throws -> Bool? {
      do throws(TLSError) {
        var pair = try EnginePair(client: client, server: ends.server, serverName: name, session: session)
        #expect(pair.outcome().client == nil)
        return pair.client.negotiated?.isResumed
      } catch { return nil }
    }
    #expect(try isResumed(.anyOf(["other.example", "localhost"], sni: "localhost")) == true)
    #expect(try isResumed(.anyOf(["other.example", "another.example"], sni: "localhost")) == nil)
  }
}
