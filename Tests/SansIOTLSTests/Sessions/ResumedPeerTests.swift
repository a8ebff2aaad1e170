import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Law 15 without a certificate: a session proves what the handshake that created it proved, and no more.
@Suite(.tags(.law15))
struct ResumedPeerTests {
  private static let names = ["a.example", "b.example"]

  /// A connection of two contexts, its question answered; its sessions.
  private static func connect(
    _ client: TLSContext, _ server: TLSContext, _ name: TLSServerName = .dns("a.example"), _ session: TLSSession? = nil,
    answer: TLSEngine.PeerCertificates.Answer = .followVerification
  ) throws -> (isResumed: Bool, session: TLSSession?) {
    var pair = try EnginePair(client: client, server: server, serverName: name, session: session)
    while pair.client.question == nil, pair.step() {}
    if pair.client.question != nil { try pair.client.answer(answer) }
    try pair.handshake()
    try pair.settle()
    #expect(try pair.transfer([1], from: .client) == [1])
    let last = pair.client.allSessions().last
    #expect(pair.server.negotiated?.isResumed == pair.client.negotiated?.isResumed)
    return (pair.client.negotiated?.isResumed == true, last)
  }

  /// The time by which a context that exists checks certificates.
  private static func set(_ time: Int64, on context: TLSContext) {
    unsafe X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context.handle.context), Int(time))
  }

  // MARK: What was answered for

  private static let pairsOfNames: [(TLSServerName, TLSServerName)] = [
    (.dns("a.example"), .dns("b.example")),
    (.dns("a.example"), .unverified(sni: nil)),
    (.dns("a.example"), .unverified(sni: "a.example")),
    (.dns("a.example"), .ip("192.0.2.1")),
    (.ip("192.0.2.1"), .dns("a.example")),
    (.ip("192.0.2.1"), .unverified(sni: nil)),
    (.unverified(sni: "a.example"), .unverified(sni: "b.example")),
    (.unverified(sni: "a.example"), .unverified(sni: nil)),
    (.unverified(sni: nil), .unverified(sni: "a.example")),
    (.unverified(sni: "a.example"), .dns("a.example")),
  ]

  @Test(arguments: TLSVersion.both, pairsOfNames)
  func `a session of a context that pauses is valid for the entire name of its question`(
    version: TLSVersion, names: (TLSServerName, TLSServerName)
  ) throws {
    let identity = TestAuthority().issue(names: Self.names, addresses: ["192.0.2.1"])
    for answer in [TLSEngine.PeerCertificates.Answer.followVerification, .trust] {
      for verification in [TLSContext.Configuration.PeerVerification.chain, .none] {
        var (client, server) = try EnginePair.configurations(version: version, identity: identity)
        client.pausesAtPeerCertificates = true
        client.peerVerification = verification
        let ends = (client: try TLSContext(client), server: try TLSContext(server))
        let first = try Self.connect(ends.client, ends.server, names.0, answer: answer)
        let session = try #require(first.session)
        let refused = thrownError { _ = try Self.connect(ends.client, ends.server, names.1, session, answer: answer) }
        #expect(refused?.code == .invalidArgument)
        #expect(refused?.hint.contains("server name") == true)
        let again = try Self.connect(ends.client, ends.server, names.0, session, answer: answer)
        #expect(again.isResumed)
        // Nor does another context, which does not pause, accept it for another name.
        client.pausesAtPeerCertificates = false
        let elsewhere = try TLSContext(client)
        #expect(
          thrownError { _ = try Self.connect(elsewhere, ends.server, names.1, session) }?.code == .invalidArgument)
        // A session of a resumed connection is bound as the first was. A resumption in TLS 1.2 gives none.
        guard let next = again.session else { continue }
        #expect(thrownError { _ = try Self.connect(ends.client, ends.server, names.1, next) }?.code == .invalidArgument)
        #expect(try Self.connect(ends.client, ends.server, names.0, next).isResumed)
      }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `two spellings of one name are equal`(version: TLSVersion) throws {
    let identity = TestAuthority().issue(names: Self.names, addresses: ["2001:db8::1"])
    var (client, server) = try EnginePair.configurations(version: version, identity: identity)
    client.pausesAtPeerCertificates = true
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    for (name, same) in [
      (TLSServerName.dns("a.example"), TLSServerName.dns("A.Example.")), (.ip("2001:db8::1"), .ip("2001:DB8:0::0001")),
      (.unverified(sni: "a.example"), .unverified(sni: "A.EXAMPLE")),
    ] {
      let session = try #require(try Self.connect(ends.client, ends.server, name).session)
      #expect(try Self.connect(ends.client, ends.server, same, session).isResumed)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a session accepted despite its name is resumed for the name of its question`(
    version: TLSVersion
  ) throws {
    var (client, server) = try EnginePair.configurations(version: version, identity: .server(defect: .selfSigned))
    client.pausesAtPeerCertificates = true
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    let name = TLSServerName.dns("pinned.example")
    let session = try #require(try Self.connect(ends.client, ends.server, name, answer: .trust).session)
    #expect(try Self.connect(ends.client, ends.server, name, session).isResumed)
  }

  /// To share is to prove the same: a session that proves another name, or to another context, is described again.
  @Test func `a session shares what it proves with the one that its connection resumed`() throws {
    let identity = TestAuthority().issue(names: Self.names)
    let (client, server) = try EnginePair.configurations(version: .tls13, identity: identity)
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    let session = try #require(try Self.connect(ends.client, ends.server).session)
    let shared = session.reference.provenance
    func provenance(_ context: TLSContext, _ name: String) throws -> TLSSession.Provenance {
      let next = try Self.connect(context, ends.server, .dns(name), session)
      #expect(next.isResumed)
      return try #require(next.session).reference.provenance
    }
    #expect(try provenance(ends.client, "a.example") === shared)
    #expect(try provenance(ends.client, "A.Example.") === shared)
    let otherName = try provenance(ends.client, "b.example")
    #expect(otherName.serverName == .dns("b.example"))
    #expect(otherName.origin === shared.origin)
    let elsewhere = try TLSContext(client)
    let otherContext = try provenance(elsewhere, "a.example")
    #expect(otherContext.origin === elsewhere.handle.origin)
    #expect(otherContext.serverName == .dns("a.example"))
    // A full handshake, although a session was offered.
    let full = try Self.connect(ends.client, TLSContext(server), .dns("a.example"), session)
    #expect(!full.isResumed)
    #expect(try #require(full.session).reference.provenance !== shared)
  }

  // MARK: Who the client is

  @Test(arguments: TLSVersion.both)
  func `a session of one client identity is not resumed with another or none`(version: TLSVersion) throws {
    let staff = TestAuthority()
    let alice = try staff.issue(subject: "Alice", usage: .client).identity
    let bob = try staff.issue(subject: "Bob", usage: .client).identity
    var (client, server) = try EnginePair.configurations(version: version)
    server.clientAuthentication = .requested
    server.trustRoots = [staff.trust]
    let serverContext = try TLSContext(server)
    func context(_ identities: [TLSIdentity]) throws -> TLSContext {
      client.identities = identities
      return try TLSContext(client)
    }
    let session = try #require(try Self.connect(context([alice]), serverContext, .dns("localhost")).session)
    for others in [[], [bob]] {
      let other = try context(others)
      let error = thrownError { _ = try Self.connect(other, serverContext, .dns("localhost"), session) }
      #expect(error?.code == .invalidArgument)
      #expect(error?.hint.contains("identity") == true)
    }
    #expect(try Self.connect(context([alice]), serverContext, .dns("localhost"), session).isResumed)
    let anonymous = try #require(try Self.connect(context([]), serverContext, .dns("localhost")).session)
    let asAlice = try context([alice])
    #expect(
      thrownError { _ = try Self.connect(asAlice, serverContext, .dns("localhost"), anonymous) }?.code
        == .invalidArgument)
  }

  // MARK: Dates

  private static let inside: Int64 = 2_000_000
  private static let validity = TestIdentity.Validity(notBefore: 1_000_000, notAfter: 3_000_000)
  /// The seconds next to the validity: libcrypto counts the last one as past.
  private static let outside: [Int64] = [999_999, 3_000_000]

  @Test(arguments: TLSVersion.both, outside)
  func `a server resumes no client whose certificate is out of date`(version: TLSVersion, time: Int64) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    server.clientAuthentication = .required
    server.verificationTime = Self.inside
    let root = TestAuthority(name: "Root", validity: .init(notBefore: 0, notAfter: 5_000_000))
    client.identities = [try root.issue(subject: "Alice", validity: Self.validity, usage: .client).identity]
    server.trustRoots = [root.trust]
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    var session = try #require(try Self.connect(ends.client, ends.server, .dns("localhost")).session)
    let next = try Self.connect(ends.client, ends.server, .dns("localhost"), session)
    #expect(next.isResumed)
    session = next.session ?? session
    Self.set(time, on: ends.server)
    let error = thrownError { _ = try Self.connect(ends.client, ends.server, .dns("localhost"), session) }
    #expect(error?.code == .certificateRejected, "\(error as Any)")
    Self.set(Self.inside, on: ends.server)
    #expect(try Self.connect(ends.client, ends.server, .dns("localhost"), session).isResumed)
  }

  @Test(arguments: TLSVersion.both)
  func `a server that verifies no certificates checks no dates`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.identities = [try TestIdentity.client(defect: .expired).identity]
    server.clientAuthentication = .requested
    server.peerVerification = .none
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    let session = try #require(try Self.connect(ends.client, ends.server, .dns("localhost")).session)
    #expect(try Self.connect(ends.client, ends.server, .dns("localhost"), session).isResumed)
  }

  @Test(arguments: TLSVersion.both, outside)
  func `a client offers no session whose certificate is out of date`(version: TLSVersion, time: Int64) throws {
    let root = TestAuthority(validity: .init(notBefore: 0, notAfter: 5_000_000))
    let identity = root.issue(names: ["localhost"], validity: Self.validity)
    for asks in [false, true] {
      var (client, server) = try EnginePair.configurations(version: version, identity: identity)
      client.verificationTime = Self.inside
      client.pausesAtPeerCertificates = asks
      let ends = (client: try TLSContext(client), server: try TLSContext(server))
      for answer in [TLSEngine.PeerCertificates.Answer.followVerification, .trust] {
        Self.set(Self.inside, on: ends.client)
        let first = try Self.connect(ends.client, ends.server, .dns("localhost"), answer: answer)
        let session = try #require(first.session)
        Self.set(time, on: ends.client)
        let error = thrownError { _ = try Self.connect(ends.client, ends.server, .dns("localhost"), session) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.hint.contains("expired or not yet valid") == true)
        // Nor does another context.
        client.pausesAtPeerCertificates = false
        client.verificationTime = time
        let other = try TLSContext(client)
        #expect(
          thrownError { _ = try Self.connect(other, ends.server, .dns("localhost"), session) }?.code == .invalidArgument
        )
      }
    }
  }

  @Test(arguments: TLSVersion.both, [1_000_000, 2_999_999])
  func `a session is resumed in the first and in the last second of its certificate`(
    version: TLSVersion, time: Int64
  ) throws {
    let root = TestAuthority(validity: .init(notBefore: 0, notAfter: 5_000_000))
    let identity = root.issue(names: ["localhost"], validity: Self.validity)
    var (client, server) = try EnginePair.configurations(version: version, identity: identity)
    client.verificationTime = time
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    let session = try #require(try Self.connect(ends.client, ends.server, .dns("localhost")).session)
    #expect(try Self.connect(ends.client, ends.server, .dns("localhost"), session).isResumed)
  }

  @Test(arguments: TLSVersion.both)
  func `a session of a certificate accepted out of date is resumed by the context that accepted it`(
    version: TLSVersion
  ) throws {
    var (client, server) = try EnginePair.configurations(version: version, identity: .server(defect: .expired))
    client.pausesAtPeerCertificates = true
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    var session = try #require(try Self.connect(ends.client, ends.server, .dns("localhost"), answer: .trust).session)
    for _ in 0..<2 {
      let next = try Self.connect(ends.client, ends.server, .dns("localhost"), session)
      #expect(next.isResumed)
      session = next.session ?? session
    }
  }

  /// The answer was about one certificate: a session after a full handshake is about another.
  @Test(arguments: TLSVersion.both)
  func `a session of a full handshake is limited by its dates although the offered one was not`(
    version: TLSVersion
  ) throws {
    let root = TestAuthority(validity: .init(notBefore: 0, notAfter: 5_000_000))
    let identity = root.issue(names: ["localhost"], validity: Self.validity)
    let (configuration, server) = try EnginePair.configurations(version: version, identity: identity)
    var client = configuration
    client.pausesAtPeerCertificates = true
    client.verificationTime = Self.outside[1]
    let context = try TLSContext(client)
    let first = try Self.connect(context, TLSContext(server), .dns("localhost"), answer: .trust)
    let accepted = try #require(first.session)
    Self.set(Self.inside, on: context)
    let next = try Self.connect(context, TLSContext(server), .dns("localhost"), accepted)
    #expect(!next.isResumed, "another context of the server's does not open the ticket")
    Self.set(Self.outside[1], on: context)
    let session = try #require(next.session)
    let error = thrownError { _ = try Self.connect(context, TLSContext(server), .dns("localhost"), session) }
    #expect(error?.hint.contains("expired or not yet valid") == true)
  }

  @Test(arguments: TLSVersion.both)
  func `a session accepted out of date by one context's application is not accepted by another`(
    version: TLSVersion
  ) throws {
    let root = TestAuthority(validity: .init(notBefore: 0, notAfter: 5_000_000))
    let identity = root.issue(names: ["localhost"], validity: Self.validity)
    let (configuration, server) = try EnginePair.configurations(version: version, identity: identity)
    let ends = [try TLSContext(server), try TLSContext(server)]
    var client = configuration
    client.pausesAtPeerCertificates = true
    client.verificationTime = Self.outside[1]
    let first = try Self.connect(TLSContext(client), ends[0], .dns("localhost"), answer: .trust)
    let accepted = try #require(first.session)
    client.pausesAtPeerCertificates = false
    client.verificationTime = Self.inside
    let context = try TLSContext(client)
    for (end, isResumed) in zip(ends, [true, false]) {
      let next = try Self.connect(context, end, .dns("localhost"), accepted)
      #expect(next.isResumed == isResumed)
      // A resumption in TLS 1.2 gives no session.
      guard let session = next.session else { continue }
      Self.set(Self.outside[1], on: context)
      let error = thrownError { _ = try Self.connect(context, end, .dns("localhost"), session) }
      #expect(error?.hint.contains("expired or not yet valid") == true)
      Self.set(Self.inside, on: context)
    }
  }

  // MARK: SNI

  /// RFC 6066, section 3: a server that resumes does not include a server_name extension.
  @Test(arguments: TLSVersion.both)
  func `a server that resumes does not acknowledge the server name`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let ends = (client: try TLSContext(client), server: try TLSContext(server))
    func extensions(_ session: TLSSession?) throws -> (size: Int, session: TLSSession?) {
      // Not a pair, which would remove the messages for its ladder.
      var client = try TLSEngine(.client(serverName: .dns("localhost")), context: ends.client, session: session)
      var server = try TLSEngine(.server, context: ends.server)
      for _ in 0..<3 {
        _ = try server.absorb(client.drain())
        _ = try client.absorb(server.drain())
      }
      #expect(server.negotiated?.serverName == "localhost")
      #expect(client.negotiated?.serverName == "localhost")
      #expect(client.negotiated?.isResumed == (session != nil))
      var size = 0
      while let message = client.nextTracedMessage() {
        if message.content == .handshake(.encryptedExtensions) { size = message.size }
      }
      let last = client.allSessions().last
      return (size, last)
    }
    let first = try extensions(nil)
    let second = try extensions(first.session)
    if version == .tls13 {
      #expect(first.size == 10)
      #expect(second.size == 6)
    }
  }
}
