import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Synchronization
import Testing

@testable import SansIOTLS

/// Law 13. Questions, not callbacks: the engine suspends at a decision, and continues whenever it is answered.
@Suite(.tags(.law13))
struct QuestionTests {
  // MARK: ClientHello

  private func asking(
    _ version: TLSVersion, limits: TLSEngine.Limits = .default,
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) -> Void = { _, _ in }
  ) throws -> EnginePair {
    try EnginePair.connected(version, handshake: false, limits: limits) { client, server in
      server.pausesAtClientHello = true
      change(&client, &server)
    }
  }

  private func hello(_ engine: borrowing TLSEngine) -> TLSEngine.ClientHello? {
    if case .clientHello(let hello) = engine.question { hello } else { nil }
  }

  private func peerCertificate(_ engine: borrowing TLSEngine) -> TLSEngine.PeerCertificates? {
    if case .peerCertificates(let certificate) = engine.question { certificate } else { nil }
  }

  @Test
  func `one question is asked although HelloRetryRequest causes a second ClientHello`() throws {
    var pair = try asking(.tls13) { client, server in
      client.groups = [.x25519, .secp256r1]
      server.groups = [.secp256r1]
    }
    pair.step()
    #expect(hello(pair.server) != nil)
    try pair.server.answer(.serve)
    #expect(pair.server.question == nil)
    try pair.handshake()
    #expect(pair.server.negotiated?.group == .secp256r1)
    #expect(try pair.transfer([1], from: .client) == [1])
  }

  @Test(arguments: TLSVersion.both)
  func `while a question is open every call returns needsAnswer and nothing changes`(version: TLSVersion) throws {
    var pair = try asking(version)
    pair.step()
    for _ in 0..<2 {
      #expect(pair.server.needs == [.answer])
      #expect(try pair.server.handshake() == .needsAnswer)
      #expect(try pair.server.read(upTo: 10) == .needsAnswer)
      #expect(try pair.server.write([1]) == .needsAnswer)
      #expect(try pair.server.keyUpdate(requestingPeer: false) == .needsAnswer)
      #expect(try pair.server.keyUpdate(requestingPeer: true) == .needsAnswer)
      #expect(pair.server.pendingOutputByteCount == 0)
      #expect(pair.server.bytesNeeded == 0)
      #expect(hello(pair.server) != nil)
    }
    try pair.server.answer(.serve)
    try pair.handshake()
  }

  @Test(arguments: TLSVersion.both)
  func `a ClientHello received byte by byte is a question once it is complete`(version: TLSVersion) throws {
    var pair = try asking(version)
    let bytes = pair.client.drain()
    for byte in bytes.dropLast() {
      _ = try pair.server.feed([byte])
      #expect(pair.server.question == nil)
    }
    _ = try pair.server.feed(bytes.suffix(1))
    #expect(hello(pair.server) != nil)
    try pair.server.answer(.serve)
    try pair.handshake()
  }

  @Test(arguments: TLSVersion.both)
  func `an unsuitable answer leaves the question open`(version: TLSVersion) throws {
    var pair = try asking(version)
    #expect(thrownError { try pair.server.answer(.serve) }?.code == .wrongAnswer)
    pair.step()
    #expect(thrownError { try pair.server.answer(.trust) }?.code == .wrongAnswer)
    let client = try TLSContext(EnginePair.configurations().client)
    #expect(thrownError { try pair.server.answer(.serve(with: client)) }?.code == .wrongRole)
    #expect(hello(pair.server) != nil)
    try pair.server.answer(.serve)
    #expect(thrownError { try pair.server.answer(.serve) }?.code == .wrongAnswer)
    try pair.handshake()
  }

  @Test(arguments: TLSVersion.both)
  func `close during a question abandons the handshake and sends nothing`(version: TLSVersion) throws {
    var pair = try asking(version)
    pair.step()
    #expect(try pair.server.closeWriting() == .done)
    #expect(pair.server.question == nil)
    #expect(pair.server.needs == [])
    #expect(pair.server.drain().isEmpty)
    #expect(thrownError { try pair.server.answer(.serve) } != nil)
  }

  @Test(arguments: TLSVersion.both)
  func `the end of the transport during a question is reported after the answer`(version: TLSVersion) throws {
    var pair = try asking(version)
    pair.step()
    pair.server.feedEOF()
    #expect(pair.server.failure == nil)
    #expect(pair.server.needs == [.answer])
    #expect(thrownError { try pair.server.answer(.serve) }?.code == .truncated)
    #expect(!pair.server.drain().isEmpty, "the flight and what libssl sends after it")
  }

  // MARK: Peer certificate

  /// The certificates with each defect that a question can be asked about, generated once. RSA keys are slow to
  /// generate: theirs have the defects that their signatures are concerned with.
  private static let defective: [TestIdentity.KeyType: [(defect: TestIdentity.Defect, identity: TestIdentity)]] =
    Dictionary(
      uniqueKeysWithValues: [TestIdentity.KeyType.p256, .ed25519, .rsa2048].map { key in
        let authority = TestAuthority(key: key)
        let defects =
          key == .rsa2048
          ? [.corruptedSignature, .unknownIssuer, .selfSigned]
          : TestIdentity.Defect.allCases.filter { ![.mismatchedKey, .weakKey].contains($0) }
        return (key, defects.map { ($0, authority.issue(names: ["localhost"], key: key, defect: $0)) })
      })

  /// A signature that does not even decode leaves entries in the error queue, which is what SSL_get_error looks at
  /// first.
  @Test(arguments: TLSVersion.both, [TestIdentity.KeyType.p256, .ed25519, .rsa2048])
  func `a question is asked about a certificate with any defect`(
    version: TLSVersion, key: TestIdentity.KeyType
  ) throws {
    for (defect, identity) in try #require(Self.defective[key]) {
      var (client, server) = try EnginePair.configurations(version: version, identity: identity)
      client.pausesAtPeerCertificates = true
      client.checksExtendedKeyUsage = true
      server.identities = [try identity.identity]
      var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
      while pair.step() {}
      let question = peerCertificate(pair.client)
      #expect(question?.verification.isAccepted == false, "\(defect)")
      try pair.client.answer(.trust)
      try pair.handshake()
    }
  }

  @Test(arguments: TLSVersion.both)
  func `input fed while a certificate question is open is not lost`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false) { client, _ in client.pausesAtPeerCertificates = true
    }
    _ = try pair.server.feed(pair.client.drain())
    let flight = pair.server.drain()
    var fed = 0
    for byte in flight {
      fed += try pair.client.feed([byte])
    }
    #expect(fed == flight.count)
    #expect(peerCertificate(pair.client) != nil)
    try pair.client.answer(.followVerification)
    #expect(pair.client.pendingOutputByteCount > 0)
    try pair.handshake()
    #expect(try pair.transfer([9], from: .client) == [9])
  }

  @Test(arguments: TLSVersion.both)
  func `a resumed session asks no question since no certificate is presented`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.pausesAtPeerCertificates = true
    server.resumption = .tickets(count: 1)
    let contexts = (try TLSContext(client), try TLSContext(server))
    var first = try EnginePair(client: contexts.0, server: contexts.1)
    while first.client.question == nil, first.step() {}
    try first.client.answer(.followVerification)
    try first.handshake()
    try first.settle()
    let session = first.client.allSessions().last
    var second = try EnginePair(client: contexts.0, server: contexts.1, session: session)
    try second.handshake()
    #expect(second.client.question == nil)
    #expect(second.client.negotiated?.isResumed == true)
  }

  @Test
  func `both questions may be asked in one handshake`() throws {
    for version in TLSVersion.both {
      var pair = try asking(version) { client, _ in client.pausesAtPeerCertificates = true }
      pair.step()
      try pair.server.answer(.serve)
      while pair.client.question == nil, pair.step() {}
      try pair.client.answer(.followVerification)
      try pair.handshake()
      try pair.shutdown()
    }
  }

  @Test(.withoutTap, arguments: TLSVersion.both)
  func `a ticket of one context is not accepted by another context chosen for the ClientHello`(version: TLSVersion)
    throws
  {
    let alice = TestIdentity.client("Alice")
    let identity = TestAuthority().issue(names: ["public.example", "admin.example"])
    var (client, front) = try EnginePair.configurations(version: version, identity: identity)
    client.tracesMessages = false
    var admin = front
    front.pausesAtClientHello = true
    admin.trustRoots = [alice.trust]
    admin.clientAuthentication = .required
    let contexts = (client: try TLSContext(client), front: try TLSContext(front), admin: try TLSContext(admin))
    var first = try EnginePair(client: contexts.client, server: contexts.front, serverName: .dns("public.example"))
    first.step()
    try first.server.answer(.serve)
    try first.handshake()
    try first.settle()
    let session = first.client.allSessions().last
    let ticket = try #require(session)
    var second = try EnginePair(
      client: contexts.client, server: contexts.front, serverName: .dns("admin.example"), session: ticket)
    second.step()
    try second.server.answer(.serve(with: contexts.admin))
    let error = thrownError {
      try second.handshake()
      try second.settle()
    }
    #expect(error?.code == .certificateRejected)
    #expect(second.server.negotiated == nil)
  }

  /// The ticket proves a certificate, and the other context trusts another authority.
  @Test(.withoutTap, arguments: TLSVersion.both)
  func `a ticket with a client's certificate is not accepted by another context that would refuse it`(
    version: TLSVersion
  ) throws {
    let alice = TestIdentity.client("Alice")
    let identity = TestAuthority().issue(names: ["public.example", "admin.example"])
    var (client, front) = try EnginePair.configurations(version: version, identity: identity)
    client.tracesMessages = false
    client.identities = [try alice.identity]
    front.trustRoots = [alice.trust]
    front.clientAuthentication = .required
    var admin = front
    front.pausesAtClientHello = true
    admin.trustRoots = [TestIdentity.client("Bob").trust]
    let contexts = (client: try TLSContext(client), front: try TLSContext(front), admin: try TLSContext(admin))
    var first = try EnginePair(client: contexts.client, server: contexts.front, serverName: .dns("public.example"))
    first.step()
    try first.server.answer(.serve)
    try first.handshake()
    try first.settle()
    var session: TLSSession?
    while let event = first.client.nextEvent() { if case .sessionTicket(let ticket) = event { session = ticket } }
    let ticket = try #require(session)
    var second = try EnginePair(
      client: contexts.client, server: contexts.front, serverName: .dns("admin.example"), session: ticket)
    second.step()
    try second.server.answer(.serve(with: contexts.admin))
    _ = thrownError {
      try second.handshake()
      try second.settle()
    }
    #expect(second.server.failure?.code == .certificateRejected)
    #expect(second.server.negotiated == nil)
  }

  @Test(.withoutTap, arguments: TLSVersion.both)
  func `a ticket of the context chosen for the ClientHello is accepted by it again`(version: TLSVersion) throws {
    var (client, front) = try EnginePair.configurations(version: version)
    client.tracesMessages = false
    let other = try TLSContext(front)
    front.pausesAtClientHello = true
    let contexts = (client: try TLSContext(client), front: try TLSContext(front))
    var session: TLSSession?
    for turn in 0..<2 {
      var pair = try EnginePair(client: contexts.client, server: contexts.front, session: session)
      pair.step()
      try pair.server.answer(.serve(with: other))
      try pair.handshake()
      try pair.settle()
      #expect(pair.server.negotiated?.isResumed == (turn == 1))
      session = pair.client.allSessions().last
    }
  }

  @Test(arguments: [true, false])
  func `a second ClientHello must contain the name of the first`(asks: Bool) throws {
    var pair = try asking(.tls13) { client, server in
      server.pausesAtClientHello = asks
      client.groups = [.x25519, .secp256r1]
      server.groups = [.secp256r1]
    }
    pair.step()
    if asks { try pair.server.answer(.serve) }
    _ = try pair.client.feed(pair.server.drain())
    var hello = pair.client.drain()
    let name = Array("localhost".utf8)
    let start = try #require(hello.indices.first { hello[$0...].starts(with: name) })
    hello[start] = UInt8(ascii: "x")
    let error = thrownError { _ = try pair.server.feed(hello) }
    #expect(error?.blame == .peer)
    #expect(error?.alertSent == .illegalParameter)
  }

  @Test(arguments: TLSVersion.both)
  func `the other context's verification settings apply and none of the first context's`(version: TLSVersion) throws {
    let wrong = TestIdentity.client("Mallory", defect: .wrongUsage)
    var (client, front) = try EnginePair.configurations(version: version)
    client.identities = [try wrong.identity]
    var other = front
    other.trustRoots = [wrong.trust]
    other.clientAuthentication = .required
    front.pausesAtClientHello = true
    front.checksExtendedKeyUsage = false
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(front))
    pair.step()
    try pair.server.answer(.serve(with: TLSContext(other)))
    _ = thrownError {
      try pair.handshake()
      try pair.settle()
    }
    #expect(pair.server.failure?.code == .certificateRejected)
  }

  @Test(arguments: [TLSAlert(rawValue: 200), .certificateRequired, .closeNotify])
  func `an alert that libssl would not send unchanged is refused as an answer`(alert: TLSAlert) throws {
    var pair = try asking(.tls13)
    pair.step()
    #expect(thrownError { try pair.server.answer(.refuse(alert)) }?.code == .wrongAnswer)
    #expect(hello(pair.server) != nil)
    try pair.server.answer(.serve)
    try pair.handshake()
  }

  // MARK: One check

  /// Counts the certificates that libcrypto reports as checked: it calls this for each of a chain.
  private static let checked = Atomic(0)
  private static let count: X509_STORE_CTX_verify_cb = { result, _ in
    checked.add(1, ordering: .relaxed)
    return result
  }

  /// One version after the other: they share the count.
  @Test(.serialized, arguments: TLSVersion.both)
  func `a chain is verified once, whether or not a question is asked about it`(version: TLSVersion) throws {
    func checks(asking: Bool) throws -> Int {
      let (client, server) = try EnginePair.configurations(version: version)
      var configuration = client
      configuration.pausesAtPeerCertificates = asking
      let context = try TLSContext(configuration)
      unsafe X509_STORE_set_verify_cb(SSL_CTX_get_cert_store(context.handle.context), Self.count)
      var pair = try EnginePair(client: context, server: TLSContext(server))
      let before = Self.checked.load(ordering: .relaxed)
      if asking {
        while pair.client.question == nil, pair.step() {}
        try pair.client.answer(.followVerification)
      }
      try pair.handshake()
      let isChainKept = unsafe SSL_get0_verified_chain(pair.client.handle.ssl) != nil
      #expect(isChainKept)
      return Self.checked.load(ordering: .relaxed) - before
    }
    let once = try checks(asking: false)
    #expect(once > 0)
    #expect(try checks(asking: true) == once)
  }
}
