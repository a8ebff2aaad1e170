import SansIOTLS
import SansIOTLSTestKit

/// The identities of all conversations, created once in a separate world: the same in each process, so that a seed
/// stands for the very same bytes everywhere.
enum Material {
  struct Cast: Sendable {
    let authority: TestAuthority
    let servers: [TestIdentity.KeyType: TestIdentity]
    let badServers: [TestIdentity.Defect: TestIdentity]
    let clients: [TestIdentity.KeyType: TestIdentity]
    let unknownClient: TestIdentity
  }

  static let cast: Cast = {
    let world = SeededWorld(seed: 0)
    let authority = world.authority()
    let intermediate = authority.issueIntermediate()
    let keys: [TestIdentity.KeyType] = [.p256, .p384, .ed25519, .rsa2048]
    func each<Key: Hashable>(_ keys: [Key], _ mint: (Key) -> TestIdentity) -> [Key: TestIdentity] {
      Dictionary(uniqueKeysWithValues: keys.map { ($0, mint($0)) })
    }
    return Cast(
      authority: authority,
      servers: each(keys) { intermediate.issue(names: ["localhost"], key: $0) },
      badServers: each(
        [
          .expired, .notYetValid, .wrongName, .selfSigned, .unknownIssuer, .wrongUsage, .missingIntermediate,
          .corruptedSignature,
        ] as [TestIdentity.Defect]
      ) { authority.issue(names: ["localhost"], defect: $0) },
      clients: each(keys) { authority.issue(subject: "Client", key: $0, usage: .client) },
      unknownClient: world.authority(name: "Someone Else").issue(subject: "Stranger", usage: .client))
  }()
}

extension Scenario {
  static let earlyDataLimit = 8_000

  /// The two contexts, created in a world.
  func contexts(in world: SeededWorld) throws -> (client: TLSContext, server: TLSContext) {
    let cast = Material.cast
    let identity =
      if case .badServer(let defect) = obstacle { cast.badServers[defect]! } else { cast.servers[key]! }
    var (client, server) = try EnginePair.configurations(version: version, identity: identity)
    if obstacle == .noCommonVersion {
      client.maximumVersion = .tls12
      server.minimumVersion = .tls13
    }
    // The curves of the certificates stay among the groups, for TLS 1.2.
    client.groups = [.x25519, .secp256r1, .secp384r1]
    server.groups = retries ? [.secp256r1, .secp384r1] : [.x25519, .secp256r1, .secp384r1]
    client.applicationProtocols = ["one", "two"]
    server.applicationProtocols = obstacle == .noCommonApplicationProtocol ? ["three"] : ["two"]
    server.resumption = .tickets(count: tickets)
    if earlyBytes > 0 {
      server.maximumEarlyDataByteCount = Self.earlyDataLimit
      server.earlyDataReplayFilter = try TLSReplayFilter(capacity: 16)
    }
    client.releasesBuffers = releasesBuffers
    server.releasesBuffers = releasesBuffers
    server.trustRoots = [cast.authority.trust]
    switch clientCertificate {
    case .none: break
    case .requested(let isShown):
      server.clientAuthentication = .requested
      if isShown { client.identities = [try cast.clients[clientKey]!.identity] }
    case .required:
      server.clientAuthentication = .required
      switch obstacle {
      case .missingClientCertificate: break
      case .unknownClient: client.identities = [try cast.unknownClient.identity]
      default: client.identities = [try cast.clients[clientKey]!.identity]
      }
    }
    if offersLater, version != .tls12 {
      client.offersPostHandshakeAuthentication = true
      if clientCertificate == .none {
        server.clientAuthentication = .onRequest
        client.identities = [try cast.clients[clientKey]!.identity]
      }
    }
    client.records = records[.client]!
    server.records = records[.server]!
    if version == .tls12 || obstacle == .noCommonVersion {
      client.records.paddingByteCount = nil
      server.records.paddingByteCount = nil
    }
    if let preSharedHash {
      client.preSharedKeys = [.test("client", hash: preSharedHash)]
      server.preSharedKeys = [.test("another"), .test("client", hash: preSharedHash)]
      if seed.isMultiple(of: 2) { server.identities = [] }
    }
    client.pausesAtPeerCertificates = asks
    client.pausesAtCertificateRequest = asks
    server.pausesAtClientHello = asks
    server.pausesAtPeerCertificates = asks && server.clientAuthentication != .none
    return (try world.context(client), try world.context(server))
  }
}
