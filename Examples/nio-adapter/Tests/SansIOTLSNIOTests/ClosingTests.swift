import NIOCore
import NIOEmbedded
import SansIOTLS
import SansIOTLSNIO
import Testing

struct ClosingTests {
  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a close is answered, and both sides end cleanly`(version: TLSVersion) throws {
    let pair = try ChannelPair(version: version)
    try pair.handshake()
    pair.client.send("last words".utf8)
    let close = pair.client.close(.all)
    try pair.settle()
    #expect(close.hasSucceeded)
    #expect(pair.client.recorder.events == [.handshake(nil), .inactive])
    #expect(
      pair.server.recorder.history == [.handshake(nil), .data(Array("last words".utf8)), .shutdown, .inactive])
  }

  @Test
  func `repeated close is harmless`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outputs = (0..<3).map { _ in pair.client.close(.output) }
    #expect(outputs.allSatisfy { $0.hasSucceeded })
    #expect(try pair.client.takeSent().count == 1)
    let closes = (0..<3).map { _ in pair.client.close(.all) }
    #expect(try pair.client.takeSent().isEmpty)
    #expect(closes[0].hasSucceeded)
    #expect(closes[1].error as? ChannelError == .alreadyClosed)
    #expect(pair.client.recorder.events == [.handshake(nil), .inactive])
  }

  @Test
  func `half-closure: each side closes independently, and reads until the other does`() throws {
    let pair = try ChannelPair(allowsHalfClosure: true)
    try pair.handshake()
    pair.client.send("question".utf8)
    #expect(pair.client.close(.output).hasSucceeded)
    try pair.settle()
    #expect(pair.server.recorder.history == [.handshake(nil), .data(Array("question".utf8)), .inputClosed])
    #expect(pair.client.send("more".utf8).error as? ChannelError == .outputClosed)
    #expect(pair.server.send("answer".utf8).hasSucceeded)
    try pair.settle()
    #expect(pair.client.recorder.data == Array("answer".utf8))
    #expect(pair.server.close(.output).hasSucceeded)
    try pair.settle()
    #expect(pair.client.recorder.events == [.handshake(nil), .shutdown, .inactive])
    #expect(pair.server.recorder.events == [.handshake(nil), .inputClosed, .shutdown, .inactive])
  }

  @Test
  func `without half-closure the peer's close_notify is answered after flushed data`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.server.channel.isWritable = false
    let flushed = pair.server.send("flushed".utf8)
    let unflushed = Outcome(pair.server.channel.write(ByteBuffer(string: "unflushed")))
    pair.client.close(.output)
    try pair.settle()
    #expect(unflushed.error as? ChannelError == .outputClosed)
    #expect(pair.server.channel.isActive)
    pair.server.channel.isWritable = true
    pair.server.channel.pipeline.fireChannelWritabilityChanged()
    #expect(flushed.hasSucceeded)
    try pair.settle()
    #expect(pair.client.recorder.history == [.handshake(nil), .data(Array("flushed".utf8)), .shutdown, .inactive])
    #expect(pair.server.recorder.events == [.handshake(nil), .shutdown, .inactive])
  }

  @Test
  func `closing the output during the handshake waits for its end`() throws {
    let pair = try ChannelPair(allowsHalfClosure: true)
    pair.client.send("everything".utf8)
    try pair.connect()
    let close = pair.client.close(.output)
    #expect(close.result == nil)
    try pair.settle()
    #expect(close.hasSucceeded)
    #expect(pair.server.recorder.history == [.handshake(nil), .data(Array("everything".utf8)), .inputClosed])
  }

  @Test
  func `the input alone cannot be closed`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    #expect(pair.client.close(.input).error as? ChannelError == .operationUnsupported)
    #expect(pair.client.channel.isActive)
  }

  @Test
  func `both sides may close at once`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.close(.output)
    pair.server.close(.output)
    try pair.settle()
    #expect(pair.client.recorder.events == [.handshake(nil), .shutdown, .inactive])
    #expect(pair.server.recorder.events == [.handshake(nil), .shutdown, .inactive])
  }

  @Test
  func `the transport's end without close_notify is a truncation, reported before the channel is inactive`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.server.send("half a".utf8)
    try pair.settle()
    let write = Outcome(pair.client.channel.write(ByteBuffer(string: "unflushed")))
    try pair.client.lose()
    #expect(
      pair.client.recorder.history
        == [.handshake(nil), .data(Array("half a".utf8)), .failed(.truncated), .inactive])
    #expect((write.error as? TLSError)?.code == .truncated)
    #expect((pair.client.send("late".utf8).error as? TLSError)?.code == .truncated)
  }

  @Test
  func `the transport's half-closure without close_notify is a truncation, and closes the channel`() throws {
    let pair = try ChannelPair(allowsHalfClosure: true)
    try pair.handshake()
    pair.client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    #expect(pair.client.recorder.events == [.handshake(nil), .failed(.truncated), .inactive])
  }

  @Test
  func `the transport's half-closure after close_notify is not reported again`() throws {
    let pair = try ChannelPair(allowsHalfClosure: true)
    try pair.handshake()
    pair.server.close(.output)
    try pair.settle()
    pair.client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    #expect(pair.client.recorder.events == [.handshake(nil), .inputClosed])
    #expect(pair.client.send("still".utf8).hasSucceeded)
  }

  @Test
  func `a channel that does not accept flushed data is closed after a time`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.channel.isWritable = false
    let write = pair.client.send("stuck".utf8)
    let close = pair.client.close(.all)
    #expect(close.result == nil)
    pair.loop.advanceTime(by: .seconds(5))
    #expect(close.hasSucceeded)
    #expect(write.error as? ChannelError == .ioOnClosedChannel)
    #expect(pair.client.recorder.events == [.handshake(nil), .inactive])
  }

  @Test
  func `after the peer's close_notify, the channel is open while the peer accepts flushed data`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let channel = pair.server.channel
    let transport = try pair.server.withTransport()
    channel.isWritable = false
    let write = pair.server.send([UInt8](repeating: 1, count: 200_000))
    pair.client.close(.output)
    try pair.settle()
    pair.loop.advanceTime(by: .seconds(4))
    // The channel accepts one batch.
    transport.onWrite = { [channel] _ in channel.isWritable = false }
    channel.isWritable = true
    channel.pipeline.fireChannelWritabilityChanged()
    pair.loop.advanceTime(by: .seconds(4))
    #expect(channel.isActive)
    channel.pipeline.fireChannelWritabilityChanged()
    pair.loop.advanceTime(by: .seconds(1))
    #expect(write.error as? ChannelError == .ioOnClosedChannel)
    #expect(pair.server.recorder.events == [.handshake(nil), .inactive])
  }

  @Test(arguments: [false, true])
  func `a response to close_notify that cannot be sent in time closes the channel`(isHalfClosure: Bool) throws {
    let pair = try ChannelPair(allowsHalfClosure: isHalfClosure)
    try pair.handshake()
    let transport = try pair.server.withTransport()
    transport.holdsWrites = true
    pair.client.close(.output)
    try pair.settle()
    if isHalfClosure {
      pair.loop.advanceTime(by: .seconds(10))
      pair.server.channel.close(mode: .output, promise: nil)
    }
    pair.loop.advanceTime(by: .seconds(4))
    #expect(pair.server.channel.isActive)
    pair.loop.advanceTime(by: .seconds(1))
    #expect(!pair.server.channel.isActive)
    #expect(pair.server.recorder.entries.last == .inactive)
  }

  @Test
  func `a close after the peer's close_notify has its full time`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.server.channel.isWritable = false
    pair.server.send("stuck".utf8)
    pair.client.close(.output)
    try pair.settle()
    pair.loop.advanceTime(by: .seconds(4))
    let close = pair.server.close(.all)
    pair.loop.advanceTime(by: .seconds(4))
    #expect(close.result == nil)
    pair.loop.advanceTime(by: .seconds(1))
    #expect(close.hasSucceeded)
    #expect(pair.server.recorder.events == [.handshake(nil), .inactive])
  }

  @Test
  func `pending writes fail once and in order`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    var failed: [Int] = []
    for number in 0..<3 {
      pair.client.channel.write(ByteBuffer(string: "x")).assumeIsolated().whenFailure { _ in failed.append(number) }
    }
    pair.client.close(.all)
    try pair.settle()
    #expect(failed == [0, 1, 2])
  }

  @Test
  func `a connection that has ended causes no loop`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.server.close(.all)
    try pair.settle()
    for _ in 0..<3 {
      pair.client.channel.flush()
      pair.client.channel.read()
      pair.client.receive(ByteBuffer(string: "anything"))
      pair.client.channel.pipeline.fireChannelWritabilityChanged()
    }
    #expect(try pair.client.takeSent().isEmpty)
    #expect(pair.client.recorder.events == [.handshake(nil), .shutdown, .inactive])
  }

  @Test(arguments: [CloseMode.output, .all])
  func `every pending close is completed after close_notify was sent`(mode: CloseMode) throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let transport = try pair.client.withTransport()
    transport.holdsWrites = true
    pair.client.channel.close(mode: mode, promise: nil)
    let closes = (0..<3).map { _ in pair.client.close(mode) }
    #expect(closes.allSatisfy { $0.result == nil })
    transport.release()
    #expect(closes.allSatisfy { $0.hasSucceeded })
    #expect(pair.client.channel.isActive == (mode == .output))
  }

  @Test
  func `a pending close completes at the transport's end, which is not a truncation`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let transport = try pair.client.withTransport()
    transport.holdsWrites = true
    let close = pair.client.close(.all)
    #expect(close.result == nil)
    try pair.client.lose()
    #expect(close.hasSucceeded)
    #expect(pair.client.recorder.events == [.handshake(nil), .inactive])
    // No timer is left.
    pair.loop.advanceTime(by: .seconds(10))
    #expect(pair.client.recorder.events == [.handshake(nil), .inactive])
  }

  @Test
  func `the transport's half-closure during the handshake closes the channel and fails a pending close`() throws {
    let pair = try ChannelPair(allowsHalfClosure: true)
    try pair.connect()
    let close = pair.server.close(.output)
    pair.server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    #expect((close.error as? TLSError)?.code == .truncated)
    #expect(pair.server.recorder.events == [.failed(.truncated), .inactive])
  }

  @Test
  func `data in one chunk with close_notify is delivered before the end is reported`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.send("Hello".utf8)
    pair.client.close(.all)
    pair.server.receive(try pair.client.takeSentChunk())
    #expect(pair.server.recorder.history == [.handshake(nil), .data(Array("Hello".utf8)), .shutdown, .inactive])
  }

  @Test
  func `input that is not TLS during a pending close fails the writes once and closes the channel`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.channel.isWritable = false
    let write = pair.client.send("stuck".utf8)
    let close = pair.client.close(.all)
    pair.client.receive(ByteBuffer(string: "this is no record at all"))
    #expect(write.error is TLSError)
    #expect(close.hasSucceeded)
    #expect(pair.client.recorder.events == [.handshake(nil), .failed(.protocolViolation), .inactive])
  }
}
