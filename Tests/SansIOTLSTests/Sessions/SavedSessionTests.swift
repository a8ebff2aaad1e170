import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// Sessions as bytes: what libssl's encoding loses is kept, damage is found, and nothing is proven that was not.
@Suite(.tags(.behaviour))
struct SavedSessionTests {
  /// A connection; the sessions that the client received.
  private static func connect(
    _ client: TLSContext, _ server: TLSContext, _ name: TLSServerName = .dns("localhost"),
    _ session: TLSSession? = nil, answer: TLSEngine.PeerCertificates.Answer = .followVerification
  ) throws -> (isResumed: Bool, session: TLSSession?, certificates: [TLSCertificate]) {
    var pair = try EnginePair(client: client, server: server, serverName: name, session: session)
    while pair.client.question == nil, pair.step() {}
    if pair.client.question != nil { try pair.client.answer(answer) }
    try pair.handshake()
    try pair.settle()
    #expect(try pair.transfer([1], from: .client) == [1])
    let certificates = pair.client.peerCertificates
    let last = pair.client.allSessions().last
    return (pair.client.negotiated?.isResumed == true, last, certificates)
  }

  /// The configurations of a server with an intermediate, and of its client.
  private static func configurations(
    _ version: TLSVersion
  ) throws -> (client: TLSContext.Configuration, server: TLSContext.Configuration) {
    let root = TestAuthority(name: "Root")
    return try EnginePair.configurations(
      version: version, identity: root.issueIntermediate().issue(names: ["localhost", "other.example"]))
  }

  @Test(arguments: TLSVersion.both)
  func `a session is resumed by another context after its time as bytes`(version: TLSVersion) throws {
    let (client, server) = try Self.configurations(version)
    let serverContext = try TLSContext(server)
    let first = try Self.connect(TLSContext(client), serverContext)
    let session = try #require(first.session)
    let restored = try TLSSession(bytes: session.bytes)
    #expect(restored.bytes == session.bytes)
    let next = try Self.connect(TLSContext(client), serverContext, session: restored)
    #expect(next.isResumed)
    // libssl's encoding has the leaf alone; another context verifies the chain with its intermediate.
    #expect(first.certificates.count == 2)
    #expect(next.certificates == first.certificates)
    if let again = next.session {
      #expect(again.peerCertificates == first.certificates)
      #expect(
        try Self.connect(TLSContext(client), serverContext, session: TLSSession(bytes: again.bytes)).isResumed)
    }
  }

  private static func connect(
    _ client: TLSContext, _ server: TLSContext, session: TLSSession
  ) throws -> (isResumed: Bool, session: TLSSession?, certificates: [TLSCertificate]) {
    try connect(client, server, .dns("localhost"), session)
  }

  @Test(arguments: TLSVersion.both)
  func `the contents survive`(version: TLSVersion) throws {
    var (client, server) = try Self.configurations(version)
    client.applicationProtocols = ["h2", "http/1.1"]
    server.applicationProtocols = ["h2"]
    server.resumption = .tickets(lifetime: 3600)
    let session = try #require(try Self.connect(TLSContext(client), TLSContext(server)).session)
    let restored = try TLSSession(bytes: session.bytes)
    for session in [session, restored] {
      #expect(session.version == version)
      #expect(session.serverName == .dns("localhost"))
      #expect(session.applicationProtocol == "h2")
      #expect(session.lifetime == 3600)
      #expect(session.maximumEarlyDataByteCount == 0)
      #expect(session.isSingleUse == (version == .tls13))
      #expect(session.isResumable)
      #expect(session.peerCertificates.count == 2)
    }
    #expect(restored.cipherSuite == session.cipherSuite)
    #expect(restored.creationTime == session.creationTime)
    #expect("\(restored)" == "TLSSession(\(version))")
  }

  @Test(arguments: TLSVersion.both)
  func `a saved session proves no other name, trust root or identity`(version: TLSVersion) throws {
    let (client, server) = try Self.configurations(version)
    let serverContext = try TLSContext(server)
    let session = try #require(try Self.connect(TLSContext(client), serverContext).session)
    let restored = try TLSSession(bytes: session.bytes)
    func refused(_ name: TLSServerName, _ configuration: TLSContext.Configuration) throws -> TLSError.Code? {
      let context = try TLSContext(configuration)
      return thrownError { _ = try Self.connect(context, serverContext, name, restored) }?.code
    }
    #expect(try refused(.dns("third.example"), client) == .invalidArgument)
    #expect(try Self.connect(TLSContext(client), serverContext, .dns("other.example"), restored).isResumed)
    var stranger = client
    stranger.trustRoots = [TestAuthority(name: "Other").trust]
    #expect(try refused(.dns("localhost"), stranger) == .invalidArgument)
    var named = client
    named.identities = [try TestIdentity.client("Alice").identity]
    #expect(try refused(.dns("localhost"), named) == .invalidArgument)
    var asking = client
    asking.pausesAtPeerCertificates = true
    #expect(try refused(.dns("localhost"), asking) == .invalidArgument)
  }

  @Test(arguments: TLSVersion.both)
  func `a client with an identity resumes its saved session`(version: TLSVersion) throws {
    let staff = TestAuthority()
    var (client, server) = try Self.configurations(version)
    client.identities = [try staff.issue(subject: "Alice", usage: .client).identity]
    server.trustRoots = [staff.trust]
    server.clientAuthentication = .required
    let serverContext = try TLSContext(server)
    let session = try #require(try Self.connect(TLSContext(client), serverContext).session)
    #expect(try Self.connect(TLSContext(client), serverContext, session: TLSSession(bytes: session.bytes)).isResumed)
  }

  @Test(arguments: TLSVersion.both)
  func `an answer counts for the contexts of its domain alone`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version, identity: .server(defect: .selfSigned))
    client.pausesAtPeerCertificates = true
    client.sessionDomain = "pins of the shop"
    let serverContext = try TLSContext(server)
    let name = TLSServerName.dns("localhost")
    let saved = try #require(try Self.connect(TLSContext(client), serverContext, name, answer: .trust).session).bytes
    server.maximumVersion = version
    #expect(try Self.connect(TLSContext(client), serverContext, name, TLSSession(bytes: saved)).isResumed)
    for domain in ["pins of the bank", nil] {
      client.sessionDomain = domain
      let other = try TLSContext(client)
      let error = thrownError { _ = try Self.connect(other, serverContext, name, TLSSession(bytes: saved)) }
      #expect(error?.code == .invalidArgument)
    }
    // The application of a context that does not ask has not answered.
    client.sessionDomain = "pins of the shop"
    client.pausesAtPeerCertificates = false
    let silent = try TLSContext(client)
    #expect(
      thrownError { _ = try Self.connect(silent, serverContext, name, TLSSession(bytes: saved)) }?.code
        == .invalidArgument)
  }

  // MARK: Damage

  @Test(arguments: TLSVersion.both)
  func `every changed or missing byte is found`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let saved = try #require(try Self.connect(TLSContext(client), TLSContext(server)).session).bytes
    for index in saved.indices {
      var damaged = saved
      damaged[index] ^= 1 << UInt8(index % 8)
      #expect(thrownError { _ = try TLSSession(bytes: damaged) }?.code == .invalidSession)
    }
    for count in stride(from: 0, to: saved.count, by: 7) {
      #expect(thrownError { _ = try TLSSession(bytes: Array(saved.prefix(count))) }?.code == .invalidSession)
    }
    #expect(thrownError { _ = try TLSSession(bytes: saved + [0]) }?.code == .invalidSession)
  }

  /// A digest finds damage, not malice: what a file's owner changes on purpose is parsed.
  @Test(arguments: TLSVersion.both, TestSeeds.first(40))
  func `changed bytes with a fitting digest are refused or are a session`(version: TLSVersion, seed: UInt64) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let clientContext = try TLSContext(client)
    let serverContext = try TLSContext(server)
    let saved = try #require(try Self.connect(clientContext, serverContext).session).bytes
    var random = SplitMix(seed: seed)
    for _ in 0..<40 {
      var changed = Array(saved.dropFirst(SHA256.size))
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        changed[Int.random(in: changed.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) { changed.removeLast(Int.random(in: 1...changed.count / 2, using: &random)) }
      let bytes = SHA256.digest(of: changed[...]) + changed
      var session: TLSSession?
      do throws(TLSError) { session = try TLSSession(bytes: bytes) } catch {
        #expect([.invalidSession, .invalidCertificate].contains(error.code), "seed \(seed)")
      }
      guard let session else { continue }
      _ = (session.cipherSuite, session.applicationProtocol, session.lifetime, session.peerCertificates)
      #expect(session.bytes.count > SHA256.size)
      // Offered, it is refused, ignored, or resumed by a server that knows the ticket.
      _ = thrownOrNil {
        _ = try TLSEngine(.client(serverName: .dns("localhost")), context: clientContext, session: session)
      }
    }
  }

  @Test(arguments: [Int.max, .min, Int(Int32.max) << 24])
  func `a forged session whose times cannot be added is refused`(time: Int) throws {
    let (client, server) = try EnginePair.configurations(version: .tls13)
    let session = try #require(try Self.connect(TLSContext(client), TLSContext(server)).session)
    let copy = unsafe SSL_SESSION_dup(session.reference.session)!
    unsafe SSL_SESSION_set_time(copy, time)
    // Later releases hold times as nanoseconds: none is so far away.
    if unsafe SSL_SESSION_get_time(copy) != time { return unsafe SSL_SESSION_free(copy) }
    let forged = unsafe TLSSession(adopting: copy, session.reference.provenance)
    #expect(thrownError { _ = try TLSSession(bytes: forged.bytes) }?.code == .invalidSession)
  }

  private func thrownOrNil(_ body: () throws -> Void) -> (any Error)? {
    do { try body() } catch { return error }
    return nil
  }

  @Test func `other data and other formats are named`() throws {
    let (client, server) = try EnginePair.configurations(version: .tls13)
    let saved = try #require(try Self.connect(TLSContext(client), TLSContext(server)).session).bytes
    let foreign = thrownError { _ = try TLSSession(bytes: Array("-----BEGIN SSL SESSION PARAMETERS-----".utf8)) }
    #expect(foreign?.hint.contains("not a session of this library") == true)
    var later = Array(saved.dropFirst(SHA256.size))
    later[3] = 2
    let format = thrownError { _ = try TLSSession(bytes: SHA256.digest(of: later[...]) + later) }
    #expect(format?.hint.contains("format 2") == true)
    let huge = [UInt8](repeating: 0, count: SessionEnvelope.limit + 1)
    #expect(thrownError { _ = try TLSSession(bytes: huge) }?.hint.contains("1048576") == true)
  }

  /// The DER of one session is not for the certificates of another.
  @Test func `a chain of another peer is refused`() throws {
    let (client, server) = try EnginePair.configurations(version: .tls13)
    let saved = try #require(try Self.connect(TLSContext(client), TLSContext(server)).session).bytes
    var rest = saved.dropFirst(SHA256.size)
    var envelope = try SessionEnvelope(head: &rest)
    envelope.chain = [TestIdentity.server().certificateDER]
    let changed = envelope.head + rest
    #expect(
      thrownError { _ = try TLSSession(bytes: SHA256.digest(of: changed[...]) + changed) }?.code == .invalidSession)
  }
}
