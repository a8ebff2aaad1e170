import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Early data of streams.
///
/// libssl accepts early data while its ticket is at most nine seconds older than the client has said, when its engine
/// was created. A task that is suspended among a thousand others can wait longer for its thread, so these tests are in
/// a world, whose tickets have no age.
struct TLSStreamEarlyDataTests {
  private struct Ends {
    let world = SeededWorld(seed: 23)
    let client: TLSContext
    let server: TLSContext
    private let issued: TLSSession

    init(isAccepted: Bool) throws {
      var (client, server) = try EnginePair.configurations(
        version: .tls13, identity: world.authority().issue(names: ["localhost"]))
      server.maximumEarlyDataByteCount = 16_384
      if isAccepted { server.earlyDataReplayFilter = try TLSReplayFilter() } else { server.pausesAtClientHello = true }
      (self.client, self.server) = (try world.context(client), try world.context(server))
      var pair = try EnginePair(client: self.client, server: self.server, in: world)
      while pair.step() { while pair.server.question != nil { try pair.server.answerAsConfigured() } }
      _ = try pair.receive(at: .client)
      var session: TLSSession?
      while let event = pair.client.nextEvent() { if case .sessionTicket(let newest) = event { session = newest } }
      issued = try #require(session)
    }

    /// A session that states no age, for a stream that is created at once.
    var session: TLSSession { world.resumable(issued) }

    typealias Stream = TLSStream<MemoryTransport>

    func streams(capacity: Int = 65_536, hasSession: Bool = true) throws -> (client: Stream, server: Stream) {
      let (near, far) = MemoryTransport.pair(capacity: capacity)
      let client = TLSStream(
        try TLSEngine(
          .client(serverName: .dns("localhost")), context: client, session: hasSession ? session : nil,
          sendsEarlyData: true), over: near)
      return (client, TLSStream(try TLSEngine(.server, context: server), over: far))
    }
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

  @Test(arguments: [65_536, 100])
  func `a stream sends early data, and the server reads it apart from what follows`(capacity: Int) async throws {
    let (client, server) = try Ends(isAccepted: true).streams(capacity: capacity)
    let request = TLSStreamTests.pattern(5_000)
    async let served = Self.serve(server)
    #expect(try await client.writeEarly(request) == 5_000)
    #expect(try await client.earlyData() == .accepted(byteCount: 5_000))
    try await client.write(Array("late".utf8))
    try await client.closeWriting()
    #expect(try await TLSStreamTests.readAll(client) == Array("answer".utf8))
    let (early, late) = try await served
    #expect(early == request)
    #expect(late == Array("late".utf8))
    #expect(try await server.earlyData() == .accepted(byteCount: 5_000))
    #expect(try await client.writeEarly([1]) == 0)
  }

  @Test(arguments: [65_536, 100])
  func `a stream sends early data, reports its rejection, and sends nothing again`(capacity: Int) async throws {
    let (client, server) = try Ends(isAccepted: false).streams(capacity: capacity)
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

  @Test func `a server answers early data before the client has heard from it`() async throws {
    let (client, server) = try Ends(isAccepted: true).streams()
    #expect(try await client.writeEarly(Array("request".utf8)) == 7)
    #expect(try await server.readEarly() == Array("request".utf8))
    #expect(try await server.writeEarly(Array("answer".utf8)) == 6)
    #expect(server.negotiated == nil)
    #expect(try await client.earlyData() == .accepted(byteCount: 7))
    #expect(try await client.read() == Array("answer".utf8))
    #expect(try await server.readEarly() == nil)
    try await server.handshake()
    #expect(try await server.writeEarly([1]) == 0)
  }

  @Test func `an early write returns after the transport has accepted it`() async throws {
    let (client, _) = try Ends(isAccepted: true).streams(capacity: 1)
    // It leaves no room for another one.
    #expect(try await client.writeEarly([1]) == 1)
    let writing = Task { try await client.writeEarly([2, 3]) }
    while client.withEngine({ $0.pendingOutputByteCount }) == 0 { await Task.yield() }
    writing.cancel()
    let error = await #expect(throws: TLSStreamError.self) { try await writing.value }
    #expect(error?.code == .cancelled)
    #expect(error?.bytesAccepted == 2)
  }

  @Test func `a stream with a cache sends early data by a session from there`() async throws {
    let ends = try Ends(isAccepted: true)
    let sessions = TLSSessionCache()
    for expected in [TLSEarlyDataOutcome.accepted(byteCount: 5), nil] {
      let (near, far) = MemoryTransport.pair()
      if expected != nil { sessions.store(ends.session, for: .dns("localhost"), context: ends.client) }
      let client = try TLSStream(
        connectingTo: .dns("localhost"), context: ends.client, sessions: sessions, over: near, sendsEarlyData: true)
      sessions.removeAll()
      let server = TLSStream(try TLSEngine(.server, context: ends.server), over: far)
      async let served = Self.serve(server)
      #expect(try await client.writeEarly(Array("early".utf8)) == (expected == nil ? 0 : 5))
      #expect(try await client.earlyData() == expected)
      try await client.closeWriting()
      #expect(try await TLSStreamTests.readAll(client) == Array("answer".utf8))
      #expect(try await served.early == (expected == nil ? [] : Array("early".utf8)))
      sessions.removeAll()
    }
  }

  @Test func `without a session nothing is sent early`() async throws {
    let (client, server) = try Ends(isAccepted: true).streams(hasSession: false)
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
