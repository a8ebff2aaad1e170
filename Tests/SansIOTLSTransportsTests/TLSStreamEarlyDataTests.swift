import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Early data of streams.
struct TLSStreamEarlyDataTests {
  private static func session(_ contexts: (client: TLSContext, server: TLSContext)) throws -> TLSSession {
    var pair = try EnginePair(client: contexts.client, server: contexts.server)
    while pair.step() { while pair.server.question != nil { try pair.server.answerAsConfigured() } }
    _ = try pair.receive(at: .client)
    var session: TLSSession?
    while let event = pair.client.nextEvent() { if case .sessionTicket(let newest) = event { session = newest } }
    return try #require(session)
  }

  private static func contexts(isAccepted: Bool) throws -> (client: TLSContext, server: TLSContext) {
    try TLSStreamTests.contexts(.tls13) { _, server in
      server.maximumEarlyDataByteCount = 16_384
      if isAccepted { server.earlyDataReplayFilter = try TLSReplayFilter() } else { server.pausesAtClientHello = true }
    }
  }

  @Test(arguments: [65_536, 100])
  func `a stream sends early data, reports its rejection, and sends nothing again`(capacity: Int) async throws {
    let contexts = try Self.contexts(isAccepted: false)
    let session = try Self.session(contexts)
    let (near, far) = MemoryTransport.pair(capacity: capacity)
    let client = TLSStream(
      try TLSEngine(
        .client(serverName: .dns("localhost")), context: contexts.client, session: session, sendsEarlyData: true),
      over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    let request = TLSStreamTests.pattern(5_000)
    async let served = Self.serve(server)
    #expect(try await client.writeEarly(request) == request.count)
    let outcome = try await client.earlyData()
    #expect(outcome == .rejected(byteCount: 5_000))
    try await client.write(Array("late".utf8))
    try await client.closeWriting()
    #expect(try await TLSStreamTests.readAll(client) == Array("answer".utf8))
    let (early, late) = try await served
    #expect(early == [])
    #expect(late == Array("late".utf8))
    #expect(try await client.writeEarly([1]) == 0)
  }

  private static func serve(
    _ stream: TLSStream<MemoryTransport>
  ) async throws -> (early: [UInt8], late: [UInt8]) {
    var early: [UInt8] = []
    while let bytes = try await stream.readEarly() { early += bytes }
    let late = try await TLSStreamTests.readAll(stream)
    try await stream.write(Array("answer".utf8))
    try await stream.close()
    return (early, late)
  }

  @Test func `without a session nothing is sent early`() async throws {
    let contexts = try Self.contexts(isAccepted: true)
    let (near, far) = MemoryTransport.pair(capacity: 65_536)
    let client = TLSStream(
      try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client, sendsEarlyData: true), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let served = Self.serve(server)
    #expect(try await client.writeEarly([1, 2, 3]) == 0)
    #expect(try await client.earlyData() == nil)
    try await client.write([1, 2, 3])
    try await client.close()
    let (early, late) = try await served
    #expect(early == [])
    #expect(late == [1, 2, 3])
  }
}
