import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// The times at which a server issues session tickets, and the data that they carry.
@Suite(.tags(.behaviour))
struct TicketTimingTests {
  private static func pair(
    _ version: TLSVersion = .tls13, _ resumption: TLSContext.Configuration.Resumption, session: TLSSession? = nil
  ) throws -> EnginePair {
    var (client, server) = try EnginePair.configurations(version: version)
    client.maximumVersion = version
    server.resumption = resumption
    return try EnginePair(client: TLSContext(client), server: TLSContext(server), session: session)
  }

  private static func tickets(_ pair: inout EnginePair) throws -> Int {
    try pair.settle()
    return pair.client.allSessions().count
  }

  @Test func `after the handshake, with the first write, or on request`() throws {
    for (timing, expected) in [
      (TLSContext.Configuration.Resumption.Timing.afterHandshake, [2, 0, 0]), (.withFirstWrite, [0, 2, 0]),
      (.onRequest, [0, 0, 0]),
    ] {
      var pair = try Self.pair(.tls13, .tickets(count: 2, timing: timing))
      try pair.handshake()
      var counts = [try Self.tickets(&pair)]
      for _ in 0..<2 {
        #expect(try pair.transfer([1, 2, 3], from: .server) == [1, 2, 3])
        counts.append(try Self.tickets(&pair))
      }
      #expect(counts == expected, "\(timing)")
      #expect(try pair.server.issueSessionTickets() == .done)
      #expect(try Self.tickets(&pair) == 2)
    }
  }

  @Test func `tickets for the first write leave in that call, before the data`() throws {
    var pair = try Self.pair(.tls13, .tickets(count: 2, timing: .withFirstWrite))
    try pair.handshake()
    #expect(pair.server.pendingOutputByteCount == 0)
    _ = try pair.write([7], from: .server)
    let bytes = pair.server.drain()
    // A client that reads as much as it can has the data and the sessions after one feed.
    #expect(try pair.client.feed(bytes) == bytes.count)
    #expect(try pair.client.read(upTo: 10).value == [7])
    #expect(pair.client.allSessions().count == 2)
  }

  @Test func `a client that leaves before the first write is sent no ticket, and closing works`() throws {
    var pair = try Self.pair(.tls13, .tickets(count: 2, timing: .withFirstWrite))
    try pair.handshake()
    try pair.shutdown()
    #expect(pair.client.allSessions().isEmpty)
  }

  @Test(arguments: TLSVersion.both)
  func `in TLS 1.2 the ticket is a part of the handshake whatever the timing`(version: TLSVersion) throws {
    for timing in [TLSContext.Configuration.Resumption.Timing.withFirstWrite, .onRequest] {
      var pair = try Self.pair(version, .tickets(timing: timing))
      try pair.handshake()
      #expect(try Self.tickets(&pair) == (version == .tls12 ? 1 : 0))
      if version == .tls12 {
        #expect(thrownError { _ = try pair.server.issueSessionTickets() }?.code == .unsupported)
      }
    }
  }

  @Test func `a resumed connection is issued one ticket at a time`() throws {
    for timing in [TLSContext.Configuration.Resumption.Timing.afterHandshake, .withFirstWrite, .onRequest] {
      var (client, server) = try EnginePair.configurations(version: .tls13)
      client.maximumVersion = .tls13
      server.resumption = .tickets(count: 3, timing: timing)
      let contexts = (client: try TLSContext(client), server: try TLSContext(server))
      var first = try EnginePair(client: contexts.client, server: contexts.server)
      try first.handshake()
      if timing == .onRequest { _ = try first.server.issueSessionTickets() }
      _ = try first.transfer([1], from: .server)
      try first.settle()
      let sessions = first.client.allSessions()
      #expect(sessions.count == 3)
      let session = try #require(sessions.last)
      var second = try EnginePair(client: contexts.client, server: contexts.server, session: session)
      try second.handshake()
      #expect(second.client.negotiated?.isResumed == true)
      if timing == .onRequest { _ = try second.server.issueSessionTickets() }
      _ = try second.transfer([1], from: .server)
      #expect(try Self.tickets(&second) == 1)
    }
  }

  @Test func `tickets are issued between all kinds of calls`() throws {
    var pair = try Self.pair(.tls13, .tickets(count: 1, timing: .onRequest))
    #expect(try pair.server.issueSessionTickets() == .needsFeed)
    try pair.handshake()
    for round in 0..<20 {
      #expect(try pair.server.issueSessionTickets() == .done)
      if round % 3 == 0 { _ = try pair.keyUpdate(from: .server, requestingPeer: true) }
      if round % 4 == 0 { pair.server.hibernate() }
      #expect(try pair.transfer([UInt8(round)], from: .client) == [UInt8(round)])
      #expect(try pair.transfer([UInt8(round)], from: .server) == [UInt8(round)])
    }
    // Half a record of the client's is in libssl.
    _ = try pair.client.write([1, 2, 3])
    let record = pair.client.drain()
    #expect(try pair.server.feed(record.prefix(9)) == 9)
    #expect(try pair.server.read(upTo: 10).value == nil)
    #expect(try pair.server.issueSessionTickets() == .done)
    #expect(try pair.server.feed(record.dropFirst(9)) == record.count - 9)
    #expect(try pair.server.read(upTo: 10).value == [1, 2, 3])
    // After the client's close_notify, and not after the own.
    _ = try pair.client.closeWriting()
    try pair.settle()
    #expect(try pair.server.issueSessionTickets() == .done)
    #expect(try Self.tickets(&pair) == 22)
    _ = try pair.server.closeWriting()
    #expect(thrownError { _ = try pair.server.issueSessionTickets() }?.code == .closed)
  }

  @Test func `a ticket in the middle of a message that the client began waits for its end`() throws {
    var pair = try Self.pair(.tls13, .tickets(count: 1, timing: .onRequest))
    try pair.handshake()
    _ = try pair.client.keyUpdate(requestingPeer: false)
    let message = pair.client.drain()
    #expect(try pair.server.feed(message) == message.count)
    #expect(try pair.server.issueSessionTickets() == .done)
    #expect(try pair.transfer([1], from: .client) == [1])
    #expect(try Self.tickets(&pair) == 1)
  }

  @Test func `who has no resumption to offer, or no server, issues no tickets`() throws {
    var pair = try Self.pair(.tls13, .off)
    try pair.handshake()
    #expect(thrownError { _ = try pair.server.issueSessionTickets() }?.code == .unsupported)
    #expect(thrownError { _ = try pair.client.issueSessionTickets() }?.code == .wrongRole)
    #expect(thrownError { try pair.client.setTicketData([1]) }?.code == .wrongRole)
    #expect(try pair.transfer([1], from: .server) == [1])
  }

  @Test func `tickets that wait for an answer about the client follow the timing`() throws {
    for (timing, expected) in [
      (TLSContext.Configuration.Resumption.Timing.afterHandshake, [2, 0]), (.withFirstWrite, [0, 2]),
      (.onRequest, [0, 0]),
    ] {
      var pair = try EnginePair.connected(.tls13, handshake: false) { client, server in
        try EnginePair.authenticateClient(&client, &server)
        server.pausesAtPeerCertificates = true
        server.resumption = .tickets(count: 2, timing: timing)
      }
      while pair.server.question == nil, pair.step() {}
      try pair.server.answer(TLSEngine.PeerCertificates.Answer.followVerification)
      try pair.handshake()
      var counts = [try Self.tickets(&pair)]
      _ = try pair.transfer([1], from: .server)
      counts.append(try Self.tickets(&pair))
      #expect(counts == expected, "\(timing)")
    }
  }

  @Test func `fed byte by byte a client has the same sessions`() throws {
    var pair = try Self.pair(.tls13, .tickets(count: 2, timing: .withFirstWrite))
    for side in [TLSRole.client, .server, .client, .server] {
      for byte in pair[side].drain() { _ = try pair[side.peer].feed([byte]) }
    }
    #expect(pair.server.negotiated != nil)
    _ = try pair.server.write([9])
    var plaintext: [UInt8] = []
    for byte in pair.server.drain() {
      _ = try pair.client.feed([byte])
      while case .done(let bytes) = try pair.client.read(upTo: 10) { plaintext += bytes }
      pair.client.hibernate()
    }
    #expect(plaintext == [9])
    #expect(pair.client.allSessions().count == 2)
  }

  @Test func `a server that issues tickets without end reaches the client's limit`() throws {
    var limits = TLSEngine.Limits.default
    limits.controlRecordCount = 10
    limits.queuedEventCount = 6
    var (client, server) = try EnginePair.configurations(version: .tls13)
    client.maximumVersion = .tls13
    server.resumption = .tickets(count: 1, timing: .onRequest)
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server), limits: limits)
    try pair.handshake()
    for _ in 0..<11 {
      _ = try pair.server.issueSessionTickets()
      pair.step()
      _ = try? pair.client.read(upTo: 10)
    }
    #expect(pair.client.failure?.code == .limitExceeded)
    // The other one is that the handshake is complete.
    #expect(pair.client.allSessions().count == 5)
  }

  // MARK: Data

  @Test(arguments: TLSVersion.both)
  func `data of the application travels in the ticket`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    client.maximumVersion = version
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var first = try EnginePair(client: contexts.client, server: contexts.server)
    try first.server.setTicketData([1, 2, 3])
    try first.handshake()
    #expect(first.server.resumedTicketData == nil)
    try first.settle()
    let session = try #require(first.client.allSessions().last)
    // The client sees nothing of it.
    #expect(!session.bytes.contains([1, 2, 3]))
    var second = try EnginePair(client: contexts.client, server: contexts.server, session: session)
    try second.server.setTicketData([4])
    try second.handshake()
    #expect(second.server.negotiated?.isResumed == true)
    // The new ticket has the new data; that of the resumed session is still known.
    #expect(second.server.resumedTicketData == [1, 2, 3])
    #expect(second.client.resumedTicketData == nil)
    try second.settle()
    let next = second.client.allSessions().last
    #expect((next == nil) == (version == .tls12))
    var third = try EnginePair(client: contexts.client, server: contexts.server, session: next ?? session)
    try third.handshake()
    #expect(third.server.resumedTicketData == (version == .tls13 ? [4] : [1, 2, 3]))
    // Nothing replaced it: the next ticket carries it on.
    try third.settle()
    if let session = third.client.allSessions().last {
      var fourth = try EnginePair(client: contexts.client, server: contexts.server, session: session)
      try fourth.handshake()
      #expect(fourth.server.resumedTicketData == [4])
    }
  }

  @Test(arguments: TLSVersion.both)
  func `an answer about the client can be read where its session is resumed`(version: TLSVersion) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    try EnginePair.authenticateClient(&client, &server)
    server.pausesAtPeerCertificates = true
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    func connect(_ session: TLSSession?, _ decision: [UInt8]?) throws -> (read: [UInt8]?, session: TLSSession?) {
      var pair = try EnginePair(client: contexts.client, server: contexts.server, session: session)
      while pair.server.question == nil, pair.step() {}
      let read = pair.server.resumedTicketData
      if let decision { try pair.server.setTicketData(decision) }
      try pair.server.answer(TLSEngine.PeerCertificates.Answer.followVerification)
      try pair.handshake()
      try pair.settle()
      return (read, pair.client.allSessions().last)
    }
    let first = try connect(nil, Array("gold".utf8))
    #expect(first.read == nil)
    let session = try #require(first.session)
    let second = try connect(session, nil)
    // In TLS 1.2 libssl has built the ticket before the question about a client that resumes nothing.
    #expect(second.read == (version == .tls13 ? Array("gold".utf8) : []))
  }

  @Test func `data that is set later is in later tickets, and its size is bounded`() throws {
    var (client, server) = try EnginePair.configurations(version: .tls13)
    client.maximumVersion = .tls13
    server.resumption = .tickets(count: 1, timing: .onRequest)
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    var pair = try EnginePair(client: contexts.client, server: contexts.server)
    try pair.handshake()
    let data: [[UInt8]] = [[], [1], [UInt8](repeating: 7, count: 4096), []]
    for value in data {
      try pair.server.setTicketData(value)
      _ = try pair.server.issueSessionTickets()
    }
    #expect(
      thrownError { try pair.server.setTicketData([UInt8](repeating: 7, count: 4097)) }?.code == .invalidArgument)
    try pair.settle()
    let sessions = pair.client.allSessions()
    #expect(sessions.count == data.count)
    for (session, value) in zip(sessions, data) {
      var next = try EnginePair(client: contexts.client, server: contexts.server, session: session)
      try next.handshake()
      #expect(next.server.resumedTicketData == value)
    }
  }

  @Test func `a setting that cannot be used is refused`() throws {
    var (_, server) = try EnginePair.configurations(version: .tls13)
    for resumption in [
      TLSContext.Configuration.Resumption.tickets(count: 17), .cache(sessionCount: 0), .cache(sessionCount: 1_000_001),
      .cache(count: 0), .applicationStore(count: 0), .applicationStore(),
    ] {
      server.resumption = resumption
      #expect(thrownError { _ = try TLSContext(server) }?.code == .invalidConfiguration, "\(resumption)")
    }
  }
}
