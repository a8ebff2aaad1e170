import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Decisions of the application during a handshake: which context serves a client, and whether a server's certificate
/// is accepted.
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
    var pair = try EnginePair.connected(version, handshake: false) { client, server in
      client.applicationProtocols = ["h2", "http/1.1"]
      client.cipherSuites = [.TLS_AES_128_GCM_SHA256]
      client.cipherList = "ECDHE-ECDSA-AES128-GCM-SHA256"
      server.applicationProtocols = ["http/1.1"]
      server.pausesAtClientHello = true
    }
    #expect(pair.server.question == nil)
    pair.step()
    let hello = try hello(pair)
    #expect(hello.serverName == "localhost")
    #expect(hello.applicationProtocols == ["h2", "http/1.1"])
    #expect(hello.versions == [version])
    let suite = { $0 ? TLSCipherSuite.TLS_AES_128_GCM_SHA256 : .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 }
    #expect(hello.cipherSuites.contains(suite(version == .tls13)))
    #expect(!hello.cipherSuites.contains(suite(version != .tls13)))
    #expect(pair.server.needs == .answer)
    try pair.server.answer(.serve)
    #expect(pair.server.question == nil)
    try pair.handshake()
    #expect(pair.server.negotiated?.applicationProtocol == "http/1.1")
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

  /// The defect of a name or the list of protocols in a ClientHello, as a change of one byte.
  enum Malformation: CaseIterable {
    case shortList, longList, otherType, noASCII, emptyProtocol, protocolPastEnd, shortProtocols, longProtocols

    var isOfName: Bool { [.shortList, .longList, .otherType, .noASCII].contains(self) }

    /// The extension of a client that asks for `localhost` and offers `h2` and a NUL, and the byte of it that is
    /// changed. With 0 as the length of the NUL the list is well-formed but for two empty names.
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
  func `the name selects the context, for each connection separately`(version: TLSVersion) throws {
    let authority = TestAuthority()
    let names = ["a.example", "b.example"]
    var contexts: [String: TLSContext] = [:]
    for name in names {
      var configuration = TLSContext.Configuration.server(try authority.issue(names: [name]).identity)
      configuration.applicationProtocols = ["for-\(name)"]
      contexts[name] = try TLSContext(configuration)
    }
    var (client, server) = try EnginePair.configurations(version: version)
    client.trustRoots = [authority.trust]
    client.applicationProtocols = names.map { "for-\($0)" }
    server.pausesAtClientHello = true
    let clientContext = try TLSContext(client)
    let serverContext = try TLSContext(server)
    for name in names + names {
      var pair = try EnginePair(client: clientContext, server: serverContext, serverName: .dns(name))
      pair.step()
      let asked = try #require(try hello(pair).serverName)
      #expect(asked == name)
      try pair.server.answer(.serve(with: #require(contexts[asked])))
      try pair.handshake()
      #expect(pair.client.negotiated?.version == version)
      #expect(pair.client.negotiated?.applicationProtocol == "for-\(name)")
      #expect(pair.client.peerCertificates.map(\.subject.description) == ["CN=\(name)"])
      #expect(pair.server.negotiated?.serverName == name)
      #expect(try pair.transfer([1, 2], from: .server) == [1, 2])
    }
  }

  @Test(arguments: TLSVersion.both)
  func `the other context determines version, suite, group, protocol and client authentication`(
    version: TLSVersion
  ) throws {
    let alice = TestIdentity.client("Alice", key: .p384)
    var pair = try EnginePair.connected(handshake: false) { client, server in
      server.pausesAtClientHello = true
      // A version that the other context does not have.
      server.maximumVersion = version == .tls12 ? .tls13 : .tls12
      server.applicationProtocols = ["own"]
      client.applicationProtocols = ["own", "other"]
      client.identities = [try alice.identity]
      client.peerVerification = .none
      client.groups = [.x25519, .secp384r1]
    }
    var other = TLSContext.Configuration.server(try TestIdentity.server(key: .ed25519).identity)
    other.minimumVersion = version
    other.maximumVersion = version
    other.cipherList = "ECDHE-ECDSA-AES256-GCM-SHA384"
    other.cipherSuites = [.TLS_CHACHA20_POLY1305_SHA256]
    other.groups = [.secp384r1]
    other.applicationProtocols = ["other"]
    other.trustRoots = [alice.trust]
    other.clientAuthentication = .required
    pair.step()
    try pair.server.answer(.serve(with: TLSContext(other)))
    try pair.handshake()
    let agreed = pair.server.negotiated
    let negotiated = try #require(agreed)
    #expect(negotiated.version == pair.client.negotiated?.version)
    #expect(negotiated.cipherSuite == pair.client.negotiated?.cipherSuite)
    #expect(negotiated.group == pair.client.negotiated?.group)
    #expect(negotiated.version == version)
    #expect(
      negotiated.cipherSuite
        == (version == .tls12 ? .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 : .TLS_CHACHA20_POLY1305_SHA256))
    #expect(negotiated.group == .secp384r1)
    #expect(negotiated.applicationProtocol == "other")
    #expect(pair.server.peerCertificates.first == (try alice.certificate))
    #expect(pair.server.peerCertificates.first?.subject.description == "CN=Alice")
  }

  /// The client has sent no share of the other context's group. The second ClientHello asks no question, whatever the
  /// other context pauses at.
  @Test(arguments: [false, true])
  func `the other context's group may cause a HelloRetryRequest`(pausesToo: Bool) throws {
    let identity = TestIdentity.server()
    var (client, front) = try EnginePair.configurations(version: .tls13, identity: identity)
    client.groups = [.x25519, .secp256r1]
    front.groups = [.x25519]
    var other = front
    front.pausesAtClientHello = true
    other.groups = [.secp256r1]
    other.cipherSuites = [.TLS_CHACHA20_POLY1305_SHA256]
    other.pausesAtClientHello = pausesToo
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(front))
    pair.step()
    try pair.server.answer(.serve(with: TLSContext(other)))
    try pair.handshake()
    #expect(pair.client.negotiated?.cipherSuite == .TLS_CHACHA20_POLY1305_SHA256)
    #expect(pair.client.negotiated?.group == .secp256r1)
    #expect(try pair.transfer([1], from: .server) == [1])
  }

  @Test(arguments: TLSVersion.both, [TLSAlert.unrecognizedName, .accessDenied, .handshakeFailure, .internalError])
  func `a ClientHello is refused with the alert of the answer`(version: TLSVersion, alert: TLSAlert) throws {
    var pair = try asking(version)
    let error = thrownError { try pair.server.answer(.refuse(alert)) }
    #expect(error?.code == .rejected)
    #expect(error?.blame == .local)
    #expect(error?.alertSent == alert)
    #expect(error?.verification == nil, "no verification failed")
    #expect(thrownError { _ = try pair.server.handshake() }?.code == .rejected)
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
  func `a certificate is reported with libssl's verification result`(version: TLSVersion) throws {
    let good = TestAuthority().issueIntermediate().issue(names: ["localhost"])
    let pair = try asking(about: good, version)
    let presented = try certificate(pair)
    #expect(presented.chain.map(\.der) == good.chainDER)
    #expect(presented.verification.isAccepted)
    #expect(presented.serverName == "localhost")
    #expect(pair.client.needs == .answer)
    #expect(pair.client.negotiated == nil)

    let expired = TestIdentity.server(defect: .expired)
    var badPair = try asking(about: expired, version)
    let bad = try certificate(badPair)
    #expect(bad.chain == [try expired.certificate])
    #expect(bad.serverName == "localhost")
    #expect(bad.verification.code == 10)
    #expect(!bad.verification.isAccepted)
    #expect(bad.verification.subject == "CN=localhost")
    #expect("\(bad.verification)" == "certificate has expired (10) at depth 0, CN=localhost")
    #expect(try badPair.client.handshake() == .needsAnswer)
    #expect(badPair.client.needs.contains(.answer))
  }

  @Test(arguments: TLSVersion.both)
  func `an answer may follow libssl's verification result`(version: TLSVersion) throws {
    var good = try asking(about: .server(), version)
    #expect(try certificate(good).verification.isAccepted == true)
    try good.client.answer(.followVerification)
    try good.handshake()
    #expect(try good.transfer([1], from: .server) == [1])
    let alerts: [(TestIdentity.Defect, TLSAlert?)] = [
      (.expired, nil), (.unknownIssuer, .unknownCA), (.wrongName, nil),
    ]
    for (defect, alert) in alerts {
      var bad = try asking(about: .server(defect: defect), version)
      #expect(try certificate(bad).verification.isAccepted == false)
      let error = thrownError { try bad.client.answer(.followVerification) }
      #expect(error?.code == .certificateRejected, "\(defect)")
      #expect(error?.verification?.isAccepted == false)
      #expect(error?.alertSent != nil)
      if let alert { #expect(error?.alertSent == alert) }
      bad.step()
      _ = try? bad.server.readAll()
      #expect(bad.server.failure?.alertReceived == error?.alertSent)
    }
  }

  @Test(arguments: TLSVersion.both, [TestIdentity.Defect.selfSigned, .expired, .wrongName])
  func `the application may accept a certificate that libssl rejects`(version: TLSVersion, defect: TestIdentity.Defect)
    throws
  {
    var pair = try asking(about: .server(defect: defect), version)
    #expect(try certificate(pair).verification.isAccepted == false)
    try pair.client.answer(.trust)
    try pair.handshake()
    #expect(try pair.transfer([1], from: .client) == [1])
    #expect(pair.client.failure == nil)
    #expect(pair.client.allEvents().first { $0.hasPrefix("handshakeCompleted") } != nil)
  }

  @Test(
    arguments: TLSVersion.both,
    [
      TLSAlert.badCertificate, .unsupportedCertificate, .certificateRevoked, .certificateExpired, .certificateUnknown,
      .unknownCA, .handshakeFailure,
    ])
  func `the application may refuse a certificate that libssl accepts, with the alert of the answer`(
    version: TLSVersion, alert: TLSAlert
  ) throws {
    var pair = try asking(about: .server(), version)
    #expect(try certificate(pair).verification.isAccepted == true)
    #expect(thrownError { try pair.client.answer(.distrust(.decodeError)) }?.code == .wrongAnswer)
    #expect(try certificate(pair).verification.isAccepted == true, "the question is still open")
    let error = thrownError { try pair.client.answer(.distrust(alert)) }
    #expect(error?.code == .rejected)
    #expect(error?.blame == .local)
    #expect(error?.alertSent == alert)
    pair.step()
    _ = try? pair.server.readAll()
    #expect(pair.server.failure?.alertReceived == alert)
  }
}

extension EnginePair.Stalled {
  static var noQuestion: any Error { NoQuestion() }
  private struct NoQuestion: Error {}
}
