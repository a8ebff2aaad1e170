import SansIOTLS
import SansIOTLSTestKit

/// The contexts of a client with a certificate, and of a server that asks about it.
struct AskingServer {
  let client: TLSContext
  let server: TLSContext

  init(
    _ version: TLSVersion, client identity: TestIdentity = .client(), trusted: Bool = true,
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    try EnginePair.authenticateClient(&client, &server, identity)
    if !trusted { server.trustRoots = [TestAuthority().trust] }
    server.pausesAtPeerCertificates = true
    try change(&client, &server)
    self.client = try TLSContext(client)
    self.server = try TLSContext(server)
  }

  /// A pair that has not begun.
  func pair(_ session: TLSSession? = nil, limits: TLSEngine.Limits = .default) throws -> EnginePair {
    try EnginePair(client: client, server: server, limits: limits, session: session)
  }

  /// A pair whose server has asked, and whose client has read all that was sent.
  func asking(_ session: TLSSession? = nil, limits: TLSEngine.Limits = .default) throws -> EnginePair {
    var pair = try pair(session, limits: limits)
    while pair.step() {}
    _ = try pair.client.readAll()
    return pair
  }

  /// A session of a client that the answer accepted.
  func session(_ answer: TLSEngine.PeerCertificates.Answer = .followVerification) throws -> TLSSession {
    var pair = try asking()
    try pair.answer(answer, at: .server)
    try pair.handshake()
    try pair.settle()
    guard let session = pair.client.allSessions().last else { throw pair.stalledWithoutSession }
    return session
  }
}

extension EnginePair {
  /// The server's question about its client.
  var asked: TLSEngine.PeerCertificates? {
    if case .peerCertificates(let certificates)? = server.question { certificates } else { nil }
  }

  fileprivate var stalledWithoutSession: any Error { TLSError(.invalidArgument, .local, hint: "no session") }
}
