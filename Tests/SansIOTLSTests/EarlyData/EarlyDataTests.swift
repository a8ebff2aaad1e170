import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Early data between two engines: accepted, rejected, impossible.
@Suite(.tags(.behaviour))
struct EarlyDataTests {
  @Test func `early data arrives apart from ordinary data, and its acceptance is an event`() throws {
    let ends = try EarlyEnds()
    let session = try ends.session()
    #expect(session.maximumEarlyDataByteCount == 16_384)
    var pair = try ends.pair(session)
    #expect(pair.client.earlyDataCapacity == 16_384)
    #expect(pair.client.needs == [.drain, .feed])
    try pair.sendEarly(Array("early".utf8))
    #expect(pair.client.earlyDataCapacity == 16_379)
    #expect(pair.client.earlyData == nil)
    #expect(try pair.receiveEarly() == Array("early".utf8))
    #expect(try pair.server.readEarly(upTo: 1) == .endOfEarlyData)
    try pair.handshake()
    #expect(pair.client.negotiated?.isResumed == true)
    #expect(pair.client.earlyData == .accepted(byteCount: 5))
    #expect(pair.server.earlyData == .accepted(byteCount: 5))
    let events = pair.client.allEvents()
    #expect(events.first == "handshakeCompleted")
    #expect(events.dropFirst().first?.contains("accepted(byteCount: 5)") == true)
    #expect(pair.server.allEvents() == ["handshakeCompleted"])
    #expect(try pair.transfer(Array("late".utf8), from: .client) == Array("late".utf8))
    #expect(try pair.transfer(Array("answer".utf8), from: .server) == Array("answer".utf8))
    try pair.shutdown()
  }

  @Test func `early data leaves with the ClientHello, and can be added until the client is fed`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    #expect(try pair.writeEarly(Array("a".utf8)[...]) == .done(1))
    let flight = pair.drain(from: .client)
    _ = try pair.feed(flight, to: .server)
    #expect(try pair.readEarly() == .done(Array("a".utf8)))
    #expect(try pair.writeEarly(Array("b".utf8)[...]) == .done(1))
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    #expect(pair.server.needs.contains(.readEarly))
    #expect(try pair.readEarly() == .done(Array("b".utf8)))
    #expect(try pair.readEarly() == .needsFeed)
    let answer = pair.drain(from: .server)
    _ = try pair.feed(Array(answer.prefix(1)), to: .client)
    #expect(try pair.writeEarly([1][...]) == .unavailable(.over))
    #expect(pair.client.earlyDataCapacity == 0)
    _ = try pair.feed(Array(answer.dropFirst()), to: .client)
    #expect(pair.client.earlyData == .accepted(byteCount: 2))
    try pair.handshake()
  }

  @Test func `what is rejected is counted, and nothing is sent again`() throws {
    let ends = try EarlyEnds()
    let session = try ends.session()
    var first = try ends.pair(session)
    try first.sendEarly([1, 2, 3])
    #expect(try first.receiveEarly() == [1, 2, 3])
    // The filter has seen only this offer; the same session in another ClientHello is another offer.
    var replay = try ends.pair(session)
    try replay.sendEarly([1, 2, 3])
    #expect(try replay.receiveEarly() == [1, 2, 3])

    let without = try EarlyEnds { client, server in
      server.pausesAtClientHello = true
      server.earlyDataReplayFilter = nil
    }
    var pair = try without.pair(try without.session())
    try pair.sendEarly([UInt8](repeating: 7, count: 5_000))
    while pair.step() {}
    try pair.answer(.serve, at: .server)
    #expect(try pair.receiveEarly() == [])
    try pair.handshake()
    #expect(pair.client.negotiated?.isResumed == true)
    #expect(pair.client.earlyDataEvents() == [.rejected(byteCount: 5_000)])
    #expect(pair.server.earlyData == .rejected(byteCount: 0))
    #expect(try pair.server.readEarly(upTo: 1) == .endOfEarlyData)
    try pair.settle()
    #expect(try pair.transfer([9], from: .client) == [9])
  }

  @Test func `a copy of the whole flight is rejected by the filter, and gives a forger nothing`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly(Array("pay".utf8))
    let flight = pair.drain(from: .client)
    var replayed = try TLSEngine(.server, context: ends.server)
    var original = try TLSEngine(.server, context: ends.server)
    _ = try original.feed(flight)
    #expect(try original.readEarly(upTo: 100) == .done(Array("pay".utf8)))
    _ = try replayed.feed(flight)
    #expect(try replayed.readEarly(upTo: 100) == .endOfEarlyData)
    #expect(replayed.negotiated == nil)
  }

  @Test func `a client without a fitting session says why, and connects as usual`() throws {
    let ends = try EarlyEnds { client, _ in client.applicationProtocols = ["h2"] }
    let session = try ends.session()
    func obstacle(
      _ session: TLSSession?, sends: Bool = true, name: TLSServerName = .dns("localhost"), _ context: TLSContext? = nil
    ) throws -> TLSEarlyDataObstacle? {
      var pair = try EnginePair(
        client: context ?? ends.client, server: ends.server, serverName: name, session: session, sendsEarlyData: sends)
      #expect(pair.client.earlyDataCapacity == 0)
      guard case .unavailable(let obstacle) = try pair.writeEarly([1][...]) else { return nil }
      try pair.handshake()
      #expect(pair.client.earlyData == nil)
      #expect(try pair.writeEarly([1][...]) == .unavailable(obstacle))
      #expect(try pair.transfer([1], from: .client) == [1])
      return obstacle
    }
    #expect(try obstacle(nil) == .noSession)
    #expect(try obstacle(session, sends: false) == .notRequested)
    let plain = try EarlyEnds(maximum: 0)
    #expect(try plain.session().maximumEarlyDataByteCount == 0)
    var pair = try plain.pair(try plain.session())
    #expect(try pair.writeEarly([1][...]) == .unavailable(.sessionWithoutEarlyData))
    try pair.handshake()
    let late = try EarlyEnds()
    let lateSession = try late.session()
    var lateClient = late.client.configuration
    lateClient.verificationTime = lateSession.creationTime + lateSession.lifetime
    var expired = try EnginePair(
      client: TLSContext(lateClient), server: late.server, session: lateSession, sendsEarlyData: true)
    #expect(try expired.writeEarly([1][...]) == .unavailable(.sessionExpired))
    try expired.handshake()
  }

  @Test func `a client names the server of the session, or sends no early data`() throws {
    let ends = try EarlyEnds { client, _ in client.peerVerification = .none }
    func pair(_ name: String, _ session: TLSSession? = nil) throws -> EnginePair {
      try EnginePair(
        client: ends.client, server: ends.server, serverName: .unverified(sni: name), session: session,
        sendsEarlyData: session != nil)
    }
    var first = try pair("a.example")
    try first.handshake()
    try first.settle()
    let session = try #require(first.client.allSessions().last)
    var other = try pair("b.example", session)
    #expect(try other.writeEarly([1][...]) == .unavailable(.serverNameDiffers))
    try other.handshake()
    var same = try pair("a.example", session)
    #expect(try same.writeEarly([1][...]) == .done(1))
    try same.handshake()
  }

  @Test func `a client offers the session's application protocol, or no early data`() throws {
    let ends = try EarlyEnds { client, server in
      client.applicationProtocols = ["h2", "http/1.1"]
      server.applicationProtocols = ["h2"]
    }
    let session = try ends.session()
    #expect(session.applicationProtocol == "h2")
    var client = ends.client.configuration
    client.applicationProtocols = ["http/1.1"]
    var server = ends.server.configuration
    server.applicationProtocols = ["http/1.1"]
    var pair = try EnginePair(
      client: TLSContext(client), server: TLSContext(server), session: session, sendsEarlyData: true)
    #expect(try pair.writeEarly([1][...]) == .unavailable(.applicationProtocolNotOffered))
    try pair.handshake()
    var fitting = try ends.pair(session)
    try fitting.sendEarly([1])
    #expect(try fitting.receiveEarly() == [1])
  }

  @Test func `a server that changes its protocol rejects early data`() throws {
    let ends = try EarlyEnds { client, server in
      client.applicationProtocols = ["h2", "http/1.1"]
      server.applicationProtocols = ["h2"]
      server.resumption = .tickets(keys: try TLSTicketKeys(current: [UInt8](repeating: 1, count: 32)))
      server.pausesAtClientHello = true
    }
    let session = try ends.session()
    var other = ends.server.configuration
    other.applicationProtocols = ["http/1.1"]
    var pair = try ends.pair(session, at: try TLSContext(other))
    try pair.sendEarly([1, 2])
    while pair.step() {}
    try pair.answer(.serve.acceptingEarlyData(true), at: .server)
    try pair.handshake()
    #expect(pair.client.negotiated?.applicationProtocol == "http/1.1")
    #expect(pair.client.earlyDataEvents() == [.rejected(byteCount: 2)])
  }

  /// Row 19 of the second table. The tickets of a world are of a fixed day; outside of it they have an age, which the
  /// client does not state.
  @Test(.tags(.openSSLFact), arguments: [true, false])
  func `early data with a ticket that is older than the client says is rejected, and the session resumed`(
    isOlder: Bool
  ) throws {
    let world = SeededWorld(seed: 43)
    let ends = try EarlyEnds(in: world) { _, server in
      server.resumption = .tickets(keys: try TLSTicketKeys(current: [UInt8](repeating: 1, count: 32)))
      server.earlyDataReplayFilter = nil
      server.pausesAtClientHello = true
    }
    let session = try ends.session()
    let server = isOlder ? try TLSContext(ends.server.configuration) : ends.server
    var pair = try EnginePair(
      client: ends.client, server: server, session: world.resumable(session), sendsEarlyData: true)
    try pair.sendEarly([1, 2, 3])
    while pair.step() {}
    try pair.answer(.serve.acceptingEarlyData(true), at: .server)
    #expect(try pair.receiveEarly() == (isOlder ? [] : [1, 2, 3]))
    try pair.handshake()
    #expect(pair.client.negotiated?.isResumed == true)
    #expect(pair.client.earlyDataEvents() == [isOlder ? .rejected(byteCount: 3) : .accepted(byteCount: 3)])
  }

  /// A server cannot read what it rejects, and counts whole records (RFC 8446, section 4.2.10).
  @Test(arguments: [(nil, 916), (256, 60), (4096, 4), (16_384, 1)] as [(Int?, Int)])
  func `as many small or padded records as a client can write may be rejected without harm`(
    padding: Int?, expected: Int
  ) throws {
    let ends = try EarlyEnds { client, server in
      client.records.paddingByteCount = padding
      server.pausesAtClientHello = true
      server.earlyDataReplayFilter = nil
    }
    var pair = try ends.pair(try ends.session())
    var count = 0
    while case .done = try pair.writeEarly([1][...]) { count += 1 }
    #expect(count == expected)
    #expect(pair.client.earlyDataCapacity == 0)
    while pair.step() {}
    try pair.answer(.serve, at: .server)
    try pair.handshake()
    #expect(pair.client.earlyDataEvents() == [.rejected(byteCount: expected)])
  }

  /// libssl divides early data by the maximum fragment length of the session too.
  @Test(arguments: [(512, 16_384), (4096, 600)])
  func `records that were agreed on with the session may be rejected without harm`(agreed: Int, own: Int) throws {
    let ends = try EarlyEnds(maximum: 100_000) { client, server in
      client.records.requestedByteCount = agreed
      client.records.maximumByteCount = own
      server.pausesAtClientHello = true
      server.earlyDataReplayFilter = nil
    }
    var pair = try ends.pair(try ends.session())
    let capacity = pair.client.earlyDataCapacity
    #expect((95_000..<100_000).contains(capacity))
    #expect(try pair.writeEarly([UInt8](repeating: 5, count: 100_000)[...]) == .done(capacity))
    let flight = pair.drain(from: .client)
    // The first record is the ClientHello.
    #expect(recordLengths(flight).dropFirst().max() == min(agreed, own) + 22)
    pair.link.send(flight, from: .client)
    while pair.step() {}
    try pair.answer(.serve, at: .server)
    while pair.step() {}
    try pair.handshake()
    #expect(pair.client.earlyDataEvents() == [.rejected(byteCount: capacity)])
  }

  @Test(arguments: [0, 1_000])
  func `a server that allows less by now rejects the early data of an older ticket`(maximum: Int) throws {
    let ends = try EarlyEnds(maximum: 1_000_000) { _, server in
      server.resumption = .tickets(keys: try TLSTicketKeys(current: [UInt8](repeating: 1, count: 32)))
      server.pausesAtClientHello = true
      server.earlyDataReplayFilter = nil
    }
    var later = ends.server.configuration
    later.maximumEarlyDataByteCount = maximum
    var pair = try ends.pair(try ends.session(), at: TLSContext(later))
    try pair.sendEarly([UInt8](repeating: 5, count: 200_000))
    while pair.step() {}
    try pair.answer(.serve.acceptingEarlyData(true), at: .server)
    try pair.handshake()
    #expect(pair.client.negotiated?.isResumed == true)
    #expect(pair.client.earlyDataEvents() == [.rejected(byteCount: 200_000)])
    #expect(try pair.transfer([9], from: .client) == [9])
  }

  @Test func `as much as the session allows is accepted, and no byte more`() throws {
    let ends = try EarlyEnds(maximum: 40_000)
    var pair = try ends.pair(try ends.session())
    let bytes = [UInt8](repeating: 5, count: 50_000)
    #expect(try pair.writeEarly(bytes[...]) == .done(40_000))
    #expect(try pair.writeEarly(bytes[...]) == .unavailable(.limitReached))
    #expect(try pair.receiveEarly() == Array(bytes.prefix(40_000)))
    try pair.handshake()
    #expect(pair.client.earlyDataEvents() == [.accepted(byteCount: 40_000)])
  }

  @Test(.tags(.law4, .law11)) func `pending output limits early data as it limits ordinary data`() throws {
    let ends = try EarlyEnds(maximum: 100_000)
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 20_000 }
    var pair = try ends.pair(try ends.session(), limits: limits)
    let bytes = [UInt8](repeating: 5, count: 60_000)
    #expect(try pair.client.writeEarly(bytes) == .done(16_367))
    #expect(try pair.client.writeEarly(bytes) == .done(16_367))
    #expect(try pair.client.writeEarly(bytes) == .needsDrain)
    #expect(pair.client.pendingOutputByteCount < 36_000)
  }

  @Test(.tags(.law11)) func `small records of a server that answers early stay within pending output`() throws {
    let ends = try EarlyEnds { _, server in server.records.maximumByteCount = 512 }
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 1 << 20 }
    var pair = try EnginePair(client: ends.client, server: ends.server, limits: limits)
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    _ = try #require(try pair.server.writeEarly([UInt8](repeating: 5, count: 3 << 20)).value)
    #expect(pair.server.pendingOutputByteCount <= (1 << 20) + 16_640)
  }

  @Test(.tags(.law4, .law18), arguments: [512, 16_384])
  func `all that a server's early write accepts arrives`(maximum: Int) throws {
    let ends = try EarlyEnds { _, server in server.records.maximumByteCount = maximum }
    var pair = try EnginePair(client: ends.client, server: ends.server)
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    #expect(try pair.writeEarly(bytes[...], from: .server) == .done(bytes.count))
    #expect(pair.server.pendingOutputByteCount > bytes.count)
    #expect(try pair.receive(at: .client) == bytes)
    try pair.handshake()
  }

  /// Full records too, which libssl's server would take for plaintext that is too long.
  @Test(arguments: [2, 16_384, 40_000])
  func `a HelloRetryRequest rejects early data`(count: Int) throws {
    let ends = try EarlyEnds(maximum: 40_000) { client, server in
      client.groups = [.x25519, .secp256r1]
      server.resumption = .tickets(keys: try TLSTicketKeys(current: [UInt8](repeating: 1, count: 32)))
      server.pausesAtClientHello = true
    }
    let session = try ends.session()
    var other = ends.server.configuration
    other.groups = [.secp256r1]
    var pair = try ends.pair(session, at: try TLSContext(other))
    try pair.sendEarly([UInt8](repeating: 1, count: count))
    while pair.step() {}
    try pair.answer(.serve.acceptingEarlyData(true), at: .server)
    try pair.handshake()
    #expect(pair.client.negotiated?.isResumed == true)
    #expect(pair.client.earlyDataEvents() == [.rejected(byteCount: count)])
    #expect(try pair.transfer([1], from: .client) == [1])
  }

  @Test func `a server that uses TLS 1_2 by now does not understand early data, which the error says`() throws {
    let identity = TestIdentity.server()
    var (client, server) = try EnginePair.configurations(identity: identity)
    client.maximumVersion = .tls13
    server.maximumEarlyDataByteCount = 100
    server.earlyDataReplayFilter = try TLSReplayFilter()
    let first = try TLSContext(server)
    let clientContext = try TLSContext(client)
    var pair = try EnginePair(client: clientContext, server: first)
    try pair.handshake()
    try pair.settle()
    let session = try #require(pair.client.allSessions().last)
    server.maximumEarlyDataByteCount = 0
    server.earlyDataReplayFilter = nil
    server.maximumVersion = .tls12
    var old = try EnginePair(client: clientContext, server: TLSContext(server), session: session, sendsEarlyData: true)
    try old.sendEarly([1])
    while old.step() {}
    let found = old.client.failure
    let failure = try #require(found)
    #expect(failure.code == .earlyDataNotUnderstood, "\(failure)")
    #expect(failure.hint.contains("drop the session"))
  }

  @Test func `a server may answer early data before the client's Finished`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    #expect(try pair.writeEarly([1][...], from: .server) == .needsFeed)
    try pair.sendEarly(Array("question".utf8))
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    #expect(pair.server.negotiated == nil)
    #expect(try pair.writeEarly(Array("answer".utf8)[...], from: .server) == .done(6))
    _ = try pair.feed(pair.drain(from: .server), to: .client)
    #expect(try pair.read(at: .client) == .done(Array("answer".utf8)))
    #expect(try pair.readEarly() == .done(Array("question".utf8)))
    try pair.handshake()
    #expect(try pair.writeEarly([1][...], from: .server) == .unavailable(.over))
    #expect(try pair.transfer([1], from: .server) == [1])
  }

  @Test func `a server may write before the client's Finished without early data too`() throws {
    let ends = try EarlyEnds()
    var pair = try EnginePair(client: ends.client, server: ends.server)
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    #expect(try pair.readEarly() == .endOfEarlyData)
    #expect(try pair.writeEarly([4, 5][...], from: .server) == .done(2))
    try pair.handshake()
    #expect(try pair.receive(at: .client) == [4, 5])
  }

  /// A client that offers early data and sends none of it, because it waits for the server's first word.
  @Test func `a server may write from its first flight on, whether early data has arrived or not`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    #expect(pair.server.needs == [.drain, .feed])
    #expect(try pair.readEarly() == .needsFeed)
    #expect(try pair.writeEarly(Array("hello".utf8)[...], from: .server) == .done(5))
    // Early data that arrives after that is read as before.
    try pair.sendEarly(Array("late".utf8))
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    #expect(try pair.readEarly() == .done(Array("late".utf8)))
    #expect(try pair.writeEarly(Array("!".utf8)[...], from: .server) == .done(1))
    #expect(try pair.receive(at: .client) == Array("hello!".utf8))
    try pair.handshake()
    #expect(pair.client.earlyData == .accepted(byteCount: 4))
    #expect(pair.server.earlyData == .accepted(byteCount: 4))
    #expect(try pair.transfer([1], from: .server) == [1])
    #expect(try pair.transfer([2], from: .client) == [2])
    try pair.shutdown()
  }

  /// libssl would send it as it is: there are no keys before the second ClientHello.
  @Test(arguments: [false, true])
  func `a server that asks for another hello writes nothing before its flight`(isEarly: Bool) throws {
    let ends = try EarlyEnds { client, server in
      client.groups = [.x25519, .secp256r1]
      server.resumption = .tickets(keys: try TLSTicketKeys(current: [UInt8](repeating: 1, count: 32)))
      server.pausesAtClientHello = true
    }
    let session = isEarly ? try ends.session() : nil
    var other = ends.server.configuration
    other.groups = [.secp256r1]
    var pair = try EnginePair(
      client: ends.client, server: try TLSContext(other), session: session, sendsEarlyData: isEarly)
    if isEarly { try pair.sendEarly([1, 2]) }
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    try pair.answer(.serve.acceptingEarlyData(true), at: .server)
    let request = pair.server.pendingOutputByteCount
    #expect(request > 0)
    #expect(try pair.writeEarly([4, 5][...], from: .server) == .needsFeed)
    #expect(pair.server.pendingOutputByteCount == request)
    _ = try pair.feed(pair.drain(from: .server), to: .client)
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    #expect(try pair.writeEarly([4, 5][...], from: .server) == .done(2))
    try pair.handshake()
    #expect(try pair.receive(at: .client) == [4, 5])
    #expect(try pair.transfer([6], from: .server) == [6])
  }

  @Test func `a server writes nothing early to a client that it has to authenticate`() throws {
    let ends = try EarlyEnds { client, server in try EnginePair.authenticateClient(&client, &server) }
    var pair = try EnginePair(client: ends.client, server: ends.server)
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    #expect(try pair.writeEarly([1][...], from: .server) == .unavailable(.clientNotAuthenticated))
    try pair.handshake()
    // The session proves the client.
    var resumed = try ends.pair(try ends.session())
    try resumed.sendEarly([1])
    #expect(try resumed.receiveEarly() == [1])
    #expect(!resumed.server.peerCertificates.isEmpty)
    try resumed.handshake()
  }

  @Test func `early data waits until it is read, also after the handshake`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly([1, 2, 3])
    try pair.handshake()
    #expect(pair.server.needs.contains(.readEarly))
    let isAsleep = pair.hibernate(.server)
    #expect(!isAsleep)
    #expect(try pair.transfer([4], from: .client) == [4])
    #expect(try pair.readEarly(upTo: 2) == .done([1, 2]))
    #expect(try pair.readEarly(upTo: 2) == .done([3]))
    #expect(try pair.readEarly(upTo: 2) == .endOfEarlyData)
    #expect(!pair.server.needs.contains(.readEarly))
  }

  @Test(.tags(.law8)) func `early data before a truncation is delivered before the error`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly([1, 2, 3])
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    try pair.sendEarly([4, 5, 6])
    _ = try pair.feed(Array(pair.drain(from: .client).dropLast()), to: .server)
    pair.feedEOF(to: .server)
    #expect(pair.server.failure?.code == .truncated)
    #expect(try pair.readEarly() == .done([1, 2, 3]))
    #expect(thrownError { _ = try pair.readEarly() }?.code == .truncated)
  }

  @Test func `abandoning the handshake discards early data`() throws {
    let ends = try EarlyEnds()
    var pair = try ends.pair(try ends.session())
    try pair.sendEarly([1])
    _ = try pair.feed(pair.drain(from: .client), to: .server)
    try pair.close(from: .server)
    #expect(thrownError { _ = try pair.readEarly() }?.code == .abandoned)
    #expect(!pair.server.needs.contains(.readEarly))
    try pair.close(from: .client)
    #expect(thrownError { _ = try pair.writeEarly([1][...]) }?.code == .abandoned)
  }

  @Test(.tags(.law11)) func `a server bounds early data by the limit that it names`() throws {
    let ends = try EarlyEnds()
    let session = try ends.session()
    // Records of one byte each: what they cost is bounded by the limits of the handshake.
    let limits = TLSEngine.Limits.with { $0.handshakeInputByteCount = 4_096 }
    var pair = try ends.pair(session, limits: limits)
    for _ in 0..<910 { #expect(try pair.client.writeEarly([1]) == .done(1)) }
    while pair.step() {}
    let found = pair.server.failure
    let failure = try #require(found)
    #expect(failure.code == .limitExceeded)
    #expect(failure.hint.contains("maximumEarlyDataByteCount"))
    #expect(failure.hint.contains("handshakeInputByteCount"))
  }

  @Test(.tags(.law16)) func `a configuration without a decision about replays is refused`() throws {
    var (client, server) = try EnginePair.configurations()
    server.maximumEarlyDataByteCount = 1
    expectRefusal(.missingReplayProtection, .misuse, naming: "earlyDataReplayFilter", "pausesAtClientHello") {
      _ = try TLSContext(server)
    }
    server.earlyDataReplayFilter = try TLSReplayFilter()
    _ = try TLSContext(server)
    server.maximumVersion = .tls12
    expectRefusal(.invalidConfiguration, .misuse, naming: "TLS 1.3") { _ = try TLSContext(server) }
    server.maximumVersion = nil
    server.resumption = .off
    expectRefusal(.invalidConfiguration, .misuse, naming: "resumption") { _ = try TLSContext(server) }
    server.resumption = .tickets()
    server.maximumEarlyDataByteCount = 0
    expectRefusal(.invalidConfiguration, .misuse, naming: "earlyDataReplayFilter") { _ = try TLSContext(server) }
    server.maximumEarlyDataByteCount = 16_777_217
    expectRefusal(.invalidConfiguration, .misuse, naming: "16777217") { _ = try TLSContext(server) }
    client.maximumEarlyDataByteCount = 1
    expectRefusal(.invalidConfiguration, .misuse, naming: "sendsEarlyData") { _ = try TLSContext(client) }
    expectRefusal(.invalidArgument, .misuse, naming: "sendsEarlyData") {
      _ = try TLSEngine(.server, context: EarlyEnds().server, sendsEarlyData: true)
    }
  }
}
