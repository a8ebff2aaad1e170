import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A session of another context proves its peer by certificates that the offering context would accept itself, its
/// security level included.
@Suite(.tags(.law15))
struct SessionSecurityLevelTests {
  @Test(arguments: TLSVersion.both, [(3, true), (4, false)])
  func `another context's session is offered only if its certificates are strong enough`(
    version: TLSVersion, level: (number: Int, isMet: Bool)
  ) throws {
    // P-256 is worth 128 bits: enough for level 3, too little for level 4 (SSL_CTX_set_security_level(3)).
    var (client, server) = try EnginePair.configurations(version: version, identity: .server(key: .p256))
    // Keys of connections that level 4 accepts too.
    client.cipherSuites = [.TLS_AES_256_GCM_SHA384]
    client.cipherList = "ECDHE-ECDSA-AES256-GCM-SHA384"
    client.groups = [.secp384r1, .secp256r1]
    server.groups = [.secp384r1, .secp256r1]
    var first = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    try first.handshake()
    try first.settle()
    let sessions = first.client.allSessions()
    let session = try #require(sessions.last)
    client.securityLevel = level.number
    let context = try TLSContext(client)
    func offer() throws {
      _ = try TLSEngine(.client(serverName: .dns("localhost")), context: context, session: session)
    }
    if level.isMet {
      try offer()
    } else {
      #expect(thrownError(offer)?.code == .invalidArgument)
    }
  }
}
