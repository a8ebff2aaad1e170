import CSansIOTLSOpenSSL
import SansIOTLS
import SansIOTLSTestKit
import Synchronization
import Testing

/// Keys held elsewhere: second table, rows 57 to 59.
struct SignerTests {
  /// A signer's calls.
  private final class Calls: Sendable {
    private let requests = Mutex<[TLSSignatureRequest]>([])
    var all: [TLSSignatureRequest] { requests.withLock { $0 } }

    func signer(of identity: TestIdentity) -> TLSSigner {
      let key = identity.signer()
      return TLSSigner { request in
        self.requests.withLock { $0.append(request) }
        return try key.sign(request)
      }
    }
  }

  private struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  /// Generated once: RSA keys are slow to generate.
  private static let rsa = TestIdentity.server(key: .rsa2048)
  private static let otherRSA = TestIdentity.server(key: .rsa2048)

  @Test(.tags(.openSSLFact), arguments: [TestIdentity.KeyType.p256, .p384, .rsa2048, .ed25519], TLSVersion.both)
  func `a server's signer signs once in each handshake`(type: TestIdentity.KeyType, version: TLSVersion) throws {
    let identity = type == .rsa2048 ? Self.rsa : .server(key: type)
    let calls = Calls()
    let pair = try EnginePair.connected(version, identity: identity) { _, server in
      server.identities = [try identity.identity(signer: calls.signer(of: identity))]
    }
    #expect(pair.server.phase == .open)
    #expect(calls.all.count == 1)
    let request = try #require(calls.all.first)
    let isForm =
      version == .tls13 ? request.bytes.starts(with: [UInt8](repeating: 0x20, count: 64)) : request.bytes.count > 64
    #expect(isForm)
    switch type {
    case .p256: #expect(request.scheme == .ecdsa_secp256r1_sha256)
    // In TLS 1.2 the client's first choice of a hash decides.
    case .p384: #expect(version == .tls12 || request.scheme == .ecdsa_secp384r1_sha384)
    case .ed25519: #expect(request.scheme == .ed25519)
    default: #expect(request.scheme == .rsa_pss_rsae_sha256)
    }
  }

  @Test(
    .tags(.openSSLFact), arguments: [TestIdentity.KeyType.p256, .p384, .rsa2048, .ed25519], TLSVersion.both)
  func `a client's signer signs once in each handshake`(type: TestIdentity.KeyType, version: TLSVersion) throws {
    let identity = TestIdentity.client(key: type)
    let calls = Calls()
    let pair = try EnginePair.connected(version) { client, server in
      try EnginePair.authenticateClient(&client, &server, identity)
      client.identities = [try identity.identity(signer: calls.signer(of: identity))]
    }
    #expect(pair.server.peerCertificates.first?.der == identity.certificateDER)
    #expect(calls.all.count == 1)
  }

  @Test(.tags(.openSSLFact), arguments: [TLSSignatureScheme.rsa_pkcs1_sha256, .rsa_pkcs1_sha512, .rsa_pss_rsae_sha384])
  func `RSA signs in both forms`(scheme: TLSSignatureScheme) throws {
    let identity = Self.rsa
    let calls = Calls()
    _ = try EnginePair.connected(.tls12, identity: identity) { client, server in
      client.signatureSchemes = [scheme, .ecdsa_secp256r1_sha256]
      server.identities = [try identity.identity(signer: calls.signer(of: identity))]
    }
    #expect(calls.all.map(\.scheme) == [scheme])
  }

  @Test func `a resumption signs nothing`() throws {
    let identity = TestIdentity.server()
    let calls = Calls()
    var (client, server) = try EnginePair.configurations(identity: identity)
    server.identities = [try identity.identity(signer: calls.signer(of: identity))]
    client.tracesMessages = false
    let contexts = (try TLSContext(client), try TLSContext(server))
    var pair = try EnginePair(client: contexts.0, server: contexts.1)
    try pair.handshake()
    try pair.settle()
    let session = try #require(pair.client.allSessions().last)
    var second = try EnginePair(client: contexts.0, server: contexts.1, session: session)
    try second.handshake()
    #expect(second.client.negotiated?.isResumed == true)
    #expect(calls.all.count == 1)
  }

  /// Row 59: libssl ends the handshake, and asks no second time.
  @Test(.tags(.openSSLFact, .law6), arguments: TLSRole.allCases, TLSVersion.both)
  func `a signer that throws ends the handshake by an error of its own`(side: TLSRole, version: TLSVersion) throws {
    let identity = side == .server ? TestIdentity.server() : TestIdentity.client()
    let signer = TLSSigner { _ in throw Refusal(description: "the token was removed\n\0") }
    let failures = try EnginePair.failures(version, identity: side == .server ? identity : .server()) {
      client, server in
      if side == .server {
        server.identities = [try identity.identity(signer: signer)]
      } else {
        try EnginePair.authenticateClient(&client, &server, identity)
        client.identities = [try identity.identity(signer: signer)]
      }
    }
    let (own, other) = side == .server ? (failures.server, failures.client) : (failures.client, failures.server)
    #expect(own?.code == .signerFailed, "\(String(describing: own))")
    #expect(own?.blame == .local)
    #expect(own?.alertSent == .internalError)
    #expect(own?.hint.contains("the token was removed\\u{A}\\u{0}") == true, "\(String(describing: own))")
    #expect(other?.code == .alertReceived)
    #expect(other?.alertReceived == .internalError)
  }

  /// Answers of another form, and one by another key; none may leave.
  @Test(arguments: [TestIdentity.KeyType.p256, .rsa2048, .ed25519], TLSVersion.both)
  func `a signature of a wrong form is refused`(type: TestIdentity.KeyType, version: TLSVersion) throws {
    let identity = type == .rsa2048 ? Self.rsa : .server(key: type)
    let (own, other) = (identity.signer(), (type == .rsa2048 ? Self.otherRSA : .server(key: type)).signer())
    let answers: [@Sendable (TLSSignatureRequest) throws -> [UInt8]] = [
      { _ in [] }, { _ in [1, 2, 3] }, { _ in [UInt8](repeating: 7, count: 256) },
      { _ in [UInt8](repeating: 7, count: 100_000) }, { try own.sign($0) + [0] }, { try own.sign($0).dropLast() },
      { try other.sign($0) }, { try own.sign(TLSSignatureRequest(scheme: $0.scheme, bytes: $0.bytes + [0])) },
      { request in
        var signature = try own.sign(request)
        signature[signature.count - 1] ^= 1
        return signature
      },
    ]
    for (index, answer) in answers.enumerated() {
      let failures = try EnginePair.failures(version, identity: identity) { _, server in
        server.identities = [try identity.identity(signer: TLSSigner(answer))]
      }
      #expect(failures.server?.code == .invalidSignature, "\(index): \(String(describing: failures.server))")
      #expect(failures.server?.blame == .local)
      #expect(failures.server?.alertSent == .internalError)
      #expect(failures.client?.alertReceived == .internalError)
    }
  }

  /// Row 57: a signer does not decrypt. libssl would choose the suite, and fail after the client's key exchange.
  @Test(.tags(.openSSLFact, .law16)) func `RSA key exchange is not negotiated with a signer`() throws {
    let identity = Self.rsa
    func failures(_ list: String) throws -> EnginePair.Failures {
      try EnginePair.failures(.tls12, identity: identity) { client, server in
        client.cipherList = list
        server.identities = [try identity.identity(signer: nil)]
      }
    }
    let refused = try failures("AES128-SHA:AES128-GCM-SHA256")
    #expect(refused.server?.code == .peerIncompatible)
    #expect(refused.client?.alertReceived == .handshakeFailure)
    #expect(try failures("AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256").server == nil)
    var alone = TLSContext.Configuration.server(try identity.identity(signer: nil))
    alone.maximumVersion = .tls12
    alone.cipherList = "AES128-SHA"
    let configuration = alone
    expectRefusal(.unknownCipher, .local, naming: "signer") { _ = try TLSContext(configuration) }
  }

  @Test func `the key is the certificate's, whatever its holder is`() throws {
    let identity = TestIdentity.server()
    let signer = identity.signer()
    let first = try identity.identity(signer: signer)
    #expect(try first == identity.identity(signer: signer))
    #expect(try first != identity.identity(signer: nil))
    #expect(try first != identity.identity)
    #expect(try first != TestIdentity.server().identity(signer: signer))
    expectRefusal(.invalidCertificate, .local, naming: "no certificate") {
      _ = try TLSIdentity(certificates: [], signer: signer)
    }
  }

  /// The signer may use OpenSSL itself, and leave errors in the queue of the thread.
  @Test(.tags(.law7), arguments: TLSVersion.both)
  func `a signer may use engines of its own and leave errors`(version: TLSVersion) throws {
    let identity = TestIdentity.server()
    let key = identity.signer()
    let signer = TLSSigner { request in
      _ = try EnginePair.connected(.tls12)
      _ = try EnginePair.failures { client, _ in client.trustRoots = [TestIdentity.server().trust] }
      // A method that no name belongs to.
      unsafe EVP_PKEY_CTX_free(EVP_PKEY_CTX_new_id(1, nil))
      #expect(ERR_peek_error() != 0)
      return try key.sign(request)
    }
    var pair = try EnginePair.connected(version, identity: identity) { _, server in
      server.identities = [try identity.identity(signer: signer)]
    }
    _ = try pair.transfer(Array("after".utf8), from: .client)
  }

  @Test func `the signer is released with the last connection`() throws {
    final class Token: Sendable {}
    weak var token: Token?
    do {
      let identity = TestIdentity.server()
      let key = identity.signer()
      let held = Token()
      token = held
      let signer = TLSSigner { request in try withExtendedLifetime(held) { try key.sign(request) } }
      let pair = try EnginePair.connected(identity: identity) { _, server in
        server.identities = [try identity.identity(signer: signer)]
      }
      #expect(token != nil)
      _ = consume pair
    }
    #expect(token == nil)
  }

  /// Row 58, in the test kit's library context, an isolated one, and the lean one.
  @Test(.tags(.openSSLFact)) func `a signer works in other library contexts`() throws {
    let world = SeededWorld(seed: 57)
    let identity = world.authority().issue(names: ["localhost"])
    var pair = try EnginePair(in: world) { client, server in
      client.trustRoots = [identity.trust]
      server.identities = [try identity.identity(signer: nil)]
    }
    try pair.handshake()
    for library in [try TLSLibraryContext(providers: ["default"]), try .lean()] {
      let identity = TestIdentity.server(key: .p384)
      for version in TLSVersion.both {
        _ = try EnginePair.connected(version, identity: identity) { client, server in
          client.library = library
          server.library = library
          server.identities = [try identity.identity(signer: nil)]
        }
      }
    }
  }

  /// Row 60, by the test kit's library contexts: what a signature as a question would rest on.
  @Test(.tags(.openSSLFact), arguments: TLSRole.allCases, TLSVersion.both)
  func `the same input and random numbers give the same bytes to sign`(side: TLSRole, version: TLSVersion) throws {
    // Valid at the time of the test kit's world.
    let server = TestAuthority().issue(names: ["localhost"], validity: .always, usage: .server)
    let client = TestAuthority().issue(subject: "Client", validity: .always, usage: .client)
    func requests(failing: Bool) throws -> [TLSSignatureRequest] {
      let calls = Calls()
      let identity = side == .server ? server : client
      let key = calls.signer(of: identity)
      let signer = TLSSigner { request in
        let signature = try key.sign(request)
        if failing { throw Refusal(description: "not yet") }
        return signature
      }
      // Signatures by other keys would draw random numbers of their own.
      let (own, other) = (try identity.identity(signer: signer), try (side == .server ? client : server).identity)
      let world = SeededWorld(seed: 60)
      var pair = try EnginePair(version: version, in: world) { clients, servers in
        clients.trustRoots = [server.trust]
        servers.trustRoots = [client.trust]
        servers.clientAuthentication = side == .client ? .required : .none
        clients.identities = side == .client ? [own] : []
        servers.identities = [side == .server ? own : other]
      }
      if failing { #expect(throws: (any Error).self) { try pair.handshake() } } else { try pair.handshake() }
      return calls.all
    }
    let first = try requests(failing: true)
    #expect(first.count == 1)
    #expect(try requests(failing: false) == first)
  }
}
