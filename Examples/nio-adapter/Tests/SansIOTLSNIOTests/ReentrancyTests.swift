import NIOCore
import NIOEmbedded
import SansIOTLS
import SansIOTLSNIO
import Testing

/// Calls from the application, and failures of the transport, within a call of the handler.
struct ReentrancyTests {
  @Test
  func `the transport's end from within a read is reported after the data before it`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.send("first ".utf8)
    let first = try pair.client.takeSentChunk()
    pair.client.send("last".utf8)
    let last = try pair.client.takeSentChunk()
    let log = try pair.server.withCallLog()
    // As NIO does if a write fails: it reads the remaining bytes, then closes, within the flush.
    pair.server.recorder.onData = { [server = pair.server] _ in
      server.receive(last)
      try? server.lose()
    }
    pair.server.receive(first)
    #expect(pair.server.recorder.data == Array("first last".utf8))
    #expect(pair.server.recorder.events == [.handshake(nil), .failed(.truncated), .inactive])
    #expect(log.calls.suffix(3) == ["readComplete", "inactive", "unregistered"])
  }

  @Test
  func `the transport's end from within the handshake's event is a truncation`() throws {
    let pair = try ChannelPair()
    pair.client.recorder.onHandshake = { [tls = pair.client.tls] context in
      try? context.pipeline.syncOperations.context(handler: tls).close(promise: nil)
    }
    try pair.handshake()
    #expect(pair.client.recorder.events == [.handshake(nil), .failed(.truncated), .inactive])
  }

  @Test
  func `a transport that fails during the last flight: nothing is reported after the channel's end`() throws {
    let pair = try ChannelPair()
    try pair.connect()
    let transport = try pair.client.withTransport()
    transport.holdsWrites = true
    transport.onWrite = { [transport] _ in transport.lose() }
    try pair.settle()
    #expect(pair.client.recorder.entries.last == .inactive)
  }

  @Test
  func `a failure whose alert cannot be sent is reported before the channel is inactive`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let transport = try pair.server.withTransport()
    transport.holdsWrites = true
    transport.onFlush = { [transport] _ in transport.lose() }
    pair.server.receive(ByteBuffer(string: "this is no record at all"))
    #expect(pair.server.recorder.events == [.handshake(nil), .failed(.protocolViolation), .inactive])
  }

  @Test
  func `an application that closes at a ticket receives nothing more`() throws {
    let pair = try ChannelPair(version: .tls13) { _, server in server.resumption = .tickets(count: 2) }
    pair.client.recorder.onTicket = { $0.close(promise: nil) }
    try pair.handshake()
    #expect(pair.client.recorder.entries == [.handshake(nil), .ticket, .inactive])
  }

  @Test
  func `an application that closes from within a read receives no more data`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.send([UInt8](repeating: 1, count: 500_000))
    let chunk = try pair.client.takeSentChunk()
    pair.server.recorder.onData = { $0.close(promise: nil) }
    pair.server.receive(chunk)
    #expect(pair.server.recorder.reads == 1)
    #expect(pair.server.recorder.events == [.handshake(nil), .inactive])
  }

  @Test
  func `a handler that is removed at an error still closes the channel`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.server.recorder.onError = { [tls = pair.server.tls] context in
      context.pipeline.syncOperations.removeHandler(tls, promise: nil)
    }
    pair.server.receive(ByteBuffer(string: "this is no record at all"))
    pair.loop.run()
    #expect(!pair.server.channel.isActive)
    pair.server.receive(ByteBuffer(string: "plaintext"))
    #expect(pair.server.recorder.data.isEmpty)
  }

  @Test
  func `a handler that is removed at a truncation reports the channel's end first`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let log = try pair.server.withCallLog()
    var removal: Outcome?
    pair.server.recorder.onError = { [tls = pair.server.tls] context in
      removal = Outcome(context.pipeline.syncOperations.removeHandler(tls))
    }
    try pair.server.lose()
    #expect(pair.server.recorder.events == [.handshake(nil), .failed(.truncated), .inactive])
    #expect(log.calls == ["inactive", "unregistered"])
    #expect(removal?.hasSucceeded == true)
  }

  @Test
  func `a handler that is removed at an error, after the transport's end, reports the end first`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.send("last".utf8)
    var chunk = try pair.client.takeSentChunk()
    chunk.writeString("this is no record at all")
    let log = try pair.server.withCallLog()
    pair.server.recorder.onData = { [server = pair.server] _ in try? server.lose() }
    pair.server.recorder.onError = { [tls = pair.server.tls] context in
      context.pipeline.syncOperations.removeHandler(tls, promise: nil)
    }
    pair.server.receive(chunk)
    #expect(
      pair.server.recorder.history
        == [.handshake(nil), .data(Array("last".utf8)), .failed(.protocolViolation), .inactive])
    #expect(log.calls.prefix(4) == ["read", "readComplete", "inactive", "unregistered"])
  }

  @Test(arguments: [false, true], [false, true])
  func `a channel that is closed after an unwrap reports its end once, after the received bytes`(
    isCloseNotifyHeld: Bool, closesAtData: Bool
  ) throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let transport = try pair.client.withTransport()
    transport.holdsWrites = isCloseNotifyHeld
    let log = try pair.client.withCallLog()
    let channel = pair.client.channel
    let unwrapping = channel.triggerUserOutboundEvent(TLSUnwrap())
    if closesAtData {
      pair.client.recorder.onData = { $0.close(promise: nil) }
    } else {
      unwrapping.assumeIsolated().whenSuccess { channel.close(promise: nil) }
    }
    pair.server.close(.output)
    var chunk = try pair.server.takeSentChunk()
    chunk.writeString("plaintext")
    channel.pipeline.fireChannelRead(chunk)
    if isCloseNotifyHeld { transport.release() }
    #expect(pair.client.recorder.data == Array("plaintext".utf8))
    #expect(log.calls == ["read", "readComplete", "inactive", "unregistered"])
  }

  @Test
  func `a write from the failure of a write fails too`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let channel = pair.client.channel
    var second: Outcome?
    channel.write(ByteBuffer(string: "first")).assumeIsolated().whenFailure { _ in
      second = Outcome(channel.writeAndFlush(ByteBuffer(string: "second")))
    }
    try pair.client.lose()
    #expect((second?.error as? TLSError)?.code == .truncated)
  }

  @Test(arguments: [false, true], [false, true])
  func `an application that flushes and closes at an error causes no loop`(
    isHalfClosure: Bool, closes: Bool
  ) throws {
    let pair = try ChannelPair(allowsHalfClosure: isHalfClosure)
    pair.server.recorder.onError = { context in
      context.flush()
      if closes { context.close(promise: nil) }
    }
    try pair.connect()
    let write = pair.server.send("pending".utf8)
    if isHalfClosure {
      pair.server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    } else {
      try pair.server.lose()
    }
    pair.loop.run()
    #expect((write.error as? TLSError)?.code == .truncated)
    #expect(pair.server.recorder.events == [.failed(.truncated), .inactive])
  }

  @Test
  func `a channel that is inactive before it was active sends nothing`() throws {
    let pair = try ChannelPair()
    var write: Outcome?
    pair.client.recorder.onActive = { context in
      write = Outcome(context.writeAndFlush(NIOAny(ByteBuffer(string: "too late"))))
    }
    pair.client.channel.pipeline.fireChannelInactive()
    pair.client.channel.pipeline.fireChannelActive()
    #expect(try pair.client.takeSent().isEmpty)
    #expect(write?.error as? ChannelError == .ioOnClosedChannel)
  }

  @Test
  func `a write and a close at channelActive are sent after the handshake`() throws {
    let pair = try ChannelPair(allowsHalfClosure: true)
    var close: Outcome?
    pair.client.recorder.onActive = { context in
      context.writeAndFlush(NIOAny(ByteBuffer(string: "everything")), promise: nil)
      let promise = context.eventLoop.makePromise(of: Void.self)
      close = Outcome(promise.futureResult)
      context.close(mode: .output, promise: promise)
    }
    try pair.handshake()
    #expect(close?.hasSucceeded == true)
    #expect(pair.server.recorder.history == [.handshake(nil), .data(Array("everything".utf8)), .inputClosed])
  }

  @Test
  func `a handler is released with its channel`() throws {
    weak var client: TLSHandler?
    weak var server: TLSHandler?
    do {
      let pair = try ChannelPair()
      try pair.handshake()
      (client, server) = (pair.client.tls, pair.server.tls)
      pair.client.close(.all)
      try pair.settle()
    }
    #expect(client == nil)
    #expect(server == nil)
  }
}
