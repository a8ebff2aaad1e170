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
  func `both sides unwrap and continue in plaintext`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.send("encrypted".utf8)
    let outcomes = [unwrap(pair.client), unwrap(pair.server)]
    #expect(outcomes.allSatisfy { $0.result == nil })
    try pair.settle()
    #expect(outcomes.allSatisfy { $0.hasSucceeded })
    #expect(!holdsTLS(pair.client))
    #expect(!holdsTLS(pair.server))
    pair.client.send("plain".utf8)
    let sent = try pair.client.takeSent()
    #expect(sent == [ByteBuffer(string: "plain")])
    for buffer in sent { pair.server.receive(buffer) }
    #expect(pair.server.recorder.data == Array("encryptedplain".utf8))
    #expect(pair.client.recorder.events == [.handshake(nil)])
  }

  @Test
  func `bytes after close_notify are delivered unchanged`() throws {
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
  func `a side may unwrap after its peer has closed`() throws {
    let pair = try ChannelPair(allowsHalfClosure: true)
    try pair.handshake()
    let first = unwrap(pair.client)
    try pair.settle()
    pair.server.receive(ByteBuffer(string: "early"))
    #expect(pair.server.recorder.history == [.handshake(nil), .inputClosed])
    let second = unwrap(pair.server)
    #expect(second.hasSucceeded)
    #expect(pair.server.recorder.data == Array("early".utf8))
    try pair.settle()
    #expect(first.hasSucceeded)
    #expect(pair.client.channel.isActive)
    #expect(pair.server.channel.isActive)
  }

  @Test
  func `bytes after close_notify are dropped without an unwrap`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.server.close(.output)
    var chunk = try pair.server.takeSentChunk()
    chunk.writeString("plaintext")
    pair.client.receive(chunk)
    #expect(pair.client.recorder.history == [.handshake(nil), .shutdown, .inactive])
  }

  @Test
  func `unflushed writes fail at an unwrap`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let write = Outcome(pair.client.channel.write(ByteBuffer(string: "unflushed")))
    _ = unwrap(pair.client)
    #expect(write.error as? ChannelError == .outputClosed)
    #expect(pair.client.send("later".utf8).error as? ChannelError == .outputClosed)
  }

  @Test
  func `the transport's end before close_notify fails the unwrap`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outcome = unwrap(pair.client)
    try pair.client.lose()
    #expect((outcome.error as? TLSError)?.code == .truncated)
    #expect(pair.client.recorder.events == [.handshake(nil), .failed(.truncated), .inactive])
  }

  @Test
  func `input that is not TLS instead of close_notify fails the unwrap`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outcome = unwrap(pair.client)
    pair.client.receive(ByteBuffer(string: "this is no record at all"))
    #expect(outcome.error is TLSError)
    #expect(pair.client.recorder.events.count == 3)
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
    pair.server.send("plain".utf8)
    try pair.settle()
    #expect(pair.client.recorder.data == Array("plain".utf8))
  }

  @Test
  func `a handler that has not started is removed at once`() throws {
    let pair = try ChannelPair()
    let removal = Outcome(pair.client.channel.pipeline.syncOperations.removeHandler(pair.client.tls))
    #expect(removal.hasSucceeded)
  }

  @Test
  func `each of several unwraps is completed`() throws {
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
  func `a close fails a pending unwrap, and a later one`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outcome = unwrap(pair.client)
    let close = pair.client.close(.all)
    #expect(outcome.error as? ChannelError == .ioOnClosedChannel)
    #expect(close.hasSucceeded)
    #expect(unwrap(pair.client).error as? ChannelError == .ioOnClosedChannel)
    #expect(pair.client.recorder.events == [.handshake(nil), .inactive])
  }

  @Test
  func `an unwrap during the handshake waits for its end`() throws {
    let pair = try ChannelPair()
    try pair.connect()
    let outcome = unwrap(pair.client)
    #expect(outcome.result == nil)
    try pair.settle()
    #expect(outcome.hasSucceeded)
    #expect(!holdsTLS(pair.client))
    #expect(pair.server.recorder.events == [.handshake(nil), .shutdown, .inactive])
  }

  @Test
  func `before the handshake an unwrap completes at once, and pending writes are not sent in plaintext`() throws {
    let pair = try ChannelPair()
    let write = pair.client.send("encrypted".utf8)
    #expect(unwrap(pair.client).hasSucceeded)
    #expect(!holdsTLS(pair.client))
    #expect(write.error as? ChannelError == .ioOnClosedChannel)
    try pair.connect()
    #expect(try pair.client.takeSent().isEmpty)
  }

  @Test
  func `a pending removal completes with the connection`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let promise = pair.loop.makePromise(of: Void.self)
    // A promise that is never completed would end the process.
    defer { promise.fail(ChannelError.eof) }
    let removal = Outcome(promise.futureResult)
    pair.client.channel.pipeline.syncOperations.removeHandler(pair.client.tls, promise: promise)
    try pair.client.lose()
    pair.loop.run()
    #expect(removal.hasSucceeded)
  }

  @Test
  func `an application that removes the handler after an unwrap receives the bytes after close_notify`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let (channel, tls) = (pair.client.channel, pair.client.tls)
    channel.triggerUserOutboundEvent(TLSUnwrap()).assumeIsolated().whenSuccess { _ in
      channel.pipeline.syncOperations.removeHandler(tls, promise: nil)
    }
    pair.server.close(.output)
    var chunk = try pair.server.takeSentChunk()
    chunk.writeString("plaintext")
    pair.client.receive(chunk)
    #expect(pair.client.recorder.data == Array("plaintext".utf8))
    #expect(!holdsTLS(pair.client))
  }

  @Test
  func `an unwrap whose close_notify could not be sent fails`() throws {
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
    #expect(pair.client.recorder.events == [.handshake(nil), .inactive])
  }

  @Test
  func `a silent peer fails the unwrap after a time`() throws {
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
    #expect(pair.client.recorder.events == [.handshake(nil), .inactive])
  }

  @Test
  func `a completed unwrap leaves no timer`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let outcomes = [unwrap(pair.client), unwrap(pair.server)]
    try pair.settle()
    pair.loop.advanceTime(by: .seconds(10))
    #expect(outcomes.allSatisfy { $0.hasSucceeded })
    #expect(pair.client.channel.isActive && pair.server.channel.isActive)
  }

  @Test
  func `an unwrap reads the peer's close_notify even if the application does not read`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let reads = ReadCounter()
    try pair.client.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    _ = unwrap(pair.client)
    #expect(reads.count == 1)
  }
}
