import SansIOTLS
import SansIOTLSTestKit

/// The server's identity and the authority that the client trusts, the same for both loops.
struct Credentials {
  let serverName = "server.example"
  let identity: TestIdentity

  init(key: TestIdentity.KeyType = .p256) { identity = TestIdentity.server(serverName, key: key) }

  var authority: String { String(decoding: identity.authority.rootPEM, as: UTF8.self) }
  var chain: String { String(decoding: identity.chainPEM, as: UTF8.self) }
  var privateKey: String { String(decoding: identity.privateKeyPEM, as: UTF8.self) }
}
