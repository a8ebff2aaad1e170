import NIOCore
import NIOEmbedded
import SansIOTLS
import SansIOTLSNIO
import Testing

struct DataTests {
  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `written data arrives in order, in both directions`(version: TLSVersion) throws {
    let pair = try ChannelPair(version: version)
    try pair.handshake()
    for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
      let pieces = [1, 0, 16_384, 16_385, 100_000, 3].map { count in (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
      let writes = pieces.map { from.send($0) }
      try pair.settle()
      let isComplete = to.recorder.data == pieces.flatMap(\.self)
      #expect(isComplete)
      #expect(writes.allSatisfy { $0.hasSucceeded })
    }
  }

  @Test
  func `writes are encrypted at the flush, into one buffer`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let writes = ["a", "b", "c"].map { Outcome(pair.client.channel.write(ByteBuffer(string: $0))) }
    #expect(try pair.client.takeSent().isEmpty)
    pair.client.channel.flush()
    let sent = try pair.client.takeSent()
    #expect(sent.count == 1)
    #expect(writes.allSatisfy { $0.hasSucceeded })
    pair.server.receive(sent[0])
    #expect(pair.server.recorder.data == Array("abc".utf8))
    #expect(pair.server.recorder.reads == 1)
  }

  @Test
  func `an empty write succeeds and sends no record`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let write = pair.client.send([])
    #expect(write.hasSucceeded)
    #expect(try pair.client.takeSentChunk().readableBytes == 0)
  }

  @Test
  func `a large write leaves in buffers of bounded size`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let write = pair.client.send([UInt8](repeating: 7, count: 1_000_000))
    let sent = try pair.client.takeSent()
    #expect(sent.count > 1)
    #expect(sent.allSatisfy { $0.readableBytes <= 64 * 1024 })
    #expect(write.hasSucceeded)
    for buffer in sent { pair.server.receive(buffer) }
    #expect(pair.server.recorder.data.count == 1_000_000)
  }

  @Test
  func `several records of one read are delivered as one`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    var chunk = ByteBuffer()
    for text in ["one ", "two ", "three"] {
      pair.client.send(text.utf8)
      for var buffer in try pair.client.takeSent() { chunk.writeBuffer(&buffer) }
    }
    pair.server.receive(chunk)
    #expect(pair.server.recorder.data == Array("one two three".utf8))
    #expect(pair.server.recorder.reads == 1)
  }

  @Test
  func `one read may hold more ciphertext than the engine's buffer`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.send([UInt8](repeating: 1, count: 500_000))
    let chunk = try pair.client.takeSentChunk()
    pair.server.receive(chunk)
    #expect(pair.server.recorder.data.count == 500_000)
    // In buffers of two records.
    #expect(pair.server.recorder.reads == 16)
  }

  @Test
  func `records that arrive in fragments are decrypted`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let plaintext = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    pair.client.send(plaintext)
    for buffer in try pair.client.takeSent() {
      var rest = buffer
      while let piece = rest.readSlice(length: min(rest.readableBytes, 997)), piece.readableBytes > 0 {
        pair.server.receive(piece)
      }
    }
    let isComplete = pair.server.recorder.data == plaintext
    #expect(isComplete)
  }

  @Test
  func `plaintext waits while the channel is not writable`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.channel.isWritable = false
    let write = pair.client.send("later".utf8)
    #expect(try pair.client.takeSent().isEmpty)
    #expect(write.result == nil)
    pair.client.channel.isWritable = true
    pair.client.channel.pipeline.fireChannelWritabilityChanged()
    #expect(write.hasSucceeded)
    try pair.settle()
    #expect(pair.server.recorder.data == Array("later".utf8))
  }

  @Test
  func `half a record is followed by another read, a whole one is not`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let reads = ReadCounter()
    try pair.server.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    pair.server.channel.read()
    #expect(reads.count == 1)
    pair.client.send("one record".utf8)
    var record = try #require(try pair.client.takeSent().first)
    pair.server.receive(record.readSlice(length: 12)!)
    #expect(reads.count == 2)
    pair.server.receive(record)
    #expect(pair.server.recorder.data == Array("one record".utf8))
    #expect(reads.count == 2)
  }

  @Test
  func `writes and a close from within an event are sent in order`() throws {
    let pair = try ChannelPair()
    pair.server.recorder.onHandshake = { context in
      context.writeAndFlush(NIOAny(ByteBuffer(string: "first ")), promise: nil)
      context.writeAndFlush(NIOAny(ByteBuffer(string: "second")), promise: nil)
      context.close(mode: .output, promise: nil)
    }
    try pair.handshake()
    #expect(pair.client.recorder.data == Array("first second".utf8))
    #expect(pair.client.recorder.events == [.handshake(nil), .shutdown, .inactive])
  }

  @Test
  func `a modified record fails both sides after the data before it was delivered`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    pair.client.send("good".utf8)
    pair.client.send("bad".utf8)
    var chunk = try pair.client.takeSentChunk()
    let last = chunk.writerIndex - 1
    chunk.setInteger(chunk.getInteger(at: last, as: UInt8.self)! ^ 1, at: last)
    pair.server.receive(chunk)
    #expect(
      pair.server.recorder.history
        == [.handshake(nil), .data(Array("good".utf8)), .failed(.protocolViolation), .inactive])
    try pair.settle()
    #expect(pair.client.recorder.events == [.handshake(nil), .failed(.alertReceived), .inactive])
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `an idle connection hibernates, and resumes for input and output`(version: TLSVersion) throws {
    let pair = try ChannelPair(version: version)
    try pair.handshake()
    for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
      for end in [from, to] { end.channel.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.all) }
      #expect(from.tls.hibernate() && to.tls.hibernate())
      #expect(from.send("awake".utf8).hasSucceeded)
      #expect(from.recorder.idleEvents == to.recorder.idleEvents)
      try pair.settle()
      #expect(to.recorder.data == Array("awake".utf8))
    }
    #expect(pair.client.recorder.idleEvents == 2)
    #expect(pair.client.recorder.events == [.handshake(nil)])
  }

  @Test
  func `a connection that hibernates inside a record loses nothing of it`() throws {
    let pair = try ChannelPair()
    try pair.connect()
    func sendInHalves() throws {
      for var rest in try pair.client.takeSent() {
        let first = rest.readSlice(length: rest.readableBytes / 2)
        pair.server.receive(try #require(first))
        #expect(pair.server.tls.hibernate())
        pair.server.receive(rest)
      }
    }
    try sendInHalves()
    try pair.settle()
    pair.client.send("in two halves".utf8)
    try sendInHalves()
    #expect(pair.server.recorder.history == [.handshake(nil), .data(Array("in two halves".utf8))])
  }

  @Test
  func `the promises of one flush are fulfilled in order`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    var fulfilled: [Int] = []
    for number in 0..<5 {
      pair.client.channel.write(ByteBuffer(string: "A")).assumeIsolated().whenSuccess { fulfilled.append(number) }
    }
    #expect(fulfilled.isEmpty)
    pair.client.channel.flush()
    #expect(fulfilled == [0, 1, 2, 3, 4])
  }

  @Test
  func `the promise of an empty write follows those of the writes before it`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let transport = try pair.client.withTransport()
    transport.holdsWrites = true
    var fulfilled: [Int] = []
    for (number, text) in ["hello", "", "world"].enumerated() {
      pair.client.channel.writeAndFlush(ByteBuffer(string: text)).assumeIsolated().whenSuccess {
        fulfilled.append(number)
      }
    }
    #expect(fulfilled.isEmpty)
    transport.release()
    #expect(fulfilled == [0, 1, 2])
  }

  @Test
  func `a large write stops while the channel is not writable, and then continues`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let transport = try pair.client.withTransport()
    let channel = pair.client.channel
    let narrow: (ChannelHandlerContext) -> Void = { [channel] context in
      channel.isWritable = false
      context.fireChannelWritabilityChanged()
    }
    let plaintext = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    transport.onWrite = narrow
    let write = pair.client.send(plaintext)
    #expect(write.result == nil)
    var sent = try pair.client.takeSent()
    #expect(sent.count == 1)
    for _ in 0..<10 where write.result == nil {
      transport.onWrite = narrow
      channel.isWritable = true
      channel.pipeline.fireChannelWritabilityChanged()
      sent += try pair.client.takeSent()
    }
    channel.isWritable = true
    #expect(write.hasSucceeded)
    for buffer in sent { pair.server.receive(buffer) }
    let isComplete = pair.server.recorder.data == plaintext
    #expect(isComplete)
  }

  @Test
  func `many small writes leave in buffers of bounded size`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    for _ in 0..<20_000 { pair.client.channel.write(ByteBuffer(string: "x"), promise: nil) }
    pair.client.channel.flush()
    let sent = try pair.client.takeSent()
    #expect(sent.allSatisfy { $0.readableBytes <= 64 * 1024 })
    for buffer in sent { pair.server.receive(buffer) }
    #expect(pair.server.recorder.data.count == 20_000)
  }

  @Test
  func `the channel's writability is reported after pending writes were sent`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let log = try pair.client.withCallLog()
    pair.client.channel.isWritable = false
    pair.client.send("later".utf8)
    pair.client.channel.isWritable = true
    pair.client.channel.pipeline.fireChannelWritabilityChanged()
    #expect(log.calls == ["writability"])
    #expect(try pair.client.takeSent().count == 1)
  }

  @Test
  func `an application that reads at the end of each read reads once`() throws {
    let pair = try ChannelPair()
    try pair.handshake()
    let reads = ReadCounter()
    try pair.server.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    let log = try pair.server.withCallLog()
    log.onReadComplete = { $0.read() }
    pair.client.send("one record".utf8)
    try pair.settle()
    #expect(reads.count == 1)
  }

  @Test
  func `what the application makes the engine write is sent at once`() throws {
    let pair = try ChannelPair(version: .tls13)
    pair.client.tls.withEngine { #expect($0.pendingOutputByteCount > 0) }
    #expect(try pair.client.takeSent().isEmpty)
    try pair.handshake()
    let step = try pair.client.tls.withEngine { engine throws(TLSError) in try engine.keyUpdate(requestingPeer: false) }
    #expect(step == .done)
    let sent = try pair.client.takeSentChunk()
    #expect(sent.readableBytes > 0)
    pair.server.receive(sent)
    pair.client.send("Hello".utf8)
    try pair.settle()
    #expect(pair.server.recorder.data == Array("Hello".utf8))
  }
}
