import NIOCore
import NIOEmbedded
import NIOTLS
import SansIOTLS
import SansIOTLSNIO
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

struct HandshakeTests {
  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `its completion is reported once on both sides, before any data`(version: TLSVersion) throws {
    let pair = try ChannelPair(version: version)
    pair.client.send("early".utf8)
    pair.server.send("too".utf8)
    try pair.handshake()
    #expect(pair.client.recorder.history == [.handshake(nil), .data(Array("too".utf8))])
    #expect(pair.server.recorder.history == [.handshake(nil), .data(Array("early".utf8))])
    #expect(pair.client.tls.negotiated?.version == version)
    #expect(pair.client.tls.peerCertificates.count == 1)
    func export(_ end: ChannelPair.End) throws(TLSError) -> [UInt8] {
      try end.tls.withEngine { engine throws(TLSError) in
        try engine.exportKeyingMaterial(label: "EXPORTER-Channel-Binding", count: 32)
      }
    }
    #expect(try export(pair.client) == export(pair.server))
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `channels connect by a pre-shared key`(version: TLSVersion) throws {
    let pair = try ChannelPair(version: version) { client, server in
      client.preSharedKeys = [.test("device")]
      server.preSharedKeys = [.test("device")]
      server.identities = []
    }
    try pair.handshake()
    #expect(pair.server.tls.negotiated?.peerAuthentication == .preSharedKey(identity: Array("device".utf8)))
    #expect(pair.client.tls.peerCertificates.isEmpty)
  }

  @Test
  func `data in one chunk with the last handshake bytes is delivered after the event`() throws {
    let pair = try ChannelPair(version: .tls13)
    pair.client.recorder.onHandshake = { context in
      context.writeAndFlush(NIOAny(ByteBuffer(string: "at once")), promise: nil)
    }
    try pair.connect()
    for buffer in try pair.client.takeSent() { pair.server.receive(buffer) }
    for buffer in try pair.server.takeSent() { pair.client.receive(buffer) }
    // The client's Finished and its data, as one read.
    let chunk = try pair.client.takeSentChunk()
    pair.server.receive(chunk)
    #expect(pair.server.recorder.history == [.handshake(nil), .data(Array("at once".utf8))])
  }

  @Test
  func `a handshake that arrives byte by byte completes`() throws {
    let pair = try ChannelPair()
    try pair.connect()
    for _ in 0..<4 {
      for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
        for buffer in try from.takeSent() {
          for byte in buffer.readableBytesView { to.receive(ByteBuffer(bytes: [byte])) }
        }
      }
    }
    #expect(pair.client.recorder.events == [.handshake(nil)])
    #expect(pair.server.recorder.events == [.handshake(nil)])
  }

  @Test
  func `the event holds the negotiated application protocol`() throws {
    let pair = try ChannelPair { client, server in
      client.applicationProtocols = ["http/1.1", "h2"]
      server.applicationProtocols = ["h2", "http/1.1"]
    }
    try pair.handshake()
    #expect(pair.client.recorder.events == [.handshake("h2")])
    #expect(pair.server.recorder.events == [.handshake("h2")])
  }

  @Test
  func `without a common application protocol both sides fail`() throws {
    let pair = try ChannelPair { client, server in
      client.applicationProtocols = ["h2"]
      server.applicationProtocols = ["http/1.1"]
    }
    try pair.handshake()
    #expect(pair.server.recorder.events == [.failed(.peerIncompatible), .inactive])
    #expect(pair.client.recorder.events.count == 2)
    #expect(!pair.client.channel.isActive)
  }

  @Test
  func `an untrusted certificate fails both sides, and the alert is sent before the channel closes`() throws {
    let pair = try ChannelPair { client, _ in client.trustRoots = [TestAuthority().trust] }
    let write = pair.client.send("secret".utf8)
    try pair.handshake()
    #expect(pair.client.recorder.events == [.failed(.certificateRejected), .inactive])
    #expect(pair.server.recorder.events == [.failed(.alertReceived), .inactive])
    #expect((write.error as? TLSError)?.code == .certificateRejected)
    #expect(pair.server.recorder.data.isEmpty)
  }

  @Test
  func `a peer that does not speak TLS is a failure, reported once`() throws {
    let pair = try ChannelPair()
    try pair.connect()
    pair.server.receive(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"))
    pair.server.receive(ByteBuffer(string: "more\r\n"))
    #expect(pair.server.recorder.events == [.failed(.notTLS), .inactive])
  }

  @Test
  func `the transport's end during the handshake is a truncation`() throws {
    let pair = try ChannelPair()
    let write = pair.client.send("never".utf8)
    try pair.connect()
    try pair.client.lose()
    #expect(pair.client.recorder.events == [.failed(.truncated), .inactive])
    #expect((write.error as? TLSError)?.code == .truncated)
  }

  @Test
  func `a close during the handshake closes the channel and fails pending writes`() throws {
    let pair = try ChannelPair()
    let write = pair.client.send("never".utf8)
    try pair.connect()
    let close = pair.client.close(.all)
    #expect(close.hasSucceeded)
    #expect(write.error as? ChannelError == .ioOnClosedChannel)
    #expect(pair.client.recorder.events == [.inactive])
  }

  @Test
  func `a handler that is added to an active channel starts at once`() throws {
    let pair = try ChannelPair()
    let late = try ChannelPair.End(
      TLSClientHandler(
        context: TLSContext(EnginePair.configurations().client), serverName: .dns("localhost")),
      loop: pair.loop)
    defer { late.finish() }
    #expect(try late.takeSent().isEmpty)
    late.channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    #expect(try late.takeSent().count == 1)
    let upgrade = try TLSClientHandler(
      context: TLSContext(EnginePair.configurations().client), serverName: .dns("localhost"))
    try late.channel.pipeline.syncOperations.addHandler(upgrade, position: .first)
    #expect(try late.takeSent().count == 1)
  }

  @Test
  func `the calls are those of a channel without TLS: active, event, read, readComplete`() throws {
    let pair = try ChannelPair()
    let log = try pair.server.withCallLog()
    try pair.handshake()
    pair.client.send("Hello".utf8)
    try pair.settle()
    #expect(log.calls == ["active", "event", "read", "readComplete"])
  }

  @Test(arguments: [["h2"], []])
  func `NIO's ALPN handler uses the protocol of the event`(offered: [String]) throws {
    let pair = try ChannelPair { client, server in
      client.applicationProtocols = offered
      server.applicationProtocols = ["h2"]
    }
    var results: [ALPNResult] = []
    let negotiation = ApplicationProtocolNegotiationHandler { (result: ALPNResult, channel: any Channel) in
      results.append(result)
      return channel.eventLoop.makeSucceededVoidFuture()
    }
    try pair.server.channel.pipeline.syncOperations.addHandler(negotiation, position: .after(pair.server.tls))
    try pair.handshake()
    #expect(results == [offered.isEmpty ? .fallback : .negotiated("h2")])
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a session that was delivered as an event is resumed`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let (clientContext, serverContext) = (try TLSContext(client), try TLSContext(server))
    func connect(_ session: TLSSession?) throws -> ChannelPair {
      let pair = try ChannelPair(
        client: TLSClientHandler(context: clientContext, serverName: .dns("localhost"), session: session),
        server: TLSServerHandler(context: serverContext))
      try pair.handshake()
      return pair
    }
    let session = try #require(try connect(nil).client.recorder.session)
    let pair = try connect(session)
    #expect(pair.client.tls.negotiated?.isResumed == true)
    #expect(pair.server.tls.negotiated?.isResumed == true)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `handlers with a cache resume, and deliver no session`(version: TLSVersion) throws {
    let (client, server) = try EnginePair.configurations(version: version)
    let (clientContext, serverContext) = (try TLSContext(client), try TLSContext(server))
    let sessions = TLSSessionCache()
    func connect(_ serverContext: TLSContext) throws -> ChannelPair {
      let pair = try ChannelPair(
        client: TLSClientHandler(context: clientContext, serverName: .dns("localhost"), sessions: sessions),
        server: TLSServerHandler(context: serverContext))
      try pair.handshake()
      return pair
    }
    for isResumed in [false, true, true] {
      let pair = try connect(serverContext)
      #expect(pair.client.tls.negotiated?.isResumed == isResumed)
      #expect(pair.client.recorder.session == nil)
      #expect(sessions.count == 1)
    }
    // A server that does not know the session, and issues none.
    var other = server
    other.resumption = .off
    #expect(try connect(TLSContext(other)).client.tls.negotiated?.isResumed == false)
    #expect(sessions.count == 0)
  }
}
