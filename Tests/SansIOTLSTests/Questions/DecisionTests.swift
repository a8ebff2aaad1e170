import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Decisions of the application during a handshake: which context serves a name, and whether a
/// server's certificate will do.
@Suite(.tags(.law13, .behaviour))
struct DecisionTests {
  // MARK: The ClientHello

  private func asking(
    _ version: TLSVersion? = nil, identity: TestIdentity = .server(),
    change: (inout TLSContext.Configuration) -> Void = { _ in }
  ) throws -> EnginePair {
    var pair = try EnginePair.connected(version, handshake: false, identity: identity) { client, server in
      server.pausesAtClientHello = true
      change(&client)
    }
    pair.step()
    return pair
  }

  private func hello(_ pair: borrowing EnginePair) throws -> TLSEngine.ClientHello {
    guard case .clientHello(let hello) = pair.server.question else { throw EnginePair.Stalled.noQuestion }
    return hello
  }

  @Test(arguments: TLSVersion.both)
  func `a ClientHello is reported with its relevant contents`(version: TLSVersion) throws {
    var pair = try asking(version) { client in
      client.applicationProtocols = ["h2", "http/1.1"]
      client.cipherSuites = [.TLS_AES_128_GCM_SHA256]
      client.cipherList = "ECDHE-ECDSA-AES128-GCM-SHA256"
    }
    let hello = try hello(pair)
    #expect(hello.serverName == "localhost")
    #expect(hello.applicationProtocols == ["h2", "http/1.1"])
    #expect(hello.versions == [version])
    let suite = { $0 ? TLSCipherSuite.TLS_AES_128_GCM_SHA256 : .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 }
    #expect(hello.cipherSuites.contains(suite(version == .tls13)))
    #expect(!hello.cipherSuites.contains(suite(version != .tls13)))
    #expect(pair.server.needs == .answer)
    #expect(try pair.server.handshake() == .needsAnswer)
    #expect(try pair.server.read(upTo: 1) == .needsAnswer)
    #expect(try pair.server.write([1]) == .needsAnswer)
    #expect(try pair.server.keyUpdate(requestingPeer: true) == .needsAnswer)
    try pair.server.answer(.serve)
    #expect(pair.server.question == nil)
    try pair.handshake()
  }

  @Test func `the requested name is reported in lower case`() throws {
    var (client, server) = try EnginePair.configurations()
    client.applicationProtocols = ["h2"]
    server.pausesAtClientHello = true
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: .dns("LocalHost"))
    pair.step()
    #expect(try hello(pair).serverName == "localhost")
    try pair.server.answer(.serve)
    try pair.handshake()
  }

  @Test func `a ClientHello with neither name nor protocols is reported without them`() throws {
    var (client, server) = try EnginePair.configurations()
    client.applicationProtocols = []
    server.pausesAtClientHello = true
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: .unverified(sni: nil))
    pair.step()
    let hello = try hello(pair)
    #expect(hello.serverName == nil)
    #expect(hello.applicationProtocols == [])
    #expect(hello.versions == [.tls13, .tls12])
  }

  @Test func `a name with a NUL is ignored, and the handshake is refused`() throws {
    var pair = try EnginePair.connected(handshake: false) { _, server in server.pausesAtClientHello = true }
    var bytes = pair.client.drain()
    let name = Array("localhost".utf8)
    let start = try #require(bytes.indices.first { bytes[$0...].starts(with: name) })
    bytes[start + 3] = 0
    _ = try pair.server.feed(bytes)
    #expect(try hello(pair).serverName == nil)
    let error = thrownError { try pair.server.answer(.serve) }
    #expect(error?.blame == .peer)
    #expect(error?.alertSent != nil)
  }

  /// What is wrong with a name or the list of protocols in a ClientHello, as a change of one byte.
  enum Malformation: CaseIterable {
    case shortList, longList, otherType, noASCII, emptyProtocol, protocolPastEnd, shortProtocols, longProtocols

    var isOfName: Bool { [.shortList, .longList, .otherType, .noASCII].contains(self) }

    /// The extension of a client that asks for `localhost` and offers `h2` and a NUL, and the byte of it that is changed.
    /// With 0 as the length of the NUL the list is well-formed but for two empty names.
    var change: (extension: [UInt8], place: Int, value: UInt8) {
      // Type, length, length of the list; then type, length and name, or lengths and protocols.
      let name: [UInt8] = [0, 0, 0, 14, 0, 12, 0, 0, 9] + "localhost".utf8
      let protocols: [UInt8] = [0, 16, 0, 7, 0, 5, 2, 0x68, 0x32, 1, 0]
      switch self {
      case .shortList: return (name, 5, 11)
      case .longList: return (name, 5, 13)
      case .otherType: return (name, 6, 1)
      case .noASCII: return (name, 12, 0x80)
      case .emptyProtocol: return (protocols, 9, 0)
      case .protocolPastEnd: return (protocols, 9, 2)
      case .shortProtocols: return (protocols, 5, 3)
      case .longProtocols: return (protocols, 5, 6)
      }
    }
  }

  @Test(arguments: TLSVersion.both, Malformation.allCases)
  func `a malformed name or protocol is ignored, and the handshake is refused`(
    version: TLSVersion, malformation: Malformation
  ) throws {
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      client.applicationProtocols = ["h2", "\0"]
      server.applicationProtocols = ["h2"]
      server.pausesAtClientHello = true
    }
    var bytes = pair.client.drain()
    let (found, place, value) = malformation.change
    let start = try #require(bytes.indices.first { bytes[$0...].starts(with: found) })
    bytes[start + place] = value
    _ = try pair.server.feed(bytes)
    let hello = try hello(pair)
    #expect(hello.serverName == (malformation.isOfName ? nil : "localhost"))
    #expect(hello.applicationProtocols == (malformation.isOfName ? ["h2", "\0"] : []))
    // To libssl a name is any bytes but NUL.
    if malformation == .noASCII {
      try pair.server.answer(.serve)
      return
    }
    let error = thrownError { try pair.server.answer(.serve) }
    #expect(error?.code == .protocolViolation, "\(error as Any)")
    #expect(error?.blame == .peer)
    #expect(error?.alertSent == .decodeError, "\(error as Any)")
  }

  @Test(arguments: TLSVersion.both)
  func `the name picks the context, for each connection anew`(version: TLSVersion) throws {
    let authority = TestAuthority()
    let names = ["a.example", "b.example"]
    var contexts: [String: TLSContext] = [:]
    for name in names { contexts[name] = try TLSContext(.server(authority.issue(names: [name]).identity)) }
    var (client, server) = try EnginePair.configurations(version: version)
    client.trustRoots = [authority.trust]
    server.pausesAtClientHello = true
    let clientContext = try TLSContext(client)
    let serverContext = try TLSContext(server)
    for name in names + names {
      var pair = try EnginePair(client: clientContext, server: serverContext, serverName: .dns(name))
      pair.step()
      let asked = try #require(try hello(pair).serverName)
      try pair.server.answer(.serve(with: #require(contexts[asked])))
      try pair.handshake()
      #expect(pair.client.peerCertificates.map(\.subject) == ["CN=\(name)"])
      #expect(pair.server.negotiated?.serverName == name)
    }
  }

  @Test func `the other context determines versions, suites, protocols and client authentication`() throws {
    let identity = TestIdentity.server()
    let alice = TestIdentity.client("Alice")
    var other = TLSContext.Configuration.server(try identity.identity)
    other.maximumVersion = .tls12
    other.cipherList = "ECDHE-ECDSA-AES256-GCM-SHA384"
    other.applicationProtocols = ["other"]
    other.trustRoots = [alice.trust]
    other.clientAuthentication = .required
    var pair = try EnginePair.connected(handshake: false, identity: identity) { client, server in
      server.pausesAtClientHello = true
      client.applicationProtocols = ["own", "other"]
      server.applicationProtocols = ["own"]
      client.identities = [try alice.identity]
    }
    pair.step()
    try pair.server.answer(.serve(with: TLSContext(other)))
    try pair.handshake()
    #expect(pair.client.negotiated?.version == .tls12)
    #expect(pair.client.negotiated?.cipherSuite == .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)
    #expect(pair.client.negotiated?.applicationProtocol == "other")
    #expect(pair.server.peerCertificates.first?.subject == "CN=Alice")
  }

  @Test func `the other context determines the suites and groups of TLS 1.3`() throws {
    let identity = TestIdentity.server()
    var other = TLSContext.Configuration.server(try identity.identity)
    other.cipherSuites = [.TLS_CHACHA20_POLY1305_SHA256]
    other.groups = [.secp256r1]
    var pair = try asking(.tls13, identity: identity)
    try pair.server.answer(.serve(with: TLSContext(other)))
    // A group that the client sent no share of takes a second hello, and that is asked about too if at all.
    for _ in 0..<4 {
      pair.step()
      if pair.server.question != nil { try pair.server.answer(.serve) }
    }
    #expect(pair.client.negotiated?.cipherSuite == .TLS_CHACHA20_POLY1305_SHA256)
    #expect(pair.client.negotiated?.group == .secp256r1 || pair.client.negotiated?.group == .secp256r1)
  }

  @Test(arguments: TLSVersion.both, [TLSAlert.unrecognizedName, .accessDenied, .internalError])
  func `a hello is refused by the alert that the application names`(version: TLSVersion, alert: TLSAlert) throws {
    var pair = try asking(version)
    let error = thrownError { try pair.server.answer(.refuse(alert)) }
    #expect(error?.code == .rejected)
    #expect(error?.blame == .local)
    #expect(error?.alertSent == alert)
    #expect(error?.verification == nil, "no check failed")
    pair.step()
    #expect(pair.client.failure?.code == .alertReceived)
    #expect(pair.client.failure?.alertReceived == alert)
  }

  // MARK: The peer's certificate

  private func asking(
    about identity: TestIdentity, _ version: TLSVersion, serverName: TLSServerName = .dns("localhost")
  ) throws -> EnginePair {
    var (client, server) = try EnginePair.configurations(version: version, identity: identity)
    client.pausesAtPeerCertificates = true
    server.resumption = .off
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), serverName: serverName)
    pair.step()
    pair.step()
    return pair
  }

  private func certificate(_ pair: borrowing EnginePair) throws -> TLSEngine.PeerCertificates {
    guard case .peerCertificates(let certificate) = pair.client.question else { throw EnginePair.Stalled.noQuestion }
    return certificate
  }

  @Test(arguments: TLSVersion.both)
  func `a certificate is shown with libssl's verdict`(version: TLSVersion) throws {
    let good = TestAuthority().issueIntermediate().issue(names: ["localhost"])
    let pair = try asking(about: good, version)
    let shown = try certificate(pair)
    #expect(shown.chain.map(\.der) == good.chainDER)
    #expect(shown.verification.isAccepted)
    #expect(shown.serverName == "localhost")
    #expect(pair.client.needs == .answer)
    #expect(pair.client.negotiated == nil)

    let bad = try certificate(asking(about: .server(defect: .expired), version))
    #expect(bad.verification.code == 10)
    #expect(bad.verification.subject == "CN=localhost")
    #expect("\(bad.verification)" == "certificate has expired (10) at depth 0, CN=localhost")
  }

  @Test(arguments: TLSVersion.both)
  func `to proceed is to follow the verdict`(version: TLSVersion) throws {
    var good = try asking(about: .server(), version)
    try good.client.answer(.followVerification)
    try good.handshake()
    var bad = try asking(about: .server(defect: .unknownIssuer), version)
    let error = thrownError { try bad.client.answer(.followVerification) }
    #expect(error?.code == .certificateRejected)
    #expect(error?.alertSent == .unknownCA)
    bad.step()
    #expect(bad.server.failure?.alertReceived == .unknownCA)
  }

  @Test(arguments: TLSVersion.both, [TestIdentity.Defect.selfSigned, .expired, .wrongName])
  func `the application may accept what libssl would not`(version: TLSVersion, defect: TestIdentity.Defect) throws {
    var pair = try asking(about: .server(defect: defect), version)
    #expect(try certificate(pair).verification.isAccepted == false)
    try pair.client.answer(.trust)
    try pair.handshake()
    #expect(try pair.transfer([1], from: .client) == [1])
    #expect(pair.client.allEvents().first { $0.hasPrefix("handshakeCompleted") } != nil)
  }

  @Test(
    arguments: TLSVersion.both,
    [
      TLSAlert.badCertificate, .unsupportedCertificate, .certificateRevoked, .certificateExpired, .certificateUnknown,
      .unknownCA, .handshakeFailure,
    ])
  func `the application may refuse what libssl would accept, and the peer is told why`(
    version: TLSVersion, alert: TLSAlert
  ) throws {
    var pair = try asking(about: .server(), version)
    #expect(try certificate(pair).verification.isAccepted == true)
    let error = thrownError { try pair.client.answer(.distrust(alert)) }
    #expect(error?.code == .rejected)
    #expect(error?.blame == .local)
    #expect(error?.alertSent == alert)
    pair.step()
    #expect(pair.server.failure?.alertReceived == alert)
  }
}

extension EnginePair.Stalled {
  fileprivate static var noQuestion: any Error { NoQuestion() }
  private struct NoQuestion: Error {}
}
