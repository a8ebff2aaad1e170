import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 43 to 45 of the page OpenSSLFacts: a server's request for its client's certificate after the handshake.
@Suite(.tags(.openSSLFact, .law15))
struct LateAuthenticationTests {
  private static let alice = TestIdentity.client("Alice")
  private typealias Configuration = TLSContext.Configuration

  /// A pair in TLS 1.3 whose server requests later, and whose client offers to answer.
  private static func pair(
    _ identity: TestIdentity? = LateAuthenticationTests.alice, trusted: Bool = true,
    limits: TLSEngine.Limits = .default,
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> EnginePair {
    var pair = try EnginePair.connected(.tls13, limits: limits) { client, server in
      if let identity { client.identities = [try identity.identity] }
      client.offersPostHandshakeAuthentication = true
      server.clientAuthentication = .onRequest
      server.trustRoots = [trusted ? identity?.trust ?? alice.trust : TestAuthority().trust]
      try change(&client, &server)
    }
    try pair.settle()
    _ = pair.server.allEvents()
    return pair
  }

  private static func asking(
    _ identity: TestIdentity = LateAuthenticationTests.alice, trusted: Bool = true,
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> EnginePair {
    var pair = try pair(identity, trusted: trusted) { client, server in
      server.pausesAtPeerCertificates = true
      try change(&client, &server)
    }
    #expect(pair.client.allSessions().count == 1)
    #expect(try pair.requestClientCertificate() == .done)
    try pair.settle()
    return pair
  }

  // MARK: Request and answer

  @Test func `a client answers by its identity, and the server reports it once`() throws {
    var pair = try Self.pair()
    #expect(pair.server.peerCertificates.isEmpty)
    #expect(try pair.requestClientCertificate() == .done)
    #expect(pair.server.needs.contains(.drain))
    #expect(pair.server.allEvents().isEmpty)
    try pair.settle()
    #expect(pair.server.allEvents() == ["clientCertificateReceived"])
    #expect(pair.server.peerCertificates == [try Self.alice.certificate])
    #expect(pair.server.verifiedChain.count == 2)
    #expect(pair.server.phase == .open)
    #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
    #expect(try pair.transfer([3, 4], from: .server) == [3, 4])
    #expect(pair.server.allEvents().isEmpty)
  }

  @Test func `a request can be repeated`() throws {
    var pair = try Self.pair()
    for round in 1...5 {
      #expect(try pair.requestClientCertificate(isRequired: round != 3) == .done)
      try pair.settle()
      #expect(pair.server.allEvents() == ["clientCertificateReceived"])
      #expect(try pair.transfer([UInt8(round)], from: .client) == [UInt8(round)])
    }
  }

  @Test func `one request is open at a time, and everything else flows meanwhile`() throws {
    var pair = try Self.pair()
    #expect(try pair.requestClientCertificate() == .done)
    for _ in 0..<2 {
      expectRefusal(.requestPending, .misuse, naming: "event") { _ = try pair.requestClientCertificate() }
    }
    // The client reads nothing yet.
    let request = pair.server.drain()
    for round in 0..<3 {
      #expect(try pair.client.write([UInt8(round)]) == .done(1))
      #expect(try pair.client.keyUpdate(requestingPeer: true) == .done)
      #expect(try pair.server.absorb(pair.client.drain()) == [UInt8(round)])
      #expect(try pair.server.keyUpdate(requestingPeer: true) == .done)
      #expect(try pair.server.write([UInt8(round)]) == .done(1))
    }
    #expect(pair.server.allEvents().isEmpty)
    #expect(try pair.client.absorb(request + pair.server.drain()) == [0, 1, 2])
    try pair.settle()
    #expect(pair.server.allEvents() == ["clientCertificateReceived"])
    #expect(try pair.requestClientCertificate() == .done)
  }

  @Test func `each answer is followed by new tickets, which resume with the certificate`() throws {
    var (client, server) = try EnginePair.configurations(version: .tls13)
    client.identities = [try Self.alice.identity]
    client.offersPostHandshakeAuthentication = true
    server.clientAuthentication = .onRequest
    server.trustRoots = [Self.alice.trust]
    server.resumption = .tickets(count: 2)
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var pair = try EnginePair(client: contexts.client, server: contexts.server)
    try pair.handshake()
    try pair.settle()
    let before = pair.client.allSessions()
    #expect(before.count == 2)
    try pair.requestClientCertificate()
    try pair.settle()
    let after = pair.client.allSessions()
    #expect(after.count == 2)
    for (session, expected) in [(before[0], []), (after[0], [try Self.alice.certificate])] {
      var resumed = try EnginePair(client: contexts.client, server: contexts.server, session: session)
      try resumed.handshake()
      #expect(resumed.server.negotiated?.isResumed == true)
      #expect(resumed.server.peerCertificates == expected)
      try resumed.requestClientCertificate()
      try resumed.settle()
      #expect(resumed.server.allEvents().suffix(1) == ["clientCertificateReceived"])
    }
  }

  /// Tickets that go with data go with the data after the answer, too: those before it carry no certificate.
  @Test(arguments: [Configuration.Resumption.Timing.afterHandshake, .withFirstWrite, .onRequest], [true, false])
  func `the tickets after an answer follow the timing, and carry the certificate`(
    timing: TLSContext.Configuration.Resumption.Timing, pauses: Bool
  ) throws {
    var (client, server) = try EnginePair.configurations(version: .tls13)
    client.identities = [try Self.alice.identity]
    client.offersPostHandshakeAuthentication = true
    server.clientAuthentication = .onRequest
    server.trustRoots = [Self.alice.trust]
    server.resumption = .tickets(count: 2, timing: timing)
    server.pausesAtPeerCertificates = pauses
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var pair = try EnginePair(client: contexts.client, server: contexts.server)
    try pair.handshake()
    #expect(try pair.transfer([1], from: .server) == [1])
    #expect(pair.client.allSessions().count == (timing == .onRequest ? 0 : 2))
    try pair.requestClientCertificate()
    try pair.settle()
    if pauses { try pair.answer(TLSEngine.PeerCertificates.Answer.followVerification, at: .server) }
    try pair.settle()
    #expect(pair.server.allEvents().contains("clientCertificateReceived"))
    var sessions = pair.client.allSessions()
    #expect(sessions.count == (timing == .afterHandshake ? 2 : 0))
    #expect(try pair.transfer([2], from: .server) == [2])
    sessions += pair.client.allSessions()
    #expect(sessions.count == (timing == .onRequest ? 0 : 2))
    if timing == .onRequest {
      #expect(try pair.server.issueSessionTickets() == .done)
      try pair.settle()
      sessions = pair.client.allSessions()
    }
    #expect(try pair.transfer([3], from: .server) == [3])
    #expect(pair.client.allSessions().isEmpty)
    var resumed = try EnginePair(client: contexts.client, server: contexts.server, session: sessions.last)
    while pauses, resumed.server.question == nil, resumed.step() {}
    if pauses { try resumed.answer(TLSEngine.PeerCertificates.Answer.followVerification, at: .server) }
    try resumed.handshake()
    #expect(resumed.server.negotiated?.isResumed == true)
    #expect(resumed.server.peerCertificates == [try Self.alice.certificate])
  }

  @Test(.tags(.law2, .law3), arguments: [64, 100, 1000, 17 * 1024], [1, 7, 100_000])
  func `buffers of any size and input divided anywhere give the same`(ring: Int, piece: Int) throws {
    var pair = try Self.pair(limits: .with { $0.bufferByteCount = ring })
    try pair.requestClientCertificate()
    _ = try pair.write([1], from: .server)
    #expect(try pair.client.absorb(pair.server.drain(), piece: piece) == [1])
    _ = try pair.write([2], from: .client)
    #expect(try pair.server.absorb(pair.client.drain(), piece: piece) == [2])
    #expect(pair.server.allEvents() == ["clientCertificateReceived"])
    #expect(pair.server.peerCertificates == [try Self.alice.certificate])
    try pair.settle()
    try pair.shutdown()
  }

  @Test func `a server that hibernates meanwhile has the answer`() throws {
    var pair = try Self.pair()
    try pair.requestClientCertificate()
    let request = pair.server.drain()
    let slept = pair.server.hibernate()
    #expect(slept)
    expectRefusal(.requestPending, .misuse) { _ = try pair.requestClientCertificate() }
    _ = try pair.client.absorb(request)
    try pair.settle()
    #expect(pair.server.allEvents() == ["clientCertificateReceived"])
  }

  // MARK: Refusals

  @Test func `a client that presents nothing is refused where a certificate is required`() throws {
    var pair = try Self.pair(nil)
    try pair.requestClientCertificate(isRequired: false)
    try pair.settle()
    #expect(pair.server.allEvents() == ["clientCertificateReceived"])
    #expect(pair.server.peerCertificates.isEmpty)
    try pair.requestClientCertificate(isRequired: true)
    let outcome = pair.outcome()
    #expect(outcome.server?.code == .certificateRejected)
    #expect(outcome.server?.alertSent == .certificateRequired)
    #expect(outcome.client?.alertReceived == .certificateRequired)
    #expect(pair.server.allEvents().isEmpty)
  }

  @Test(arguments: [true, false])
  func `a certificate that is not trusted is refused, required or not`(isRequired: Bool) throws {
    var pair = try Self.pair(trusted: false)
    try pair.requestClientCertificate(isRequired: isRequired)
    let outcome = pair.outcome()
    #expect(outcome.server?.code == .certificateRejected)
    #expect(outcome.server?.verification?.isAccepted == false)
    #expect(outcome.client?.alertReceived == .unknownCA)
    #expect(pair.server.allEvents().isEmpty)
  }

  @Test func `a client that does not offer it is not asked, and the connection continues`() throws {
    var pair = try Self.pair { client, _ in client.offersPostHandshakeAuthentication = false }
    expectRefusal(.unsupported, .peer, naming: "post_handshake_auth") { _ = try pair.requestClientCertificate() }
    #expect(pair.server.pendingOutputByteCount == 0)
    #expect(try pair.transfer([1], from: .client) == [1])
    expectRefusal(.unsupported, .peer) { _ = try pair.requestClientCertificate() }
  }

  @Test func `TLS 1.2, a client, and a context without authentication cannot request`() throws {
    var older = try EnginePair.connected(.tls12) { _, server in
      server.maximumVersion = nil
      server.clientAuthentication = .onRequest
      server.trustRoots = [Self.alice.trust]
    }
    expectRefusal(.unsupported, .misuse, naming: "TLS 1.2") { _ = try older.requestClientCertificate() }
    #expect(try older.transfer([1], from: .client) == [1])
    var pair = try Self.pair()
    expectRefusal(.wrongRole, .misuse) { _ = try pair.client.requestClientCertificate() }
    var plain = try EnginePair.connected(.tls13)
    expectRefusal(.unsupported, .misuse, naming: "clientAuthentication") { _ = try plain.requestClientCertificate() }
  }

  @Test func `before the handshake and after the end nothing is requested`() throws {
    var pair = try EnginePair.connected(.tls13, handshake: false)
    #expect(try pair.requestClientCertificate() == .needsFeed)
    var closed = try Self.pair()
    _ = try closed.server.closeWriting()
    expectRefusal(.closed, .misuse) { _ = try closed.requestClientCertificate() }
  }

  @Test(.tags(.law16))
  func `settings that could have no effect are refused`() throws {
    let identity = try TestIdentity.server().identity
    var server = Configuration.server(identity)
    server.offersPostHandshakeAuthentication = true
    expectRefusal(.invalidConfiguration, .misuse, naming: "offersPostHandshakeAuthentication") {
      _ = try TLSContext(server)
    }
    server = .server(identity)
    server.clientAuthentication = .onRequest
    expectRefusal(.missingTrustRoots, .misuse) { _ = try TLSContext(server) }
    server.trustRoots = [Self.alice.trust]
    server.maximumVersion = .tls12
    expectRefusal(.invalidConfiguration, .misuse, naming: "onRequest") { _ = try TLSContext(server) }
    var client = Configuration.client()
    client.offersPostHandshakeAuthentication = true
    client.maximumVersion = .tls12
    expectRefusal(.invalidConfiguration, .misuse, naming: "TLS 1.3") { _ = try TLSContext(client) }
  }

  // MARK: Closing

  @Test(.tags(.law9))
  func `a client may close instead of answering`() throws {
    var pair = try Self.pair()
    try pair.requestClientCertificate()
    _ = try pair.client.closeWriting()
    pair.step()
    #expect(try pair.server.read(upTo: 9) == .endOfStream)
    #expect(try pair.server.write([1]) == .done(1))
    #expect(try pair.server.closeWriting() == .done)
    #expect(pair.server.failure == nil)
  }

  @Test(.tags(.law9))
  func `a server may close before the answer, and still reads it`() throws {
    var pair = try Self.pair()
    try pair.requestClientCertificate()
    #expect(try pair.server.closeWriting() == .done)
    try pair.settle()
    #expect(pair.server.allEvents() == ["clientCertificateReceived"])
    _ = try pair.client.write([5])
    pair.step()
    #expect(try pair.server.readAll() == [5])
    #expect(pair.server.failure == nil)
    #expect(pair.client.failure == nil)
  }

  // MARK: The question

  @Test(.tags(.law13))
  func `the question is asked by a read, and nothing is read or written before the answer`() throws {
    var pair = try Self.asking()
    let question = pair.asked
    let asked = try #require(question)
    #expect(asked.isPostHandshake)
    #expect(!asked.isResumed)
    #expect(asked.chain == [try Self.alice.certificate])
    #expect(asked.verification.isAccepted)
    #expect(pair.server.needs == .answer)
    #expect(pair.server.phase == .waitingForAnswer)
    _ = try pair.client.write([1, 2, 3])
    pair.step()
    #expect(try pair.server.read(upTo: 9) == .needsAnswer)
    #expect(try pair.server.write([1]) == .needsAnswer)
    #expect(try pair.server.keyUpdate(requestingPeer: true) == .needsAnswer)
    #expect(try pair.server.requestClientCertificate() == .needsAnswer)
    #expect(pair.server.allEvents().isEmpty)
    #expect(pair.server.pendingOutputByteCount == 0)
    #expect(pair.client.allSessions().isEmpty)
    try pair.answer(.followVerification, at: .server)
    #expect(pair.server.allEvents() == ["clientCertificateReceived"])
    #expect(try pair.server.read(upTo: 9) == .done([1, 2, 3]))
    try pair.settle()
    #expect(pair.client.allSessions().count == 1, "the ticket waited for the answer")
    #expect(try pair.transfer([4], from: .server) == [4])
  }

  @Test func `what was read before the answer arrived is not held back`() throws {
    var pair = try Self.pair { _, server in server.pausesAtPeerCertificates = true }
    try pair.requestClientCertificate()
    _ = try pair.client.write([1])
    _ = try pair.client.absorb(pair.server.drain())
    _ = try pair.client.write([2])
    _ = try pair.server.feed(pair.client.drain())
    #expect(try pair.server.read(upTo: 9) == .done([1]))
    #expect(try pair.server.read(upTo: 9) == .needsAnswer)
    try pair.answer(.trust, at: .server)
    #expect(try pair.server.read(upTo: 9) == .done([2]))
  }

  @Test(.tags(.law5), arguments: [TLSAlert.accessDenied, .certificateRequired, .unknownCA, .certificateRevoked])
  func `a client is refused by any alert`(alert: TLSAlert) throws {
    var pair = try Self.asking()
    #expect(thrownError { try pair.answer(.distrust(alert), at: .server) }?.code == .rejected)
    #expect(pair.server.failure?.alertSent == alert)
    let outcome = pair.outcome()
    #expect(outcome.client?.alertReceived == alert)
    #expect(pair.server.allEvents().isEmpty)
  }

  @Test func `an untrusted client is refused by the verification, or trusted by the application`() throws {
    var pair = try Self.asking(trusted: false)
    #expect(pair.asked?.verification.isAccepted == false)
    #expect(thrownError { try pair.answer(.followVerification, at: .server) }?.code == .certificateRejected)
    #expect(pair.outcome().client?.alertReceived == .unknownCA)
    var trusting = try Self.asking(trusted: false)
    try trusting.answer(.trust, at: .server)
    #expect(trusting.server.allEvents() == ["clientCertificateReceived"])
    #expect(try trusting.transfer([1], from: .client) == [1])
  }

  @Test func `an earlier answer does not apply to the next certificate`() throws {
    var pair = try Self.asking(trusted: false)
    try pair.answer(.trust, at: .server)
    for _ in 0..<2 {
      #expect(try pair.requestClientCertificate() == .done)
      try pair.settle()
      #expect(pair.asked?.verification.isAccepted == false)
      try pair.answer(.trust, at: .server)
    }
    try pair.requestClientCertificate()
    try pair.settle()
    #expect(thrownError { try pair.answer(.followVerification, at: .server) }?.code == .certificateRejected)
  }

  @Test func `an answer in the handshake does not apply to a later request`() throws {
    var pair = try EnginePair.connected(.tls13, handshake: false) { client, server in
      try EnginePair.authenticateClient(&client, &server)
      server.trustRoots = [TestAuthority().trust]
      client.offersPostHandshakeAuthentication = true
      server.pausesAtPeerCertificates = true
    }
    while pair.step() {}
    try pair.answer(.trust, at: .server)
    try pair.handshake()
    try pair.settle()
    try pair.requestClientCertificate()
    try pair.settle()
    #expect(pair.asked?.isPostHandshake == true)
    #expect(pair.asked?.verification.isAccepted == false)
    #expect(thrownError { try pair.answer(.followVerification, at: .server) }?.code == .certificateRejected)
  }

  @Test func `nothing is asked about a client without a certificate`() throws {
    var pair = try Self.pair(nil) { _, server in server.pausesAtPeerCertificates = true }
    try pair.requestClientCertificate(isRequired: false)
    try pair.settle()
    #expect(pair.server.question == nil)
    #expect(pair.server.allEvents() == ["clientCertificateReceived"])
  }

  @Test(.tags(.law9))
  func `closing at the question follows the answer`() throws {
    var pair = try Self.asking()
    #expect(try pair.server.closeWriting() == .needsAnswer)
    #expect(pair.server.pendingOutputByteCount == 0)
    try pair.answer(.followVerification, at: .server)
    #expect(pair.server.phase == .writingClosed)
    try pair.settle()
    #expect(try pair.client.read(upTo: 9) == .endOfStream)
    #expect(pair.client.allSessions().count == 1)
  }

  @Test func `both sides may ask their applications`() throws {
    var pair = try Self.pair(nil) { client, server in
      client.pausesAtCertificateRequest = true
      server.pausesAtPeerCertificates = true
      server.trustRoots = [Self.alice.trust]
    }
    try pair.requestClientCertificate()
    try pair.settle()
    guard case .certificateRequest(let request)? = pair.client.question else {
      Issue.record("the client asks")
      return
    }
    #expect(request.isPostHandshake)
    #expect(request.authorities == [try Self.alice.authority.certificate.subject])
    try pair.answer(TLSEngine.CertificateRequest.Answer.present(try Self.alice.identity), at: .client)
    try pair.settle()
    #expect(pair.asked?.chain == [try Self.alice.certificate])
    try pair.answer(TLSEngine.PeerCertificates.Answer.followVerification, at: .server)
    #expect(pair.server.allEvents() == ["clientCertificateReceived"])
  }

  // MARK: Limits

  @Test(.tags(.law11))
  func `a server that floods its client with requests reaches a limit`() throws {
    var pair = try Self.pair(limits: .with { $0.certificateRequestCount = 3 })
    for _ in 0..<3 {
      try pair.requestClientCertificate()
      try pair.settle()
      #expect(try pair.transfer([1], from: .server) == [1])
    }
    #expect(pair.client.failure == nil)
    try pair.requestClientCertificate()
    let outcome = pair.outcome()
    #expect(outcome.client?.code == .limitExceeded)
    #expect(outcome.client?.blame == .peer)
    #expect(outcome.client?.hint.contains("limits.certificateRequestCount, 3") == true)
  }

  @Test(.tags(.law11))
  func `a question of the client does not evade the limit`() throws {
    var pair = try Self.pair(nil, limits: .with { $0.certificateRequestCount = 2 }) { client, _ in
      client.pausesAtCertificateRequest = true
    }
    for _ in 0..<2 {
      try pair.requestClientCertificate(isRequired: false)
      try pair.settle()
      try pair.answer(TLSEngine.CertificateRequest.Answer.presentNothing, at: .client)
      try pair.settle()
    }
    try pair.requestClientCertificate(isRequired: false)
    #expect(pair.outcome().client?.code == .limitExceeded)
  }
}
