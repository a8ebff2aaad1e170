import NIOCore
import NIOEmbedded
import SansIOTLS
import SansIOTLSNIO
import Testing

struct UnwrapTests {
  private func unwrap(_ end: ChannelPair.End) -> Outcome {
    Outcome(end.channel.triggerUserOutboundEvent(TLSUnwrap()))
  }

  private func holdsTLS(_ end: ChannelPair.End) -> Bool {
    (try? end.channel.pipeline.syncOperations.context(handler: end.tls)) != nil
  }

  @Test
  func `both unwrap and go on in clear`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.send("sealed".utf8)
    let outcomes = [unwrap(pair.client), unwrap(pair.server)]
    #expect(outcomes.allSatisfy { $0.result == nil })
    try pair.settle()
    #expect(outcomes.allSatisfy { $0.hasSucceeded })
    #expect(!holdsTLS(pair.client))
    #expect(!holdsTLS(pair.server))
    pair.client.send("clear".utf8)
    let sent = try pair.client.takeSent()
    #expect(sent == [ByteBuffer(string: "clear")])
    for buffer in sent { pair.server.receive(buffer) }
    #expect(pair.server.recorder.data == Array("sealedclear".utf8))
    #expect(pair.client.recorder.news == [.handshake(nil)])
  }

  @Test
  func `bytes behind the goodbye are passed on as they are`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outcome = unwrap(pair.client)
    pair.server.close(.output)
    var chunk = try pair.server.takeSentChunk()
    let trailing = [UInt8](repeating: 65, count: 40_000)
    chunk.writeBytes(trailing)
    pair.client.receive(chunk)
    #expect(outcome.hasSucceeded)
    let isComplete = pair.client.recorder.data == trailing
    #expect(isComplete)
  }

  @Test
  func `a peer that closed first is followed`() throws {
    let pair = try ChannelPair(allowsHalfClosure: true)
    try pair.handshake()
    let first = unwrap(pair.client)
    try pair.settle()
    pair.server.receive(ByteBuffer(string: "early"))
    #expect(pair.server.recorder.story == [.handshake(nil), .inputClosed])
    let second = unwrap(pair.server)
    #expect(second.hasSucceeded)
    #expect(pair.server.recorder.data == Array("early".utf8))
    try pair.settle()
    #expect(first.hasSucceeded)
    #expect(pair.client.channel.isActive)
    #expect(pair.server.channel.isActive)
  }

  @Test
  func `bytes behind the goodbye are dropped by a handler that does not unwrap`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.server.close(.output)
    var chunk = try pair.server.takeSentChunk()
    chunk.writeString("in clear")
    pair.client.receive(chunk)
    #expect(pair.client.recorder.story == [.handshake(nil), .shutdown, .inactive])
  }

  @Test
  func `what was not flushed fails when TLS is unwrapped`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let write = Outcome(pair.client.channel.write(ByteBuffer(string: "unflushed")))
    _ = unwrap(pair.client)
    #expect(write.error as? ChannelError == .outputClosed)
    #expect(pair.client.send("later".utf8).error as? ChannelError == .outputClosed)
  }

  @Test
  func `the transport's end instead of the peer's goodbye fails the unwrapping`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outcome = unwrap(pair.client)
    try pair.client.lose()
    #expect((outcome.error as? TLSError)?.code == .truncated)
    #expect(pair.client.recorder.news == [.handshake(nil), .failed(.truncated), .inactive])
  }

  @Test
  func `gibberish instead of the peer's goodbye fails the unwrapping`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outcome = unwrap(pair.client)
    pair.client.receive(ByteBuffer(string: "this is no record at all"))
    #expect(outcome.error is TLSError)
    #expect(pair.client.recorder.news.count == 3)
    #expect(!pair.client.channel.isActive)
  }

  @Test
  func `a handler that is removed unwraps first`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let removals = [pair.client, pair.server].map {
      Outcome($0.channel.pipeline.syncOperations.removeHandler($0.tls))
    }
    #expect(removals.allSatisfy { $0.result == nil })
    try pair.settle()
    #expect(removals.allSatisfy { $0.hasSucceeded })
    #expect(!holdsTLS(pair.client))
    pair.server.send("clear".utf8)
    try pair.settle()
    #expect(pair.client.recorder.data == Array("clear".utf8))
  }

  @Test
  func `a handler that has not begun is removed at once`() throws {
    let pair = try ChannelPair()
    let removal = Outcome(pair.client.channel.pipeline.syncOperations.removeHandler(pair.client.tls))
    #expect(removal.hasSucceeded)
  }

  @Test
  func `whoever unwraps again is told too`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.channel.triggerUserOutboundEvent(TLSUnwrap(), promise: nil)
    let outcomes = [unwrap(pair.client), unwrap(pair.client)]
    #expect(try pair.client.takeSent().count == 1)
    pair.server.close(.output)
    try pair.settle()
    #expect(outcomes.allSatisfy { $0.hasSucceeded })
  }

  @Test
  func `a close fails the unwrapping, and after it there is nothing to unwrap`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outcome = unwrap(pair.client)
    let close = pair.client.close(.all)
    #expect(outcome.error as? ChannelError == .ioOnClosedChannel)
    #expect(close.hasSucceeded)
    #expect(unwrap(pair.client).error as? ChannelError == .ioOnClosedChannel)
    #expect(pair.client.recorder.news == [.handshake(nil), .inactive])
  }

  @Test
  func `unwrapping in mid-handshake waits for its end`() throws {
    let pair = try ChannelPair()
    try pair.connect()
    let outcome = unwrap(pair.client)
    #expect(outcome.result == nil)
    try pair.settle()
    #expect(outcome.hasSucceeded)
    #expect(!holdsTLS(pair.client))
    #expect(pair.server.recorder.news == [.handshake(nil), .shutdown, .inactive])
  }

  @Test
  func `what has not begun is unwrapped at once, and nothing that was meant for TLS leaves in clear`() throws {
    let pair = try ChannelPair()
    let write = pair.client.send("sealed".utf8)
    #expect(unwrap(pair.client).hasSucceeded)
    #expect(!holdsTLS(pair.client))
    #expect(write.error as? ChannelError == .ioOnClosedChannel)
    try pair.connect()
    #expect(try pair.client.takeSent().isEmpty)
  }

  @Test
  func `a removal that waits ends with the connection`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let promise = pair.loop.makePromise(of: Void.self)
    // A promise that nobody keeps would end the process.
    defer { promise.fail(ChannelError.eof) }
    let removal = Outcome(promise.futureResult)
    pair.client.channel.pipeline.syncOperations.removeHandler(pair.client.tls, promise: promise)
    try pair.client.lose()
    pair.loop.run()
    #expect(removal.hasSucceeded)
  }

  @Test
  func `an application that removes the handler when TLS is over gets the bytes behind it`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let (channel, tls) = (pair.client.channel, pair.client.tls)
    channel.triggerUserOutboundEvent(TLSUnwrap()).assumeIsolated().whenSuccess { _ in
      channel.pipeline.syncOperations.removeHandler(tls, promise: nil)
    }
    pair.server.close(.output)
    var chunk = try pair.server.takeSentChunk()
    chunk.writeString("in clear")
    pair.client.receive(chunk)
    #expect(pair.client.recorder.data == Array("in clear".utf8))
    #expect(!holdsTLS(pair.client))
  }

  @Test
  func `a goodbye that could not be sent is no clean end`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let transport = try pair.client.withTransport()
    transport.holdsWrites = true
    let outcome = unwrap(pair.client)
    pair.server.close(.output)
    pair.client.receive(try pair.server.takeSentChunk())
    #expect(outcome.result == nil)
    transport.lose()
    #expect(outcome.error != nil)
    #expect(pair.client.recorder.news == [.handshake(nil), .inactive])
  }

  @Test
  func `a peer that is silent fails the unwrapping after a time`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outcome = unwrap(pair.client)
    pair.loop.advanceTime(by: .seconds(4))
    pair.server.send("not done yet".utf8)
    pair.client.receive(try pair.server.takeSentChunk())
    pair.loop.advanceTime(by: .seconds(4))
    #expect(outcome.result == nil)
    pair.loop.advanceTime(by: .seconds(1))
    #expect(outcome.error is TLSUnwrap.TimedOut)
    #expect(pair.client.recorder.news == [.handshake(nil), .inactive])
  }

  @Test
  func `an unwrapping that came to its end leaves no timer behind`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outcomes = [unwrap(pair.client), unwrap(pair.server)]
    try pair.settle()
    pair.loop.advanceTime(by: .seconds(10))
    #expect(outcomes.allSatisfy { $0.hasSucceeded })
    #expect(pair.client.channel.isActive && pair.server.channel.isActive)
  }

  @Test
  func `the peer's goodbye is read for, also where the application reads nothing`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let reads = ReadCounter()
    try pair.client.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    _ = unwrap(pair.client)
    #expect(reads.count == 1)
  }
}
