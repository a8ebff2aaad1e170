import NIOCore
import NIOEmbedded
import SansIOTLS
import SansIOTLSNIO
import SansIOTLSTestKit
import Testing

struct QuestionTests {
  @Test
  func `a question about the certificate is answered later`() throws {
    let later = DeferredAnswer()
    let pair = try ChannelPair(clientDelegate: later)
    try pair.handshake()
    #expect(later.asked == 1)
    #expect(pair.client.recorder.events.isEmpty)
    later.succeed()
    try pair.settle()
    #expect(later.asked == 1)
    #expect(pair.client.recorder.events == [.handshake(nil)])
    #expect(pair.server.recorder.events == [.handshake(nil)])
  }

  @Test
  func `a question that is answered at once does not stop the handshake`() throws {
    var names: [String?] = []
    let pair = try ChannelPair(
      serverDelegate: Answers(clientHello: { hello, eventLoop in
        names.append(hello.serverName)
        return eventLoop.makeSucceededFuture(.serve)
      }))
    try pair.handshake()
    #expect(names == ["localhost"])
    #expect(pair.server.recorder.events == [.handshake(nil)])
  }

  @Test
  func `without a closure for answers, the configuration decides`() throws {
    let pair = try ChannelPair { client, server in
      client.pausesAtPeerCertificates = true
      server.pausesAtClientHello = true
    }
    try pair.handshake()
    #expect(pair.client.recorder.events == [.handshake(nil)])
  }

  @Test
  func `a client is asked for its certificate after the handshake`() throws {
    let alice = TestIdentity.client()
    let identity = try alice.identity
    let pair = try ChannelPair(version: .tls13) { client, server in
      client.identities = [identity]
      client.offersPostHandshakeAuthentication = true
      server.clientAuthentication = .onRequest
      server.trustRoots = [alice.trust]
    }
    try pair.handshake()
    let server = pair.server
    func request() throws(TLSError) -> TLSEngine.HandshakeStep {
      try server.tls.withEngine { engine throws(TLSError) in try engine.requestClientCertificate() }
    }
    #expect(try request() == .done)
    try pair.settle()
    #expect(server.recorder.events == [.handshake(nil), .clientCertificate])
    #expect(server.tls.peerCertificates == [try alice.certificate])
    #expect(throws: Never.self) { try request() }
    #expect(throws: TLSError.self) { try request() }
  }

  @Test
  func `an answer may reject the peer`() throws {
    let pair = try ChannelPair(
      clientDelegate: Answers(certificates: { _, eventLoop in
        eventLoop.makeSucceededFuture(.distrust(.certificateUnknown))
      }))
    try pair.handshake()
    #expect(pair.client.recorder.events.first == .failed(.rejected))
    #expect(pair.server.recorder.events == [.failed(.alertReceived), .inactive])
  }

  @Test
  func `a failed answer rejects the peer and is reported`() throws {
    let pair = try ChannelPair(
      serverDelegate: Answers(clientHello: { _, eventLoop in
        eventLoop.makeFailedFuture(ChannelError.connectTimeout(.seconds(1)))
      }))
    try pair.handshake()
    #expect(pair.server.recorder.events == [.channelFailed(.connectTimeout(.seconds(1))), .inactive])
    #expect(pair.client.recorder.events == [.failed(.alertReceived), .inactive])
  }

  @Test
  func `an answer that libssl cannot give rejects the peer`() throws {
    let pair = try ChannelPair(
      serverDelegate: Answers(clientHello: { $1.makeSucceededFuture(.refuse(.closeNotify)) }))
    try pair.handshake()
    #expect(pair.server.recorder.events == [.failed(.wrongAnswer), .inactive])
    #expect(pair.client.recorder.events == [.failed(.alertReceived), .inactive])
  }

  @Test
  func `an answer after the end has no effect`() throws {
    let later = DeferredAnswer()
    let pair = try ChannelPair(serverDelegate: later)
    try pair.handshake()
    try pair.server.lose()
    later.succeed()
    try pair.settle()
    #expect(pair.server.recorder.events == [.channelFailed(.eof), .inactive])
  }

  @Test
  func `nothing is read from the channel while an answer is pending`() throws {
    let later = DeferredAnswer()
    let pair = try ChannelPair(serverDelegate: later)
    let reads = ReadCounter()
    try pair.server.channel.pipeline.syncOperations.addHandler(reads, position: .first)
    try pair.handshake()
    let before = reads.count
    pair.server.channel.read()
    #expect(reads.count == before)
    later.succeed()
    #expect(reads.count > before)
    try pair.settle()
    #expect(pair.server.recorder.events == [.handshake(nil)])
  }

  @Test
  func `a flush while an answer is pending waits`() throws {
    let later = DeferredAnswer()
    let pair = try ChannelPair(clientDelegate: later)
    try pair.handshake()
    let write = pair.client.send("later".utf8)
    #expect(try pair.client.takeSent().isEmpty)
    #expect(write.result == nil)
    later.succeed()
    try pair.settle()
    #expect(write.hasSucceeded)
    #expect(pair.server.recorder.history == [.handshake(nil), .data(Array("later".utf8))])
  }

  @Test
  func `an answer with another context may come from another event loop`() throws {
    let (client, server) = try EnginePair.configurations()
    let context = try TLSContext(server)
    let other = EmbeddedEventLoop()
    let promise = other.makePromise(of: TLSEngine.ClientHello.Answer.self)
    let pair = try ChannelPair(
      configure: { ours, _ in ours = client }, serverDelegate: Answers(clientHello: { _, _ in promise.futureResult }))
    try pair.handshake()
    #expect(pair.server.recorder.events.isEmpty)
    promise.succeed(.serve(with: context))
    try pair.settle()
    #expect(pair.client.recorder.events == [.handshake(nil)])
    #expect(pair.server.recorder.events == [.handshake(nil)])
  }

  @Test
  func `the transport's half-closure while an answer is pending is reported after the answer`() throws {
    let later = DeferredAnswer()
    let pair = try ChannelPair(allowsHalfClosure: true, clientDelegate: later)
    try pair.handshake()
    pair.client.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    #expect(pair.client.recorder.events.isEmpty)
    later.succeed()
    #expect(Array(pair.client.recorder.events.suffix(2)) == [.failed(.truncated), .inactive])
  }

  @Test
  func `an end after more input than the buffer holds, while an answer is pending, is not misuse`() throws {
    let later = DeferredAnswer()
    let pair = try ChannelPair(serverDelegate: later)
    try pair.connect()
    var chunk = try pair.client.takeSentChunk()
    chunk.writeRepeatingByte(0, count: 100_000)
    pair.server.receive(chunk)
    try pair.server.lose()
    later.succeed()
    #expect(pair.server.recorder.events == [.channelFailed(.eof), .inactive])
  }

  /// Gives the client an identity, which the server asks for and about.
  private static func authenticate(_ client: inout TLSContext.Configuration, _ server: inout TLSContext.Configuration) {
    let alice = TestIdentity.client("Alice")
    client.identities = (try? alice.identity).map { [$0] } ?? []
    server.trustRoots = [alice.trust]
    server.clientAuthentication = .required
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a server's question about its client is answered later`(version: TLSVersion) throws {
    let later = DeferredAnswer()
    let pair = try ChannelPair(
      version: version,
      configure: {
        Self.authenticate(&$0, &$1)
        $1.pausesAtPeerCertificates = true
      }, serverDelegate: later)
    try pair.handshake()
    #expect(later.asked == 1)
    later.succeed()
    try pair.settle()
    #expect(later.asked == 2)
    #expect(pair.server.recorder.events.isEmpty)
    later.succeed()
    try pair.settle()
    #expect(pair.server.recorder.events == [.handshake(nil)])
    #expect(pair.client.recorder.events == [.handshake(nil)])
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a server may refuse its client`(version: TLSVersion) throws {
    let pair = try ChannelPair(
      version: version,
      configure: {
        Self.authenticate(&$0, &$1)
        $1.pausesAtPeerCertificates = true
      },
      serverDelegate: Answers(certificates: { $1.makeSucceededFuture(.distrust(.accessDenied)) }))
    try pair.handshake()
    try pair.settle()
    #expect(pair.server.recorder.events.first == .failed(.rejected))
    #expect(pair.client.recorder.events.contains(.failed(.alertReceived)))
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a client chooses its identity`(version: TLSVersion) throws {
    var asked = 0
    let pair = try ChannelPair(
      version: version,
      configure: {
        Self.authenticate(&$0, &$1)
        $0.pausesAtCertificateRequest = true
      },
      clientDelegate: Answers(request: { _, eventLoop in
        asked += 1
        return eventLoop.makeSucceededFuture(.presentConfigured)
      }))
    try pair.handshake()
    #expect(asked == 1)
    #expect(pair.client.recorder.events == [.handshake(nil)])
    #expect(pair.server.recorder.events == [.handshake(nil)])
  }
}
