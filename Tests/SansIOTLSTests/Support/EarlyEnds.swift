import SansIOTLS
import SansIOTLSTestKit

/// The contexts of a client and of a server that accepts early data.
struct EarlyEnds {
  let client: TLSContext
  let server: TLSContext
  let world: SeededWorld?

  init(
    maximum: Int = 16_384, in world: SeededWorld? = nil,
    change: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws {
    let identity = (world?.authority() ?? TestAuthority()).issue(names: ["localhost"])
    var (client, server) = try EnginePair.configurations(version: .tls13, identity: identity)
    server.maximumEarlyDataByteCount = maximum
    server.earlyDataReplayFilter = maximum > 0 ? try TLSReplayFilter() : nil
    try change(&client, &server)
    self.client = try world?.context(client) ?? TLSContext(client)
    self.server = try world?.context(server) ?? TLSContext(server)
    self.world = world
  }

  /// A session of a first connection.
  func session(
    at server: TLSContext? = nil, _ answer: TLSEngine.PeerCertificates.Answer = .followVerification
  ) throws -> TLSSession {
    var pair = try EnginePair(client: client, server: server ?? self.server, in: world)
    while pair.step() {
      while pair.server.question != nil { try pair.server.answerAsConfigured() }
      while pair.client.question != nil { try pair.client.answerAsConfigured() }
    }
    while pair.server.question != nil { try pair.server.answerAsConfigured() }
    try pair.handshake()
    try pair.settle()
    guard let session = pair.client.allSessions().last else {
      throw TLSError(.invalidArgument, .local, hint: "no session")
    }
    return session
  }

  /// A pair whose client offers early data, and has sent nothing else.
  func pair(
    _ session: TLSSession, at server: TLSContext? = nil, limits: TLSEngine.Limits = .default,
    link: SimulatedLink = .direct
  ) throws -> EnginePair {
    try EnginePair(
      client: client, server: server ?? self.server, limits: limits, session: session, sendsEarlyData: true,
      link: link, in: world)
  }
}

extension TLSEngine {
  /// Removes all events, and returns the outcomes of early data among them.
  mutating func earlyDataEvents() -> [TLSEarlyDataOutcome] {
    var outcomes: [TLSEarlyDataOutcome] = []
    while let event = nextEvent() { if case .earlyData(let outcome) = event { outcomes.append(outcome) } }
    return outcomes
  }
}
