import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Connections by external pre-shared keys.
@Suite(.tags(.law15))
struct PreSharedKeyTests {
  static func key(
    _ identity: String = "device 1", _ hash: TLSPreSharedKey.Hash = .sha256, byte: UInt8 = 7
  ) throws -> TLSPreSharedKey {
    try TLSPreSharedKey(identity: identity, key: [UInt8](repeating: byte, count: 32), hash: hash)
  }

  static let name = Array("device 1".utf8)

  /// A pair by pre-shared keys alone: no side has a certificate.
  static func pair(
    _ version: TLSVersion?, client: TLSPreSharedKey?, server: [TLSPreSharedKey], session: TLSSession? = nil,
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> EnginePair {
    var (clientSide, serverSide) = try EnginePair.configurations(version: version)
    clientSide.preSharedKeys = client.map { [$0] } ?? []
    serverSide.preSharedKeys = server
    serverSide.identities = []
    try change(&clientSide, &serverSide)
    return try EnginePair(client: TLSContext(clientSide), server: TLSContext(serverSide), session: session)
  }

  @Test(arguments: TLSVersion.both, TLSPreSharedKey.Hash.allCases)
  func `two sides with one key connect without certificates`(version: TLSVersion, hash: TLSPreSharedKey.Hash) throws {
    let key = try Self.key("device 1", hash)
    var pair = try Self.pair(version, client: key, server: [try Self.key("device 0"), key])
    try pair.handshake()
    #expect(try pair.transfer([1, 2, 3], from: .client) == [1, 2, 3])
    #expect(try pair.transfer([4], from: .server) == [4])
    for side in TLSRole.allCases {
      let agreed = pair[side].negotiated
      let negotiated = try #require(agreed)
      #expect(negotiated.version == version)
      #expect(negotiated.peerAuthentication == .preSharedKey(identity: Self.name))
      #expect(!negotiated.isResumed)
      #expect(negotiated.ownSignatureScheme == nil)
      #expect(negotiated.peerSignatureScheme == nil)
      #expect(pair[side].peerCertificates.isEmpty)
      #expect(pair[side].ownCertificates.isEmpty)
      // Forward secrecy.
      #expect(negotiated.group != nil)
    }
    #expect(pair.server.negotiated?.serverName == "localhost")
  }

  @Test(arguments: TLSPreSharedKey.Hash.allCases)
  func `a client offers only suites of its key's hash in TLS 1.3`(hash: TLSPreSharedKey.Hash) throws {
    var (client, _) = try EnginePair.configurations(version: .tls13)
    client.preSharedKeys = [try Self.key("a", hash)]
    let suites = try TLSContext(client).effectiveParameters().cipherSuites
    #expect(
      suites
        == (hash == .sha256
          ? [.TLS_CHACHA20_POLY1305_SHA256, .TLS_AES_128_GCM_SHA256] : [.TLS_AES_256_GCM_SHA384]))
  }

  /// libssl would drop a key whose hash is not that of its first suite.
  @Test func `a server's suite follows the identity that the client shows`() throws {
    for hash in TLSPreSharedKey.Hash.allCases {
      let keys = try TLSPreSharedKey.Hash.allCases.map { try Self.key("\($0)", $0) }
      let own = try #require(keys.first { $0.hash == hash })
      var pair = try EnginePair.connected(.tls13) { client, server in
        client.preSharedKeys = [own]
        server.preSharedKeys = keys
        server.cipherSuites = [
          hash == .sha256 ? .TLS_AES_256_GCM_SHA384 : .TLS_AES_128_GCM_SHA256,
          hash == .sha256 ? .TLS_AES_128_GCM_SHA256 : .TLS_AES_256_GCM_SHA384,
        ]
      }
      #expect(pair.server.negotiated?.peerAuthentication == .preSharedKey(identity: own.identity))
      #expect(try pair.transfer([1], from: .client) == [1])
    }
  }

  // MARK: What fails

  @Test(arguments: TLSVersion.both)
  func `another key of the same identity is the wrong key to both sides`(version: TLSVersion) throws {
    var pair = try Self.pair(version, client: try Self.key(), server: [try Self.key(byte: 8)])
    let failures = pair.outcome()
    #expect(failures.client?.code == .wrongPreSharedKey, "\(failures.client!)")
    #expect(failures.server?.code == .wrongPreSharedKey, "\(failures.server!)")
    #expect(failures.client?.alertReceived == failures.server?.alertSent)
    let alerts: [TLSAlert] = version == .tls12 ? [.badRecordMAC] : [.illegalParameter, .decryptError]
    #expect(alerts.contains(try #require(failures.server?.alertSent)))
  }

  @Test(arguments: TLSVersion.both)
  func `an identity that the server does not have is unknown`(version: TLSVersion) throws {
    var pair = try Self.pair(version, client: try Self.key("device 2"), server: [try Self.key()])
    let failures = pair.outcome()
    #expect(failures.server?.code == .unknownPreSharedKey, "\(failures.server!)")
    #expect(failures.client?.code == (version == .tls12 ? .unknownPreSharedKey : .alertReceived), "\(failures.client!)")
    #expect(failures.client?.alertReceived == (version == .tls12 ? .unknownPSKIdentity : .handshakeFailure))
    #expect(failures.client?.hint.contains("pre-shared key") == true)
  }

  @Test(arguments: TLSVersion.both)
  func `a client without a key is recognized by a server without a certificate`(version: TLSVersion) throws {
    var pair = try Self.pair(version, client: nil, server: [try Self.key()])
    let failures = pair.outcome()
    #expect(failures.server?.code == .missingPreSharedKey, "\(failures.server!)")
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }

  /// The name fits and the authority is trusted: still it is not the server that has the key.
  @Test(arguments: [TLSPreSharedKey.Hash.sha256, .sha384])
  func `a client refuses a server that answers its key by a trusted certificate`(hash: TLSPreSharedKey.Hash) throws {
    let failures = try EnginePair.failures(.tls13) { client, _ in
      client.preSharedKeys = [try Self.key("device 1", hash)]
    }
    #expect(failures.client?.code == .preSharedKeyIgnored, "\(failures.client!)")
    #expect(failures.client?.alertSent == .handshakeFailure)
    #expect(failures.server?.alertReceived == .handshakeFailure)
    #expect(failures.client?.verification == nil)
  }

  @Test func `a client with a key shares no suite of TLS 1.2 with a server of certificates`() throws {
    let failures = try EnginePair.failures(.tls12) { client, _ in client.preSharedKeys = [try Self.key()] }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.client?.alertReceived == .handshakeFailure)
  }

  /// Not verifying certificates is no reason to do without the key.
  @Test func `a client that verifies no certificates still demands its key`() throws {
    let failures = try EnginePair.failures(.tls13) { client, _ in
      client.preSharedKeys = [try Self.key()]
      client.peerVerification = .none
    }
    #expect(failures.client?.code == .preSharedKeyIgnored)
  }

  // MARK: Certificates beside keys

  @Test(arguments: TLSVersion.both)
  func `a client that accepts certificates too is proved one where its key is not known`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version) { client, server in
      client.preSharedKeys = [try Self.key()]
      client.acceptsCertificateWithoutPreSharedKey = true
      if version == .tls13 { server.preSharedKeys = [try Self.key("device 2")] }
    }
    #expect(pair.client.negotiated?.peerAuthentication == .certificate)
    #expect(pair.server.negotiated?.peerAuthentication == TLSEngine.PeerAuthentication.none)
    #expect(pair.client.peerCertificates.count == 1)
  }

  @Test func `a client that accepts certificates too verifies them`() throws {
    let failures = try EnginePair.failures(.tls13) { client, _ in
      client.preSharedKeys = [try Self.key()]
      client.acceptsCertificateWithoutPreSharedKey = true
      client.trustRoots = [TestAuthority().trust]
    }
    #expect(failures.client?.code == .certificateRejected)
  }

  @Test(arguments: TLSVersion.both)
  func `a key comes before the certificate of a server that has both`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version) { client, server in
      client.preSharedKeys = [try Self.key()]
      client.acceptsCertificateWithoutPreSharedKey = true
      server.preSharedKeys = [try Self.key()]
    }
    #expect(pair.client.negotiated?.peerAuthentication == .preSharedKey(identity: Self.name))
    #expect(pair.client.peerCertificates.isEmpty)
    #expect(try pair.transfer([1], from: .client) == [1])
  }

  @Test(arguments: TLSVersion.both)
  func `a server with both serves a client without a key by its certificate`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version) { _, server in server.preSharedKeys = [try Self.key()] }
    #expect(pair.client.negotiated?.peerAuthentication == .certificate)
  }

  @Test(arguments: TLSVersion.both)
  func `a key counts as authentication where client certificates are required`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version) { client, server in
      client.preSharedKeys = [try Self.key()]
      server.preSharedKeys = [try Self.key()]
      server.trustRoots = [TestAuthority().trust]
      server.clientAuthentication = .required
    }
    #expect(pair.server.negotiated?.peerAuthentication == .preSharedKey(identity: Self.name))
  }

  // MARK: HelloRetryRequest

  @Test func `a key survives a request to repeat the hello`() throws {
    var pair = try Self.pair(.tls13, client: try Self.key(), server: [try Self.key()]) { client, server in
      client.groups = [.x25519, .secp384r1]
      server.groups = [.secp384r1]
    }
    try pair.handshake()
    #expect(pair.client.negotiated?.isHelloRetried == true)
    #expect(pair.server.negotiated?.isHelloRetried == true)
    #expect(pair.client.negotiated?.peerAuthentication == .preSharedKey(identity: Self.name))
    #expect(pair.server.negotiated?.peerAuthentication == .preSharedKey(identity: Self.name))
  }

  @Test func `the wrong key is found out after a request to repeat the hello`() throws {
    var pair = try Self.pair(.tls13, client: try Self.key(), server: [try Self.key(byte: 8)]) { client, server in
      client.groups = [.x25519, .secp384r1]
      server.groups = [.secp384r1]
    }
    let failures = pair.outcome()
    #expect(failures.client?.code == .wrongPreSharedKey, "\(failures.client!)")
    #expect(failures.server?.code == .wrongPreSharedKey, "\(failures.server!)")
  }

  // MARK: The question

  @Test(.tags(.law13)) func `an answer brings the key of an identity that the question shows`() throws {
    var pair = try Self.pair(.tls13, client: try Self.key(), server: []) { _, server in
      server.pausesAtClientHello = true
    }
    while pair.step() {}
    guard case .clientHello(let hello)? = pair.server.question else {
      Issue.record("there is no question")
      return
    }
    #expect(hello.preSharedKeyIdentities == [Self.name])
    try pair.answer(.serve.accepting(try Self.key("other")).accepting(try Self.key()), at: .server)
    try pair.handshake()
    #expect(pair.server.negotiated?.peerAuthentication == .preSharedKey(identity: Self.name))
    #expect(try pair.transfer([1], from: .server) == [1])
  }

  @Test(.tags(.law13), arguments: [true, false])
  func `an answer may name another context and a key for it`(isRetried: Bool) throws {
    var (_, other) = try EnginePair.configurations(version: .tls13)
    if isRetried { other.groups = [.secp384r1] }
    var pair = try Self.pair(.tls13, client: try Self.key("device 1", .sha384), server: []) { client, server in
      server.pausesAtClientHello = true
      if isRetried { client.groups = [.x25519, .secp384r1] }
    }
    while pair.step() {}
    let context = try TLSContext(other)
    try pair.answer(.serve(with: context).accepting(try Self.key("device 1", .sha384)), at: .server)
    try pair.handshake()
    #expect(pair.server.negotiated?.peerAuthentication == .preSharedKey(identity: Self.name))
    #expect(pair.client.negotiated?.isHelloRetried == isRetried)
  }

  @Test(.tags(.law13), arguments: TLSVersion.both)
  func `a context that an answer names serves by its own keys`(version: TLSVersion) throws {
    var (_, other) = try EnginePair.configurations(version: version)
    other.identities = []
    other.preSharedKeys = [try Self.key()]
    var pair = try Self.pair(version, client: try Self.key(), server: []) { _, server in
      server.pausesAtClientHello = true
    }
    while pair.step() {}
    try pair.answer(.serve(with: TLSContext(other)), at: .server)
    try pair.handshake()
    #expect(pair.server.negotiated?.peerAuthentication == .preSharedKey(identity: Self.name))
  }

  @Test(.tags(.law13), arguments: TLSVersion.both)
  func `the keys of the context that asked do not serve for another`(version: TLSVersion) throws {
    let (_, other) = try EnginePair.configurations(version: version)
    var pair = try Self.pair(version, client: try Self.key(), server: [try Self.key()]) { _, server in
      server.pausesAtClientHello = true
    }
    while pair.step() {}
    try? pair.answer(.serve(with: TLSContext(other)), at: .server)
    let failures = pair.outcome()
    #expect(failures.client != nil)
    #expect(pair.server.negotiated == nil)
  }

  @Test func `an answer without the key leaves a client unknown`() throws {
    var pair = try Self.pair(.tls13, client: try Self.key(), server: []) { _, server in
      server.pausesAtClientHello = true
    }
    while pair.step() {}
    try? pair.answer(.serve.accepting(try Self.key("other")), at: .server)
    let failures = pair.outcome()
    #expect(failures.server?.code == .unknownPreSharedKey, "\(failures.server!)")
  }

  @Test func `answers are equal if their keys are`() throws {
    typealias Answer = TLSEngine.ClientHello.Answer
    #expect(Answer.serve.accepting(try Self.key()) == Answer.serve.accepting(try Self.key()))
    #expect(Answer.serve.accepting(try Self.key()) != Answer.serve)
    #expect(Answer.serve.accepting(try Self.key()) != Answer.serve.accepting(try Self.key(byte: 8)))
  }
}
