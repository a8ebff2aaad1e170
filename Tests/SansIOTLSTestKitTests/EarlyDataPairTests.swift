import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Early data between the engines of a pair.
struct EarlyDataPairTests {
  private func pair(in world: SeededWorld? = nil) throws -> EnginePair {
    let identity = (world?.authority() ?? TestAuthority()).issue(names: ["localhost"])
    var (client, server) = try EnginePair.configurations(version: .tls13, identity: identity)
    server.maximumEarlyDataByteCount = 1_000
    server.earlyDataReplayFilter = try TLSReplayFilter()
    client.applicationProtocols = ["h2"]
    server.applicationProtocols = ["h2"]
    let contexts = (
      client: try world?.context(client) ?? TLSContext(client), server: try world?.context(server) ?? TLSContext(server)
    )
    var first = try EnginePair(client: contexts.client, server: contexts.server, in: world)
    try first.handshake()
    _ = try first.receive(at: .client)
    var session: TLSSession?
    while let event = first.client.nextEvent() { if case .sessionTicket(let newest) = event { session = newest } }
    let offered = try #require(session)
    return try EnginePair(
      client: contexts.client, server: contexts.server, session: offered, sendsEarlyData: true, in: world)
  }

  @Test func `the ladder draws early data and its outcome`() throws {
    var pair = try pair()
    try pair.sendEarly(Array("early".utf8))
    #expect(try pair.receiveEarly() == Array("early".utf8))
    try pair.handshake()
    let text = pair.log.report
    let lines = text.split(separator: "\n")
    let early = lines.firstIndex { $0.contains("application_data") }
    let hello = lines.firstIndex { $0.contains("ServerHello") }
    #expect(try #require(early) < #require(hello), "\(text)")
    #expect(text.contains("EndOfEarlyData"))
    #expect(text.contains("early data accepted"))
  }

  @Test func `a tape replays early data bit by bit`() throws {
    func conversation() throws -> Tape {
      var pair = try pair(in: SeededWorld(seed: 11))
      try pair.sendEarly(Array("early".utf8))
      #expect(try pair.receiveEarly() == Array("early".utf8))
      try pair.handshake()
      return try #require(pair.log.tape)
    }
    let tape = try conversation()
    #expect(try conversation().digest == tape.digest)
    #expect(try Tape(parsing: "\(tape)") == tape)
    #expect(tape.entries.contains { if case .writeEarly = $0.call { true } else { false } })
    #expect(tape.entries.contains { if case .readEarly = $0.call { true } else { false } })
  }

  @Test func `answers with a decision are on the tape`() throws {
    let answers: [Tape.Reply] = [
      .serveDecidingEarlyData(byOther: false, accepts: true), .serveDecidingEarlyData(byOther: true, accepts: false),
    ]
    var tape = Tape(seed: 1)
    for answer in answers { tape.append(Tape.Entry(side: .server, call: .answer(answer), outcome: .step("done"))) }
    #expect(try Tape(parsing: "\(tape)") == tape)
  }

  @Test func `early data that cannot be sent is a stalled drive with the reason`() throws {
    var pair = try EnginePair(version: .tls13)
    let error = #expect(throws: EnginePair.Stalled.self) { try pair.sendEarly([1]) }
    #expect(error?.description.contains("was not asked for") == true)
  }
}
