import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The decisions of openssl.cnf. Each test runs under the policy that it is about;
/// `Tests/Policy/check` brings each.
@Suite(.tags(.law16))
struct PolicyTests {
  /// The ends of the range of versions that the policy gives a new context; 0 where it says nothing.
  private static let range = {
    let context = unsafe SSL_CTX_new(TLS_method())
    defer { unsafe SSL_CTX_free(context) }
    return (
      minimum: unsafe SSL_CTX_ctrl(context, SSL_CTRL_GET_MIN_PROTO_VERSION, 0, nil),
      maximum: unsafe SSL_CTX_ctrl(context, SSL_CTRL_GET_MAX_PROTO_VERSION, 0, nil)
    )
  }()
  private static let asksForTLS13 = range.minimum == TLS1_3_VERSION
  private static let allowsTLS12Only = range.maximum == TLS1_2_VERSION

  /// A side that leaves everything to the policy, and a peer that offers one version; before the handshake.
  private static func pair(_ side: TLSRole, peer version: TLSVersion) throws -> EnginePair {
    try EnginePair.connected(handshake: false) { client, server in
      for end in [\TLSContext.Configuration.minimumVersion, \.maximumVersion] {
        if side == .client { server[keyPath: end] = version } else { client[keyPath: end] = version }
      }
    }
  }

  @Test(.enabled(if: asksForTLS13), arguments: TLSRole.allCases)
  func `TLS 1.2 is refused if the policy requires more and the configuration sets no minimum`(
    side: TLSRole
  ) throws {
    var pair = try Self.pair(side, peer: .tls12)
    let failures = pair.outcome()
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.client?.alertReceived == .protocolVersion)
  }

  @Test(.enabled(if: asksForTLS13))
  func `a configured minimum prevails over the policy`() throws {
    let pair = try EnginePair.connected { client, server in
      for end in [\TLSContext.Configuration.minimumVersion, \.maximumVersion] {
        client[keyPath: end] = .tls12
        server[keyPath: end] = .tls12
      }
    }
    #expect(pair.client.negotiated?.version == .tls12)
  }

  @Test(.enabled(if: asksForTLS13))
  func `a maximum below the policy's minimum is refused by name`() {
    var configuration = TLSContext.Configuration.client()
    configuration.maximumVersion = .tls12
    expectRefusal(.forbiddenByPolicy, .misuse, naming: "openssl.cnf", "TLSv1.2") { _ = try TLSContext(configuration) }
  }

  @Test(.enabled(if: allowsTLS12Only))
  func `TLS 1.2 is negotiated if the policy allows no more`() throws {
    let pair = try EnginePair.connected()
    #expect(pair.client.negotiated?.version == .tls12)
  }

  @Test(.enabled(if: allowsTLS12Only))
  func `a minimum over the policy's maximum is refused by name`() {
    var configuration = TLSContext.Configuration.client()
    configuration.minimumVersion = .tls13
    expectRefusal(.forbiddenByPolicy, .misuse, naming: "openssl.cnf", "TLSv1.3") { _ = try TLSContext(configuration) }
  }

  @Test(.enabled(if: allowsTLS12Only))
  func `a configured maximum prevails over the policy`() throws {
    let pair = try EnginePair.connected { client, server in
      client.maximumVersion = .tls13
      server.maximumVersion = .tls13
    }
    #expect(pair.client.negotiated?.version == .tls13)
  }

  /// Both sides leave the groups to the policy, and agree on another than libssl's first.
  private static let namesAGroup = (try? EnginePair.connected(.tls13))?.client.negotiated?.group == .secp256r1

  @Test(.enabled(if: namesAGroup))
  func `a context without groups uses the policy's, also if another context paused at the ClientHello`() throws {
    let identity = TestIdentity.server(key: .ed25519)
    var pair = try EnginePair.connected(handshake: false, identity: identity) { client, server in
      client.groups = [.x25519, .secp256r1]
      server.groups = [.x25519]
      server.pausesAtClientHello = true
    }
    pair.step()
    try pair.server.answer(.serve(with: TLSContext(.server(identity.identity))))
    try pair.handshake()
    #expect(pair.client.negotiated?.group == .secp256r1)
  }

  /// Suites without certificate are among those that the policy gives a new context.
  private static let admitsAnonymousPeers = {
    let context = unsafe SSL_CTX_new(TLS_method())
    let ssl = unsafe SSL_new(context)
    defer {
      unsafe SSL_free(ssl)
      unsafe SSL_CTX_free(context)
    }
    var index: Int32 = 0
    while let name = unsafe SSL_get_cipher_list(ssl, index) {
      if unsafe String(cString: name).hasPrefix("AECDH-") { return true }
      index += 1
    }
    return false
  }()

  @Test(.enabled(if: admitsAnonymousPeers))
  func `no policy lets a client accept a server without a certificate`() throws {
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [TestAuthority().trust]
    var client = try TLSEngine(.client(serverName: .dns("bank.example")), context: TLSContext(configuration))
    let server = RawPeer(.server, ciphers: "aNULL:@SECLEVEL=0")
    for _ in 0..<4 {
      _ = server.absorb(client.drain())
      _ = try? client.absorb(server.drain())
    }
    #expect(client.negotiated == nil)
    #expect(client.failure?.alertReceived == .handshakeFailure)
  }

  @Test(.enabled(if: admitsAnonymousPeers))
  func `no policy lets a server serve without its certificate`() throws {
    let configuration = TLSContext.Configuration.server(try TestIdentity.server().identity)
    var server = try TLSEngine(.server, context: TLSContext(configuration))
    let client = RawPeer(.client, ciphers: "aNULL:@SECLEVEL=0")
    for _ in 0..<4 {
      _ = try? server.absorb(client.drain())
      _ = client.absorb(server.drain())
    }
    #expect(server.negotiated == nil)
    #expect(server.failure?.code == .peerIncompatible)
  }
}
