import NIOCore
import NIOEmbedded
import SansIOTLS
import SansIOTLSNIO
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Data before the handshake is done, in both directions.
struct EarlyDataTests {
  private static func reason(_ outcome: Outcome) -> TLSEarlyDataObstacle? {
    (outcome.error as? TLSEarlyWrite.Unavailable)?.reason
  }

  // MARK: A client

  @Test
  func `early data leaves with the ClientHello and arrives as an event of its own`() throws {
    let pair = try EarlyEnds().pair()
    var early: Outcome?
    pair.client.recorder.onActive = { _ in early = pair.client.sendEarly("early".utf8) }
    let late = pair.client.send("late".utf8)
    try pair.connect()
    pair.server.receive(try pair.client.takeSentChunk())
    #expect(early?.hasSucceeded == true)
    #expect(late.result == nil)
    #expect(pair.server.recorder.history == [.early(Array("early".utf8))])
    #expect(pair.client.tls.withEngine { $0.earlyData } == nil)
    try pair.settle()
    #expect(
      pair.server.recorder.history == [.early(Array("early".utf8)), .handshake(nil), .data(Array("late".utf8))])
    #expect(pair.client.recorder.history == [.handshake(nil), .earlyData(.accepted(byteCount: 5))])
    #expect(pair.client.tls.withEngine { $0.earlyData } == .accepted(byteCount: 5))
    #expect(late.hasSucceeded)
  }

  @Test
  func `an early write waits for the channel, and more may follow until the server answers`() throws {
    let pair = try EarlyEnds().pair()
    let first = pair.client.sendEarly("a".utf8)
    #expect(first.result == nil)
    try pair.connect()
    #expect(first.hasSucceeded)
    #expect(pair.client.sendEarly("b".utf8).hasSucceeded)
    pair.server.receive(try pair.client.takeSentChunk())
    #expect(pair.client.sendEarly("c".utf8).hasSucceeded)
    try pair.settle()
    #expect(pair.server.recorder.early == Array("abc".utf8))
    #expect(Self.reason(pair.client.sendEarly("d".utf8)) == .over)
    try pair.settle()
    #expect(pair.server.recorder.early == Array("abc".utf8))
    #expect(pair.client.recorder.events.last == .earlyData(.accepted(byteCount: 3)))
  }

  @Test
  func `a write is never sent early`() throws {
    let pair = try EarlyEnds().pair()
    pair.client.send("late".utf8)
    try pair.handshake()
    #expect(pair.server.recorder.history == [.handshake(nil), .data(Array("late".utf8))])
  }

  @Test
  func `what is rejected is counted and not sent again, and other writes follow`() throws {
    let ends = try EarlyEnds.asking()
    let pair = try ends.pair()
    let early = pair.client.sendEarly([UInt8](repeating: 7, count: 5_000))
    pair.client.recorder.onEarlyData = { context in
      context.writeAndFlush(NIOAny(ByteBuffer(string: "again")), promise: nil)
    }
    try pair.handshake()
    #expect(early.hasSucceeded)
    #expect(pair.client.tls.negotiated?.isResumed == true)
    #expect(pair.client.recorder.events == [.handshake(nil), .earlyData(.rejected(byteCount: 5_000))])
    #expect(pair.server.recorder.history == [.handshake(nil), .data(Array("again".utf8))])
  }

  @Test
  func `without a session, or if the handler was not created for it, nothing is sent early`() throws {
    let ends = try EarlyEnds()
    for (session, sends, expected) in [
      (nil, true, TLSEarlyDataObstacle.noSession), (try ends.session(), false, .notRequested),
    ] {
      let client = try TLSClientHandler(
        context: ends.client, serverName: .dns("localhost"), session: session, sendsEarlyData: sends)
      #expect(client.earlyDataCapacity == 0)
      let pair = try ChannelPair(client: client, server: TLSServerHandler(context: ends.server))
      let early = pair.client.sendEarly("early".utf8)
      try pair.handshake()
      #expect(Self.reason(early) == expected)
      #expect(pair.client.recorder.events == [.handshake(nil)])
      #expect(pair.server.recorder.history == [.handshake(nil)])
    }
  }

  @Test
  func `an early write is sent as a whole or not at all`() throws {
    let ends = try EarlyEnds(maximum: 40_000)
    let client = try TLSClientHandler(
      context: ends.client, serverName: .dns("localhost"), session: ends.session(), sendsEarlyData: true)
    let pair = try ChannelPair(client: client, server: TLSServerHandler(context: ends.server))
    let early = [40_001, 39_990, 11, 10, 0].map { pair.client.sendEarly([UInt8](repeating: 3, count: $0)) }
    #expect(client.earlyDataCapacity == 40_000)
    try pair.handshake()
    #expect(Self.reason(early[0]) == .limitReached)
    #expect(early[1].hasSucceeded)
    #expect(Self.reason(early[2]) == .limitReached)
    #expect(early[3].hasSucceeded)
    #expect(early[4].hasSucceeded)
    #expect(pair.server.recorder.early.count == 40_000)
    #expect(pair.client.recorder.events.last == .earlyData(.accepted(byteCount: 40_000)))
  }

  @Test
  func `a handler with a cache sends early data`() throws {
    let ends = try EarlyEnds()
    let sessions = TLSSessionCache()
    for expected in [nil, TLSEarlyDataOutcome.accepted(byteCount: 1)] {
      let pair = try ChannelPair(
        client: TLSClientHandler(
          context: ends.client, serverName: .dns("localhost"), sessions: sessions, sendsEarlyData: true),
        server: TLSServerHandler(context: ends.server))
      let early = pair.client.sendEarly([1])
      try pair.handshake()
      #expect(early.hasSucceeded == (expected != nil))
      #expect(pair.client.tls.withEngine { $0.earlyData } == expected)
    }
  }

  @Test
  func `a server of TLS 1.2 fails the connection, and its session leaves the cache`() throws {
    let keys = try TLSTicketKeys(current: [UInt8](repeating: 1, count: 32))
    let ends = try EarlyEnds { client, server in
      client.minimumVersion = .tls12
      server.resumption = .tickets(keys: keys)
    }
    let sessions = TLSSessionCache()
    sessions.store(try ends.session(), for: .dns("localhost"), context: ends.client)
    var old = try EnginePair.configurations(version: .tls12).server
    old.identities = ends.server.configuration.identities
    let pair = try ChannelPair(
      client: TLSClientHandler(
        context: ends.client, serverName: .dns("localhost"), sessions: sessions, sendsEarlyData: true),
      server: TLSServerHandler(context: TLSContext(old)))
    // The first one was handed out.
    sessions.store(try ends.session(), for: .dns("localhost"), context: ends.client)
    let early = pair.client.sendEarly([1])
    try pair.handshake()
    #expect(early.hasSucceeded)
    #expect(pair.client.recorder.events == [.failed(.earlyDataNotUnderstood), .inactive])
    #expect(sessions.count == 0)
  }

  // MARK: A server

  @Test
  func `a copy of the flight is rejected by the filter`() throws {
    let ends = try EarlyEnds()
    let pair = try ends.pair()
    pair.client.sendEarly("pay".utf8)
    try pair.connect()
    let flight = try pair.client.takeSentChunk()
    let replayed = try ChannelPair.End(TLSServerHandler(context: ends.server), loop: pair.loop)
    defer { replayed.finish() }
    replayed.channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    pair.server.receive(flight)
    replayed.receive(flight)
    #expect(pair.server.recorder.early == Array("pay".utf8))
    #expect(replayed.recorder.entries.isEmpty)
  }

  @Test(arguments: [true, false])
  func `the answer to the ClientHello decides about early data, also later`(accepts: Bool) throws {
    let ends = try EarlyEnds.asking()
    var token: [UInt8]?
    var promise: EventLoopPromise<TLSEngine.ClientHello.Answer>?
    let pair = try ends.pair(
      delegate: Answers(clientHello: { hello, eventLoop in
        token = hello.earlyDataToken
        let later = eventLoop.makePromise(of: TLSEngine.ClientHello.Answer.self)
        promise = later
        return later.futureResult
      }))
    pair.client.sendEarly("early".utf8)
    try pair.handshake()
    #expect(token?.count == 32)
    #expect(pair.server.recorder.entries.isEmpty)
    promise?.succeed(.serve.acceptingEarlyData(accepts))
    try pair.settle()
    #expect(pair.server.recorder.early == (accepts ? Array("early".utf8) : []))
    #expect(
      pair.client.recorder.events.last
        == .earlyData(accepts ? .accepted(byteCount: 5) : .rejected(byteCount: 5)))
  }

  @Test
  func `early data is delivered after the answer about the client's certificates`() throws {
    let alice = TestIdentity.client("Alice")
    let identity = try alice.identity
    let ends = try EarlyEnds { client, server in
      client.identities = [identity]
      server.trustRoots = [alice.trust]
      server.clientAuthentication = .required
      server.pausesAtPeerCertificates = true
    }
    let later = DeferredAnswer()
    let pair = try ends.pair(delegate: later)
    pair.client.sendEarly("early".utf8)
    try pair.handshake()
    #expect(later.asked == 1)
    #expect(pair.server.recorder.entries.isEmpty)
    later.succeed()
    try pair.settle()
    #expect(pair.server.recorder.history == [.early(Array("early".utf8)), .handshake(nil)])
    #expect(pair.client.recorder.events.last == .earlyData(.accepted(byteCount: 5)))
  }

  @Test
  func `a server answers early data before the handshake is done`() throws {
    let pair = try EarlyEnds().pair()
    var answer: Outcome?
    pair.server.recorder.onEarly = { _ in answer = pair.server.sendEarly("answer".utf8) }
    pair.client.sendEarly("request".utf8)
    try pair.connect()
    pair.server.receive(try pair.client.takeSentChunk())
    #expect(answer?.hasSucceeded == true)
    pair.client.receive(try pair.server.takeSentChunk())
    #expect(
      pair.client.recorder.entries == [
        .handshake(nil), .earlyData(.accepted(byteCount: 7)), .data(Array("answer".utf8)),
      ])
    #expect(pair.server.recorder.events == [.early(Array("request".utf8))])
    #expect(pair.server.tls.negotiated == nil)
    try pair.settle()
    #expect(pair.server.recorder.events.last == .handshake(nil))
    #expect(Self.reason(pair.server.sendEarly("late".utf8)) == .over)
  }

  @Test
  func `a server that speaks first waits for the ClientHello, and not for the handshake`() throws {
    let ends = try EarlyEnds()
    let pair = try ChannelPair(
      client: TLSClientHandler(context: ends.client, serverName: .dns("localhost")),
      server: TLSServerHandler(context: ends.server))
    let greeting = pair.server.sendEarly("220 ready".utf8)
    pair.server.send("after".utf8)
    try pair.connect()
    #expect(greeting.result == nil)
    #expect(try pair.server.takeSent().isEmpty)
    pair.server.receive(try pair.client.takeSentChunk())
    #expect(greeting.hasSucceeded)
    pair.client.receive(try pair.server.takeSentChunk())
    #expect(pair.client.recorder.entries == [.handshake(nil), .data(Array("220 ready".utf8))])
    #expect(pair.server.recorder.entries.isEmpty)
    try pair.settle()
    #expect(pair.client.recorder.data == Array("220 readyafter".utf8))
  }

  @Test
  func `a server without early data, or with a client to authenticate, writes nothing early`() throws {
    let alice = TestIdentity.client("Alice")
    let identity = try alice.identity
    let cases: [(EarlyEnds, TLSEarlyDataObstacle)] = [
      (try EarlyEnds(maximum: 0), .notRequested),
      (
        try EarlyEnds { client, server in
          client.identities = [identity]
          server.trustRoots = [alice.trust]
          server.clientAuthentication = .required
        }, .clientNotAuthenticated
      ),
    ]
    for (ends, expected) in cases {
      let pair = try ChannelPair(
        client: TLSClientHandler(context: ends.client, serverName: .dns("localhost")),
        server: TLSServerHandler(context: ends.server))
      let early = pair.server.sendEarly("early".utf8)
      try pair.handshake()
      #expect(Self.reason(early) == expected)
      #expect(pair.client.recorder.history == [.handshake(nil)])
    }
  }

  @Test
  func `early data comes as it arrives, without a read, and as much as was announced`() throws {
    let pair = try EarlyEnds(maximum: 20_000).pair()
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0) }
    pair.client.sendEarly(bytes)
    try pair.connect()
    for byte in try pair.client.takeSentChunk().readableBytesView { pair.server.receive(ByteBuffer(bytes: [byte])) }
    #expect(pair.server.recorder.early == bytes)
    #expect(pair.server.recorder.events.count == 2)
    try pair.settle()
    #expect(pair.server.recorder.events.last == .handshake(nil))
    #expect(pair.server.recorder.reads == 0)
  }

  @Test
  func `early data, the handshake and data in one chunk keep their order`() throws {
    let pair = try EarlyEnds().pair()
    pair.client.sendEarly("early".utf8)
    pair.client.send("late".utf8)
    let log = try pair.server.withCallLog()
    try pair.connect()
    let first = try pair.client.takeSentChunk()
    // Of the first flight the server needs the ClientHello for its answer.
    let hello = 5 + Int(first.getInteger(at: 3, as: UInt16.self) ?? 0)
    pair.server.receive(try #require(first.getSlice(at: 0, length: hello)))
    pair.client.receive(try pair.server.takeSentChunk())
    var rest = try #require(first.getSlice(at: hello, length: first.readableBytes - hello))
    var second = try pair.client.takeSentChunk()
    rest.writeBuffer(&second)
    pair.server.receive(rest)
    #expect(
      pair.server.recorder.history == [.early(Array("early".utf8)), .handshake(nil), .data(Array("late".utf8))])
    #expect(log.calls == ["active", "event", "event", "read", "readComplete"])
  }

  @Test
  func `the end of a read follows early data`() throws {
    let pair = try EarlyEnds().pair()
    let log = try pair.server.withCallLog()
    pair.client.sendEarly("early".utf8)
    try pair.connect()
    pair.server.receive(try pair.client.takeSentChunk())
    #expect(log.calls == ["active", "event", "readComplete"])
  }

  // MARK: Ends

  @Test
  func `early data is delivered before the failure after it`() throws {
    let pair = try EarlyEnds().pair()
    pair.client.sendEarly("early".utf8)
    try pair.connect()
    var chunk = try pair.client.takeSentChunk()
    chunk.writeBytes([23, 3, 3, 0, 32] + [UInt8](repeating: 0, count: 32))
    pair.server.receive(chunk)
    #expect(pair.server.recorder.events.first == .early(Array("early".utf8)))
    guard case .failed = pair.server.recorder.events.dropFirst().first else {
      Issue.record("\(pair.server.recorder.events)")
      return
    }
    #expect(pair.server.recorder.events.last == .inactive)
    #expect((pair.server.sendEarly([1]).error as? TLSError) != nil)
  }

  @Test
  func `early data before the transport's end is delivered, then the truncation`() throws {
    let pair = try EarlyEnds().pair()
    pair.client.sendEarly("early".utf8)
    try pair.connect()
    pair.server.receive(try pair.client.takeSentChunk())
    try pair.server.lose()
    #expect(pair.server.recorder.events == [.early(Array("early".utf8)), .failed(.truncated), .inactive])
  }

  @Test
  func `a close fails early writes that wait, and ends those that come later`() throws {
    let ends = try EarlyEnds()
    let pair = try ends.pair()
    let waiting = pair.client.sendEarly("never".utf8)
    let close = pair.client.close(.all)
    #expect(close.result != nil)
    #expect(waiting.error as? ChannelError == .ioOnClosedChannel)
    #expect(pair.client.sendEarly("never".utf8).error as? ChannelError == .ioOnClosedChannel)

    let other = try ends.pair()
    try other.connect()
    other.client.close(.output)
    #expect(other.client.sendEarly("never".utf8).error as? ChannelError == .outputClosed)
    let greeting = other.server.sendEarly("waits".utf8)
    try other.server.lose()
    #expect((greeting.error as? TLSError)?.code == .truncated)
  }

  @Test
  func `a server may close the channel when it sees early data`() throws {
    let pair = try EarlyEnds().pair()
    pair.server.recorder.onEarly = { $0.close(promise: nil) }
    pair.client.sendEarly("early".utf8)
    pair.client.send("late".utf8)
    try pair.handshake()
    #expect(pair.server.recorder.history == [.early(Array("early".utf8)), .inactive])
    #expect(!pair.server.channel.isActive)
  }

  @Test
  func `an application may pass early data on as data`() throws {
    let pair = try EarlyEnds().pair()
    try pair.server.channel.pipeline.syncOperations.addHandler(EarlyDataAsData(), position: .after(pair.server.tls))
    pair.client.sendEarly("early".utf8)
    pair.client.send("late".utf8)
    try pair.handshake()
    #expect(pair.server.recorder.data == Array("earlylate".utf8))
  }

  @Test
  func `without a handler of TLS an early write sends nothing`() throws {
    let channel = EmbeddedChannel()
    let early = Outcome(channel.triggerUserOutboundEvent(TLSEarlyWrite(ByteBuffer(string: "early"))))
    #expect(early.error as? ChannelError == .operationUnsupported)
    #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    _ = try channel.finish()
  }
}

/// The handler of the documentation of `TLSEarlyData`.
private final class EarlyDataAsData: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let early = event as? TLSEarlyData else { return context.fireUserInboundEventTriggered(event) }
    context.fireChannelRead(NIOAny(early.bytes))
  }
}
