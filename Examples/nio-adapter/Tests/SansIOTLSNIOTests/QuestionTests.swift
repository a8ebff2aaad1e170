import NIOCore
import NIOEmbedded
import SansIOTLS
import SansIOTLSNIO
import SansIOTLSTestKit
import Testing

struct QuestionTests {
  @Test
  func `a question about the certificate is answered later`() throws {
    let later = LaterAnswer()
    let pair = try ChannelPair(clientAnswer: later.answer)
    try pair.handshake()
    #expect(later.asked == 1)
    #expect(pair.client.recorder.news.isEmpty)
    later.succeed(.proceed)
    try pair.settle()
    #expect(later.asked == 1)
    #expect(pair.client.recorder.news == [.handshake(nil)])
    #expect(pair.server.recorder.news == [.handshake(nil)])
  }

  @Test
  func `a question that is answered at once does not stop the handshake`() throws {
    var names: [String?] = []
    let pair = try ChannelPair(serverAnswer: { question, eventLoop in
      if case .clientHello(let hello) = question { names.append(hello.serverName) }
      return eventLoop.makeSucceededFuture(.proceed)
    })
    try pair.handshake()
    #expect(names == ["localhost"])
    #expect(pair.server.recorder.news == [.handshake(nil)])
  }

  @Test
  func `without anybody to ask, the configuration decides`() throws {
    let pair = try ChannelPair { client, server in
      client.pausesAtPeerCertificates = true
      server.pausesAtClientHello = true
    }
    try pair.handshake()
    #expect(pair.client.recorder.news == [.handshake(nil)])
  }

  @Test
  func `the answer may refuse`() throws {
    let pair = try ChannelPair(clientAnswer: { _, eventLoop in
      eventLoop.makeSucceededFuture(.reject(.certificateUnknown))
    })
    try pair.handshake()
    #expect(pair.client.recorder.news.first == .failed(.rejected))
    #expect(pair.server.recorder.news == [.failed(.alertReceived), .inactive])
  }

  @Test
  func `an answer that cannot be had refuses the peer and is told`() throws {
    let pair = try ChannelPair(serverAnswer: { _, eventLoop in
      eventLoop.makeFailedFuture(ChannelError.connectTimeout(.seconds(1)))
    })
    try pair.handshake()
    #expect(pair.server.recorder.news == [.channelFailed(.connectTimeout(.seconds(1))), .inactive])
    #expect(pair.client.recorder.news == [.failed(.alertReceived), .inactive])
  }

  @Test
  func `an answer to another question refuses the peer`() throws {
    let pair = try ChannelPair(serverAnswer: { _, eventLoop in eventLoop.makeSucceededFuture(.accept) })
    try pair.handshake()
    #expect(pair.server.recorder.news == [.failed(.wrongAnswer), .inactive])
    #expect(pair.client.recorder.news == [.failed(.alertReceived), .inactive])
  }

  @Test
  func `an answer that comes after the end changes nothing`() throws {
    let later = LaterAnswer()
    let pair = try ChannelPair(serverAnswer: later.answer)
    try pair.handshake()
    try pair.server.lose()
    later.succeed(.proceed)
    try pair.settle()
    #expect(pair.server.recorder.news == [.channelFailed(.eof), .inactive])
  }

  @Test
  func `while an answer is awaited nothing is read from the channel`() throws {
    let later = LaterAnswer()
    let pair = try ChannelPair(serverAnswer: later.answer)
    let reads = ReadCounter()
    try pair.server.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    try pair.handshake()
    let before = reads.count
    pair.server.channel.read()
    #expect(reads.count == before)
    later.succeed(.proceed)
    #expect(reads.count > before)
    try pair.settle()
    #expect(pair.server.recorder.news == [.handshake(nil)])
  }

  @Test
  func `what is flushed while an answer is awaited waits`() throws {
    let later = LaterAnswer()
    let pair = try ChannelPair(clientAnswer: later.answer)
    try pair.handshake()
    let write = pair.client.send("later".utf8)
    #expect(try pair.client.takeSent().isEmpty)
    #expect(write.result == nil)
    later.succeed(.proceed)
    try pair.settle()
    #expect(write.hasSucceeded)
    #expect(pair.server.recorder.story == [.handshake(nil), .data(Array("later".utf8))])
  }

  @Test
  func `another context is fetched, on another event loop`() throws {
    let (client, server) = try EnginePair.configurations()
    let context = try TLSContext(server)
    let other = EmbeddedEventLoop()
    let promise = other.makePromise(of: TLSEngine.Answer.self)
    let pair = try ChannelPair(
      configure: { ours, _ in ours = client }, serverAnswer: { _, _ in promise.futureResult })
    try pair.handshake()
    #expect(pair.server.recorder.news.isEmpty)
    promise.succeed(.use(context))
    try pair.settle()
    #expect(pair.client.recorder.news == [.handshake(nil)])
    #expect(pair.server.recorder.news == [.handshake(nil)])
  }

  @Test
  func `the transport's half-closure while an answer is awaited is told after the answer`() throws {
    let later = LaterAnswer()
    let pair = try ChannelPair(allowsHalfClosure: true, clientAnswer: later.answer)
    try pair.handshake()
    pair.client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    #expect(pair.client.recorder.news.isEmpty)
    later.succeed(.proceed)
    #expect(Array(pair.client.recorder.news.suffix(2)) == [.failed(.truncated), .inactive])
  }

  @Test
  func `the end behind more than the ring holds, while an answer is awaited, is an end and no misuse`() throws {
    let later = LaterAnswer()
    let pair = try ChannelPair(serverAnswer: later.answer)
    try pair.connect()
    var chunk = try pair.client.takeSentChunk()
    chunk.writeRepeatingByte(0, count: 100_000)
    pair.server.receive(chunk)
    try pair.server.lose()
    later.succeed(.proceed)
    #expect(pair.server.recorder.news == [.channelFailed(.eof), .inactive])
  }
}
