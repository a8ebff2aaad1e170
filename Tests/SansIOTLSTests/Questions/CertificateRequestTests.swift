import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A client's question of the identity that it presents.
@Suite(.tags(.law13))
struct CertificateRequestTests {
  private static let alice = TestIdentity.client("Alice")

  /// A pair whose client has been asked, and which trusts the authority of `identity`.
  private func asking(
    _ version: TLSVersion, trusting identity: TestIdentity = alice,
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> EnginePair {
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      client.pausesAtCertificateRequest = true
      server.trustRoots = [identity.trust]
      server.clientAuthentication = .required
      try change(&client, &server)
    }
    while pair.step() {}
    return pair
  }

  private func request(_ pair: borrowing EnginePair) throws -> TLSEngine.CertificateRequest {
    guard case .certificateRequest(let request)? = pair.client.question else { throw EnginePair.Stalled.noQuestion }
    return request
  }

  @Test(arguments: TLSVersion.both)
  func `the request is reported with its contents`(version: TLSVersion) throws {
    let other = TestAuthority(name: "Other CA")
    let pair = try asking(version) { _, server in
      server.clientAuthorities = [try Self.alice.authority.certificate, try other.certificate]
      server.signatureSchemes = [.ecdsa_secp256r1_sha256, .ed25519, .rsa_pss_rsae_sha256]
    }
    let request = try request(pair)
    let subjects = try [Self.alice.authority.certificate.subject, other.certificate.subject]
    #expect(request.authorities == subjects)
    #expect(request.signatureSchemes == [.ecdsa_secp256r1_sha256, .ed25519, .rsa_pss_rsae_sha256])
    let types: [TLSEngine.CertificateRequest.CertificateType] = request.certificateTypes
    #expect(version == .tls13 ? types.isEmpty : types.contains(.ecdsaSign) && types.contains(.rsaSign))
    #expect(request.serverCertificates == pair.client.peerCertificates)
    #expect(request.serverCertificates.count == 1)
    #expect(!request.isPostHandshake)
    #expect(pair.client.needs == .answer)
    #expect(pair.client.phase == .waitingForAnswer)
  }

  /// Generated once: RSA keys are slow to generate.
  private static let identities: [TestIdentity.KeyType: TestIdentity] = {
    let authority = TestAuthority().issueIntermediate()
    return Dictionary(
      uniqueKeysWithValues: TestIdentity.KeyType.allCases.map { key in
        (key, authority.issue(subject: "Bob", key: key, usage: .client))
      })
  }()

  @Test(arguments: TLSVersion.both, TestIdentity.KeyType.allCases)
  func `an identity is presented with its chain`(version: TLSVersion, key: TestIdentity.KeyType) throws {
    let identity = try #require(Self.identities[key])
    var pair = try asking(version, trusting: identity)
    #expect(try pair.client.write([1]) == .needsAnswer)
    #expect(try pair.client.read(upTo: 1) == .needsAnswer)
    try pair.answer(.present(identity.identity), at: .client)
    try pair.handshake()
    #expect(pair.server.peerCertificates == (try identity.identity.chain))
    #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
  }

  @Test(arguments: TLSVersion.both)
  func `an identity replaces the configured ones`(version: TLSVersion) throws {
    let authority = TestAuthority()
    let configured = [TestIdentity.KeyType.p256, .rsa2048].map { authority.issue(key: $0, usage: .client) }
    let chosen = authority.issue(subject: "Chosen", key: .ed25519, usage: .client)
    var pair = try asking(version, trusting: chosen) { client, _ in
      client.identities = try configured.map { try $0.identity }
    }
    try pair.answer(.present(chosen.identity), at: .client)
    try pair.handshake()
    #expect(pair.server.peerCertificates == [try chosen.certificate])
  }

  @Test(arguments: TLSVersion.both)
  func `the configured identities are presented, or nothing`(version: TLSVersion) throws {
    for asConfigured in [true, false] {
      var pair = try asking(version) { client, server in
        client.identities = [try Self.alice.identity]
        server.clientAuthentication = .requested
      }
      if asConfigured {
        try pair.client.answerAsConfigured()
      } else {
        try pair.answer(TLSEngine.CertificateRequest.Answer.presentNothing, at: .client)
      }
      try pair.handshake()
      #expect(pair.server.peerCertificates == (asConfigured ? [try Self.alice.certificate] : []))
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a server that requires a certificate refuses nothing`(version: TLSVersion) throws {
    var pair = try asking(version)
    try pair.answer(TLSEngine.CertificateRequest.Answer.presentNothing, at: .client)
    #expect(pair.outcome().server?.code == .certificateRejected)
  }

  @Test(arguments: TLSVersion.both)
  func `a key that does not fit is refused when answered, and the question stands`(version: TLSVersion) throws {
    let authority = TestAuthority()
    let unfit: [TestIdentity.KeyType] = [.rsa2048, .ed25519] + (version == .tls13 ? [.p384] : [])
    let fit = authority.issue(subject: "Fit", key: .p256, usage: .client)
    var pair = try asking(version, trusting: fit) { client, server in
      client.identities = [try authority.issue(subject: "Configured", usage: .client).identity]
      server.signatureSchemes = [.ecdsa_secp256r1_sha256]
    }
    for key in unfit {
      let identity = try authority.issue(key: key, usage: .client).identity
      let error = thrownError { try pair.answer(.present(identity), at: .client) }
      #expect(error?.code == .unsuitableIdentity)
      #expect(error?.blame == .misuse)
      #expect(error?.hint.contains("ecdsa_secp256r1_sha256") == true)
      #expect(pair.client.question != nil)
    }
    let mismatched = try authority.issue(usage: .client, defect: .mismatchedKey).identity
    #expect(
      thrownError { try pair.answer(.present(mismatched), at: .client) }?.code == .keyDoesNotMatchCertificate)
    let weak = try authority.issue(key: .p256, usage: .client, defect: .weakKey).identity
    let error = thrownError { try pair.answer(.present(weak), at: .client) }
    #expect([.identityRefused, .unsuitableIdentity].contains(error?.code))
    try pair.answer(.presentConfigured, at: .client)
    try pair.handshake()
    #expect(pair.server.peerCertificates.first?.subject.description == "CN=Configured")
  }

  @Test func `a certificate of a type that is not requested is refused when answered`() throws {
    let server = RawPeer(.server, version: .tls12, identity: .server(), certificateTypes: [1])
    var configuration = TLSContext.Configuration.client()
    configuration.peerVerification = .none
    configuration.pausesAtCertificateRequest = true
    var client = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(configuration))
    for _ in 0..<2 {
      _ = server.absorb(client.drain())
      _ = try client.feed(server.drain())
    }
    guard case .certificateRequest(let request)? = client.question else { throw EnginePair.Stalled.noQuestion }
    #expect(request.certificateTypes == [.rsaSign])
    let ecdsa = try TestIdentity.client().identity
    #expect(thrownError { try client.answer(.present(ecdsa)) }?.code == .unsuitableIdentity)
    let rsa = TestAuthority().issue(key: .rsa2048, usage: .client)
    try client.answer(.present(rsa.identity))
    _ = server.absorb(client.drain())
    #expect(server.peerCertificate == rsa.certificateDER)
  }

  @Test(arguments: TLSVersion.both)
  func `a server that requests no certificate is not asked about`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version) { client, _ in client.pausesAtCertificateRequest = true }
    #expect(pair.client.negotiated != nil)
  }

  @Test func `a server cannot be asked for its identity`() throws {
    var server = TLSContext.Configuration.server(try TestIdentity.server().identity)
    server.pausesAtCertificateRequest = true
    expectRefusal(.invalidConfiguration, .misuse, naming: "pausesAtCertificateRequest") { _ = try TLSContext(server) }
  }

  @Test(arguments: TLSVersion.both)
  func `the server's certificates are asked about before the client's identity`(version: TLSVersion) throws {
    var pair = try asking(version) { client, _ in client.pausesAtPeerCertificates = true }
    guard case .peerCertificates? = pair.client.question else { throw EnginePair.Stalled.noQuestion }
    #expect(
      thrownError { try pair.answer(TLSEngine.CertificateRequest.Answer.presentNothing, at: .client) }?.code
        == .wrongAnswer)
    try pair.answer(.followVerification, at: .client)
    while pair.step() {}
    _ = try request(pair)
    #expect(thrownError { try pair.answer(.trust, at: .client) }?.code == .wrongAnswer)
    try pair.answer(.present(Self.alice.identity), at: .client)
    try pair.handshake()
    #expect(pair.server.peerCertificates == [try Self.alice.certificate])
  }

  @Test(arguments: TLSVersion.both)
  func `a client does not hibernate at the question, and may close`(version: TLSVersion) throws {
    var pair = try asking(version)
    // libssl asks before it has read the end of the server's flight.
    let isAsleep = pair.hibernate(.client)
    #expect(!isAsleep)
    try pair.answer(.present(Self.alice.identity), at: .client)
    try pair.handshake()
    #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
    var closing = try asking(version)
    #expect(try closing.client.closeWriting() == .done)
    #expect(closing.client.phase == .abandoned)
    #expect(closing.client.pendingOutputByteCount == 0)
  }

  @Test(.tags(.law15), arguments: TLSVersion.both)
  func `a session continues with the identity of the answer, on its own context alone`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.pausesAtCertificateRequest = true
    server.trustRoots = [Self.alice.trust]
    server.clientAuthentication = .required
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var pair = try EnginePair(client: contexts.client, server: contexts.server)
    while pair.step() {}
    try pair.answer(.present(Self.alice.identity), at: .client)
    try pair.handshake()
    try pair.settle()
    let session = try #require(pair.client.allSessions().last as TLSSession?)
    var again = try EnginePair(client: contexts.client, server: contexts.server, session: session)
    try again.handshake()
    #expect(again.client.negotiated?.isResumed == true)
    #expect(again.server.peerCertificates == [try Self.alice.certificate])
    let other = try TLSContext(client)
    #expect(
      thrownError { _ = try EnginePair(client: other, server: contexts.server, session: session) }?.code
        == .invalidArgument)
  }

  // MARK: After the handshake

  /// A client after the handshake with a server that can request later.
  private func connected(
    _ change: (inout TLSContext.Configuration) throws -> Void = { _ in }
  ) throws -> Later { try Later.connected(change) }

  /// A client, and a bare server that requests a certificate after the handshake.
  private struct Later: ~Copyable {
    var client: TLSEngine
    let server: RawPeer

    static func connected(_ change: (inout TLSContext.Configuration) throws -> Void) throws -> Later {
      var configuration = TLSContext.Configuration.client()
      configuration.peerVerification = .none
      configuration.pausesAtCertificateRequest = true
      try change(&configuration)
      let context = try TLSContext(configuration)
      var later = Later(
        client: try TLSEngine(.client(serverName: .dns("localhost")), context: context),
        server: RawPeer(.server, version: .tls13, identity: .server()))
      for _ in 0..<3 { try later.turn() }
      _ = try later.client.readAll()
      return later
    }

    /// Moves ciphertext both ways, and returns what the server reads.
    @discardableResult
    mutating func turn() throws -> [UInt8] {
      let plaintext = server.absorb(client.drain())
      _ = try client.feed(server.drain())
      return plaintext
    }

    mutating func request() throws {
      #expect(server.requestCertificate())
      try turn()
    }
  }

  @Test func `a request after the handshake is asked by a read, and reads and writes wait`() throws {
    var later = try connected()
    try later.request()
    #expect(later.client.needs == .read)
    #expect(try later.client.read(upTo: 9) == .needsAnswer)
    guard case .certificateRequest(let request)? = later.client.question else { throw EnginePair.Stalled.noQuestion }
    #expect(request.isPostHandshake)
    #expect(!request.signatureSchemes.isEmpty)
    #expect(request.serverCertificates == later.client.peerCertificates)
    #expect(later.client.needs == .answer)
    #expect(later.client.phase == .waitingForAnswer)
    #expect(later.client.negotiated != nil)
    for _ in 0..<2 {
      #expect(try later.client.write([1]) == .needsAnswer)
      #expect(try later.client.read(upTo: 9) == .needsAnswer)
      #expect(try later.client.keyUpdate(requestingPeer: true) == .needsAnswer)
    }
    later.server.write([7])
    try later.turn()
    #expect(later.client.pendingOutputByteCount == 0)
    try later.client.answer(.present(Self.alice.identity))
    #expect(later.client.question == nil)
    #expect(later.client.phase == .open)
    #expect(try later.client.readAll() == [7])
    #expect(try later.client.write([1, 2]) == .done(2))
    #expect(try later.turn() == [1, 2])
    #expect(later.server.peerCertificate == Self.alice.certificateDER)
  }

  @Test func `each request is a question of its own`() throws {
    let bob = TestIdentity.client("Bob")
    var later = try connected { $0.identities = [try bob.identity] }
    let answers: [(TLSEngine.CertificateRequest.Answer, [UInt8])] = [
      (.present(try Self.alice.identity), Self.alice.certificateDER), (.presentConfigured, bob.certificateDER),
      (.presentNothing, []), (.presentConfigured, bob.certificateDER),
    ]
    for (answer, expected) in answers {
      try later.request()
      #expect(try later.client.read(upTo: 9) == .needsAnswer)
      try later.client.answer(answer)
      try later.turn()
      #expect(later.server.peerCertificate == expected)
    }
  }

  @Test func `an identity that does not fit is refused, and the question stands`() throws {
    var later = try connected()
    try later.request()
    #expect(try later.client.read(upTo: 9) == .needsAnswer)
    let mismatched = try TestAuthority().issue(usage: .client, defect: .mismatchedKey).identity
    #expect(thrownError { try later.client.answer(.present(mismatched)) }?.code == .keyDoesNotMatchCertificate)
    #expect(later.client.question != nil)
    try later.client.answer(.presentNothing)
    #expect(try later.client.write([1]) == .done(1))
    #expect(try later.turn() == [1])
  }

  @Test(.tags(.law9))
  func `closing at the question follows the answer`() throws {
    var later = try connected()
    try later.request()
    #expect(try later.client.read(upTo: 9) == .needsAnswer)
    #expect(try later.client.closeWriting() == .needsAnswer)
    #expect(later.client.pendingOutputByteCount == 0)
    #expect(thrownError { _ = try later.client.write([1]) }?.code == .closed)
    later.server.write([7])
    try later.turn()
    try later.client.answer(.present(Self.alice.identity))
    #expect(later.client.phase == .writingClosed)
    #expect(try later.client.readAll() == [7])
    try later.turn()
    #expect(later.server.peerCertificate == Self.alice.certificateDER)
    #expect(later.server.hasReceivedCloseNotify)
  }

  @Test(.tags(.law9))
  func `after close_notify a request is not asked about`() throws {
    var later = try connected()
    #expect(try later.client.closeWriting() == .done)
    let closed = later.client.drain()
    try later.request()
    later.server.write([7])
    try later.turn()
    #expect(try later.client.readAll() == [7])
    #expect(later.client.question == nil)
    #expect(later.client.pendingOutputByteCount == 0)
    #expect(!closed.isEmpty)
  }

  @Test func `an engine hibernates at a question after the handshake`() throws {
    var later = try connected()
    try later.request()
    #expect(try later.client.read(upTo: 9) == .needsAnswer)
    let isAsleep = later.client.hibernate()
    #expect(isAsleep)
    try later.client.answer(.present(Self.alice.identity))
    try later.turn()
    #expect(later.server.peerCertificate == Self.alice.certificateDER)
  }

  @Test(.tags(.law8))
  func `the end of input at a question after the handshake is found after the answer`() throws {
    var later = try connected()
    try later.request()
    #expect(try later.client.read(upTo: 9) == .needsAnswer)
    later.client.feedEOF()
    #expect(later.client.needs == .answer)
    try later.client.answer(.presentNothing)
    #expect(thrownError { _ = try later.client.read(upTo: 9) }?.code == .truncated)
  }

  @Test(.tags(.law2), arguments: [1, 3, 50])
  func `a request after the handshake may be divided anywhere`(piece: Int) throws {
    var later = try connected()
    #expect(later.server.requestCertificate())
    later.server.write([7])
    var bytes = later.server.drain()[...]
    while !bytes.isEmpty {
      let accepted = try later.client.feed(bytes.prefix(piece))
      bytes = bytes.dropFirst(accepted)
      if later.client.question == nil { _ = try later.client.read(upTo: 9) }
    }
    #expect(later.client.question != nil)
    try later.client.answer(.present(Self.alice.identity))
    #expect(try later.client.readAll() == [7])
  }

  @Test func `a write finds the question of a request that was half read`() throws {
    var later = try connected()
    #expect(later.server.requestCertificate())
    let bytes = later.server.drain()
    _ = try later.client.feed(bytes.dropLast(5))
    #expect(try later.client.read(upTo: 9) == .needsFeed)
    _ = try later.client.feed(bytes.suffix(5))
    let step = try later.client.write([1])
    #expect(step == .needsAnswer || step == .done(1))
    _ = try later.client.read(upTo: 9)
    #expect(later.client.question != nil)
    try later.client.answer(.presentNothing)
  }

  @Test func `a client that is not asked does not offer to be`() throws {
    var later = try connected { $0.pausesAtCertificateRequest = false }
    #expect(!later.server.requestCertificate())
    #expect(try later.client.write([1]) == .done(1))
    #expect(try later.turn() == [1])
  }
}
