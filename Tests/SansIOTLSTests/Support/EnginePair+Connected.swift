import SansIOTLS
import SansIOTLSTestKit

extension EnginePair {
  /// A pair at one version, after its handshake by default. `change` adapts the configurations.
  static func connected(
    _ version: TLSVersion? = nil, handshake: Bool = true, limits: TLSEngine.Limits = .default,
    identity: TestIdentity = .server(),
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> EnginePair {
    var (client, server) = try EnginePair.configurations(version: version, identity: identity)
    try change(&client, &server)
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), limits: limits)
    if handshake { try pair.handshake() }
    return pair
  }

  /// Configures a server to require a certificate of its clients, and gives the client one.
  static func authenticateClient(
    _ client: inout TLSContext.Configuration, _ server: inout TLSContext.Configuration,
    _ identity: TestIdentity = .client()
  ) throws(TLSError) {
    client.identities = [try identity.identity]
    server.trustRoots = [identity.trust]
    server.clientAuthentication = .required
  }
}
