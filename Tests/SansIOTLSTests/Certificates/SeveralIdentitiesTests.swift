import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Identities of several key types in one context: the peer's abilities choose among them.
@Suite(.tags(.behaviour))
struct SeveralIdentitiesTests {
  /// One authority and its three leaves, created once: RSA keys are slow to generate.
  private static let authority = TestAuthority()
  private static let leaves: [TestIdentity.KeyType: TestIdentity] = [
    .rsa2048: authority.issue(names: ["localhost"], key: .rsa2048, usage: .both),
    .p256: authority.issue(names: ["localhost"], key: .p256, usage: .both),
    .ed25519: authority.issue(names: ["localhost"], key: .ed25519, usage: .both),
  ]

  struct Ability: CustomTestStringConvertible {
    let version: TLSVersion
    let schemes: [TLSSignatureScheme]
    let chosen: TestIdentity.KeyType
    var testDescription: String { "\(version), \(schemes)" }
  }

  static let abilities: [Ability] = TLSVersion.both.flatMap { version in
    [
      Ability(version: version, schemes: [.rsa_pss_rsae_sha256, .rsa_pkcs1_sha256], chosen: .rsa2048),
      Ability(version: version, schemes: [.ecdsa_secp256r1_sha256], chosen: .p256),
      Ability(version: version, schemes: [.ed25519], chosen: .ed25519),
    ]
  }

  @Test(arguments: abilities)
  func `a server presents the certificate that the client can verify`(ability: Ability) throws {
    let leaves = Self.leaves
    let pair = try EnginePair.connected(ability.version, identity: #require(leaves[.p256])) { client, server in
      server.identities = try [.rsa2048, .p256, .ed25519].map { try #require(leaves[$0]).identity }
      client.signatureSchemes = ability.schemes
    }
    #expect(pair.client.peerCertificates.first?.der == leaves[ability.chosen]?.certificateDER)
  }

  @Test(arguments: abilities)
  func `a client presents the certificate that the server can verify`(ability: Ability) throws {
    let leaves = Self.leaves
    let pair = try EnginePair.connected(ability.version, identity: #require(leaves[.p256])) { client, server in
      client.identities = try [.rsa2048, .p256, .ed25519].map { try #require(leaves[$0]).identity }
      server.trustRoots = [Self.authority.trust]
      server.clientAuthentication = .required
      server.signatureSchemes = ability.schemes
      // A server accepts from clients the algorithms that it signs with: it needs an identity of that kind.
      server.identities = [try #require(leaves[ability.chosen]).identity]
    }
    #expect(pair.server.peerCertificates.first?.der == leaves[ability.chosen]?.certificateDER)
  }

  typealias Demand = TLSContext.Configuration.ClientAuthentication

  @Test(arguments: TLSVersion.both, [Demand.requested, .required])
  func `a client without a suitable identity presents no certificate`(version: TLSVersion, demand: Demand) throws {
    let leaves = Self.leaves
    var (client, server) = try EnginePair.configurations(version: version, identity: #require(leaves[.rsa2048]))
    client.identities = try [.p256, .ed25519].map { try #require(leaves[$0]).identity }
    server.trustRoots = [Self.authority.trust]
    server.clientAuthentication = demand
    server.signatureSchemes = [.rsa_pss_rsae_sha256, .rsa_pkcs1_sha256]
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    let failures = pair.outcome()
    #expect(pair.server.peerCertificates.isEmpty)
    if demand == .requested {
      #expect(failures.client == nil)
      #expect(failures.server == nil)
      #expect(try pair.transfer([1], from: .client) == [1])
      #expect(try pair.transfer([2], from: .server) == [2])
      #expect(pair.server.peerCertificates.isEmpty)
    } else {
      let alert = version == .tls13 ? TLSAlert.certificateRequired : .handshakeFailure
      #expect(failures.server?.code == .certificateRejected)
      #expect(failures.server?.alertSent == alert)
      #expect(failures.server?.verification == nil)
      #expect(failures.server?.hint.contains("no certificate") == true)
      #expect(failures.client?.code == .alertReceived)
      #expect(failures.client?.alertReceived == alert)
    }
  }

  @Test func `an identity's own chain is sent, whatever the other identities' chains`() throws {
    let authority = TestAuthority()
    let elliptic = authority.issueIntermediate(name: "Elliptic").issue(names: ["localhost"], key: .p256)
    let edwards = authority.issueIntermediate(name: "Edwards").issue(names: ["localhost"], key: .ed25519)
    for (scheme, expected) in [(TLSSignatureScheme.ecdsa_secp256r1_sha256, "CN=Elliptic"), (.ed25519, "CN=Edwards")] {
      let pair = try EnginePair.connected(.tls13, identity: elliptic) { client, server in
        server.identities = [try elliptic.identity, try edwards.identity]
        client.signatureSchemes = [scheme]
      }
      #expect(pair.client.peerCertificates.map(\.subject.description) == ["CN=localhost", expected])
    }
  }

  struct Request: CustomTestStringConvertible {
    /// As in RFC 5246, section 7.4.4: 1 for rsa_sign, 2 for dss_sign, 64 for ecdsa_sign.
    let types: [UInt8]
    let identities: [TestIdentity.KeyType]
    let expected: TestIdentity.KeyType?
    var testDescription: String { "types \(types), \(identities): \(expected?.description ?? "none")" }
  }

  static let requests = [
    Request(types: [64], identities: [.rsa2048, .p256], expected: .p256),
    Request(types: [64], identities: [.p256, .rsa2048], expected: .p256),
    Request(types: [1], identities: [.rsa2048, .p256], expected: .rsa2048),
    Request(types: [1], identities: [.p256, .rsa2048], expected: .rsa2048),
    Request(types: [1], identities: [.ed25519, .rsa2048], expected: .rsa2048),
    Request(types: [64], identities: [.rsa2048, .ed25519], expected: .ed25519),
    Request(types: [2], identities: [.rsa2048, .p256], expected: nil),
    Request(types: [1], identities: [.p256, .ed25519], expected: nil),
    Request(types: [64], identities: [.rsa2048], expected: nil),
    Request(types: [1], identities: [.p256], expected: nil),
    Request(types: [64, 1], identities: [.rsa2048], expected: .rsa2048),
    Request(types: [64], identities: [.p256], expected: .p256),
  ]

  @Test(arguments: requests)
  func `a TLS 1.2 client presents a certificate of a requested type`(request: Request) throws {
    let leaves = Self.leaves
    let server = RawPeer(.server, identity: leaves[.p256], certificateTypes: request.types)
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [Self.authority.trust]
    configuration.identities = try request.identities.map { try #require(leaves[$0]).identity }
    var client = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(configuration))
    for _ in 0..<8 where client.negotiated == nil {
      _ = server.absorb(client.drain())
      _ = try client.feed(server.drain())
      _ = try client.handshake()
    }
    #expect(client.negotiated?.version == .tls12)
    let expected = request.expected.map { leaves[$0]?.certificateDER ?? [] } ?? []
    #expect(server.peerCertificate == expected)
  }
}
