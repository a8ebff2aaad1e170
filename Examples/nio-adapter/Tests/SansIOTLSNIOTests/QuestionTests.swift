import NIOCore
import NIOEmbedded
import SansIOTLS
import SansIOTLSNIO
import Testing

struct QuestionTests {
  @Test
  func `a question about the certificate is answered later`() throws {
    var promise: EventLoopPromise<Answer>?
    var asked = 0
    let pair = try ChannelPair(clientAnswer: { question, eventLoop in
      asked += 1
      promise = eventLoop.makePromise()
      return promise!.futureResult
    })
    try pair.handshake()
    #expect(asked == 1)
    #expect(pair.client.recorder.news.isEmpty)
    promise?.succeed(.proceed)
    try pair.settle()
    #expect(asked == 1)
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
      client.asksAboutPeerCertificate = true
      server.asksAboutClientHello = true
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
    var promise: EventLoopPromise<Answer>?
    let pair = try ChannelPair(serverAnswer: { _, eventLoop in
      promise = eventLoop.makePromise()
      return promise!.futureResult
    })
    try pair.handshake()
    try pair.server.lose()
    promise?.succeed(.proceed)
    try pair.settle()
    #expect(pair.server.recorder.news == [.channelFailed(.eof), .inactive])
  }

  @Test
  func `while an answer is awaited nothing is read from the channel`() throws {
    var promise: EventLoopPromise<Answer>?
    let pair = try ChannelPair(serverAnswer: { _, eventLoop in
      promise = eventLoop.makePromise()
      return promise!.futureResult
    })
    let reads = ReadCounter()
    try pair.server.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    try pair.handshake()
    let before = reads.count
    pair.server.channel.read()
    #expect(reads.count == before)
    promise?.succeed(.proceed)
    #expect(reads.count > before)
    try pair.settle()
    #expect(pair.server.recorder.news == [.handshake(nil)])
  }
}
