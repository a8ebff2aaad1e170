import NIOCore
import NIOEmbedded
import SansIOTLS
import SansIOTLSNIO
import SansIOTLSTestKit

/// Two embedded channels joined by hand: what one sends, the other receives when the test says so.
final class ChannelPair {
  /// One end: its channel, its handler, and what its application was told.
  struct End {
    let channel: EmbeddedChannel
    let tls: TLSHandler
    let recorder = Recorder()

    init(_ tls: TLSHandler, loop: EmbeddedEventLoop) throws {
      self.tls = tls
      channel = EmbeddedChannel(loop: loop)
      try channel.pipeline.syncOperations.addHandlers([tls, recorder])
    }

    /// What waits to be sent to the peer, as it was written.
    func takeSent() throws -> [ByteBuffer] {
      var sent: [ByteBuffer] = []
      while let buffer = try channel.readOutbound(as: ByteBuffer.self) { sent.append(buffer) }
      return sent
    }

    /// What waits to be sent to the peer, in one piece.
    func takeSentChunk() throws -> ByteBuffer {
      var chunk = ByteBuffer()
      for var buffer in try takeSent() { chunk.writeBuffer(&buffer) }
      return chunk
    }

    func receive(_ ciphertext: ByteBuffer) {
      channel.pipeline.fireChannelRead(ciphertext)
      channel.pipeline.fireChannelReadComplete()
    }

    /// Writes and flushes.
    ///
    /// - Returns: the outcome of the write.
    @discardableResult
    func send(_ bytes: some Sequence<UInt8>) -> Outcome { Outcome(channel.writeAndFlush(ByteBuffer(bytes: bytes))) }

    /// Ends the transport under the handler.
    func lose() throws { try channel.pipeline.syncOperations.context(handler: tls).close(promise: nil) }

    /// An embedded channel that was not finished keeps itself alive, and with it all that stands in its pipeline: what is left
    /// after this is a leak. A close that waits for the transport would never be done.
    func finish() {
      try? lose()
      _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    @discardableResult
    func close(_ mode: CloseMode) -> Outcome { Outcome(channel.close(mode: mode)) }
  }

  let loop = EmbeddedEventLoop()
  let client: End
  let server: End

  /// Makes both ends; nothing is sent before ``connect()``.
  ///
  /// - Parameters:
  ///   - version: the only version allowed; `nil` for the defaults.
  ///   - allowsHalfClosure: the channel option, on both ends.
  ///   - configure: changes the configurations before the contexts are made.
  ///   - clientAnswer: answers the client's questions, which are then asked.
  ///   - serverAnswer: answers the server's questions, which are then asked.
  init(
    version: TLSVersion? = nil, allowsHalfClosure: Bool = false,
    configure: (inout TLSContext.Configuration, inout TLSContext.Configuration) -> Void = { _, _ in },
    clientAnswer: TLSHandler.Answering? = nil, serverAnswer: TLSHandler.Answering? = nil
  ) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    if clientAnswer != nil { client.pausesAtPeerCertificates = true }
    if serverAnswer != nil { server.pausesAtClientHello = true }
    configure(&client, &server)
    self.client = try End(
      TLSClientHandler(context: TLSContext(client), serverName: .dns("localhost"), answer: clientAnswer), loop: loop)
    self.server = try End(TLSServerHandler(context: TLSContext(server), answer: serverAnswer), loop: loop)
    for end in [self.client, self.server] { end.channel.allowRemoteHalfClosure = allowsHalfClosure }
  }

  /// Joins two handlers.
  init(client: TLSHandler, server: TLSHandler) throws {
    self.client = try End(client, loop: loop)
    self.server = try End(server, loop: loop)
  }

  deinit {
    client.finish()
    server.finish()
  }

  /// Makes both channels active.
  func connect() throws {
    // Any address will do: it only makes an embedded channel active.
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
    for end in [client, server] { end.channel.connect(to: address, promise: nil) }
  }

  /// Connects and completes the handshake.
  func handshake() throws {
    try connect()
    try settle()
  }

  /// Moves what was sent until nothing more is.
  func settle() throws {
    for _ in 0..<10_000 {
      loop.run()
      var hasMoved = false
      for (from, to) in [(client, server), (server, client)] {
        for buffer in try from.takeSent() {
          hasMoved = true
          if to.channel.isActive { to.receive(buffer) }
        }
      }
      if !hasMoved { return }
    }
    throw NeverSettles()
  }

  /// Two ends that send for ever.
  struct NeverSettles: Error {}
}
