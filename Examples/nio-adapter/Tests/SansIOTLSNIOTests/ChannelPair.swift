import NIOCore
import NIOEmbedded
import SansIOTLS
import SansIOTLSNIO
import SansIOTLSTestKit

/// Two embedded channels; the test moves the bytes between them.
final class ChannelPair {
  /// One end: a channel, its handler and its application.
  struct End {
    let channel: EmbeddedChannel
    let tls: TLSHandler
    let recorder = Recorder()

    init(_ tls: TLSHandler, loop: EmbeddedEventLoop) throws {
      self.tls = tls
      channel = EmbeddedChannel(loop: loop)
      try channel.pipeline.syncOperations.addHandlers([tls, recorder])
    }

    /// Removes the buffers written to the transport.
    func takeSent() throws -> [ByteBuffer] {
      var sent: [ByteBuffer] = []
      while let buffer = try channel.readOutbound(as: ByteBuffer.self) { sent.append(buffer) }
      return sent
    }

    /// Removes the bytes written to the transport, as one buffer.
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

    /// Writes before the handshake is done.
    ///
    /// - Returns: the outcome of the write.
    @discardableResult
    func sendEarly(_ bytes: some Sequence<UInt8>) -> Outcome {
      Outcome(channel.triggerUserOutboundEvent(TLSEarlyWrite(ByteBuffer(bytes: bytes))))
    }

    /// Ends the transport under the handler.
    func lose() throws { try channel.pipeline.syncOperations.context(handler: tls).close(promise: nil) }

    /// Finishes the channel. Without this an embedded channel keeps itself and its pipeline alive.
    ///
    /// The transport ends first: a close that waits for it would never complete.
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

  /// Creates both ends; nothing is sent before ``connect()``.
  ///
  /// - Parameters:
  ///   - version: the only version allowed; `nil` for the defaults.
  ///   - allowsHalfClosure: the channel option, on both ends.
  ///   - configure: changes the configurations before the contexts are created.
  ///   - clientDelegate: answers the client's questions; `nil` asks none.
  ///   - serverDelegate: answers the server's questions; `nil` asks none.
  init(
    version: TLSVersion? = nil, allowsHalfClosure: Bool = false,
    configure: (inout TLSContext.Configuration, inout TLSContext.Configuration) -> Void = { _, _ in },
    clientDelegate: (any TLSHandlerDelegate)? = nil, serverDelegate: (any TLSHandlerDelegate)? = nil
  ) throws {
    var (client, server) = try EnginePair.configurations(version: version)
    if clientDelegate != nil { client.pausesAtPeerCertificates = true }
    if serverDelegate != nil { server.pausesAtClientHello = true }
    configure(&client, &server)
    self.client = try End(
      TLSClientHandler(context: TLSContext(client), serverName: .dns("localhost"), delegate: clientDelegate), loop: loop
    )
    self.server = try End(TLSServerHandler(context: TLSContext(server), delegate: serverDelegate), loop: loop)
    for end in [self.client, self.server] { end.channel.allowRemoteHalfClosure = allowsHalfClosure }
  }

  /// Creates both ends with these handlers.
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
    // The address is not used: the call only makes an embedded channel active.
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
    for end in [client, server] { end.channel.connect(to: address, promise: nil) }
  }

  /// Connects and completes the handshake.
  func handshake() throws {
    try connect()
    try settle()
  }

  /// Moves sent bytes until neither end sends more.
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

  /// An error: both ends kept sending.
  struct NeverSettles: Error {}
}
