import NIOCore
import NIOEmbedded
import NIOTLS

/// Two embedded channels joined by hand, each with a handler of the same peer and one that counts.
final class EmbeddedPair {
  /// A connection that came to rest before it was done.
  struct Stalled: Error {}

  /// Stands where the application stands.
  final class Counter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private(set) var byteCount = 0
    private(set) var isHandshakeDone = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      byteCount += unwrapInboundIn(data).readableBytes
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if case TLSUserEvent.handshakeCompleted = event { isHandshakeDone = true }
    }
  }

  let client: EmbeddedChannel
  let server: EmbeddedChannel
  let atClient = Counter()
  let atServer = Counter()

  /// Makes both ends and completes the handshake.
  init(_ peer: any Peer) throws {
    let loop = EmbeddedEventLoop()
    client = EmbeddedChannel(loop: loop)
    server = EmbeddedChannel(loop: loop)
    try client.pipeline.syncOperations.addHandlers([try peer.client(), atClient])
    try server.pipeline.syncOperations.addHandlers([try peer.server(), atServer])
    // Any address will do: it only makes an embedded channel active.
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
    client.connect(to: address, promise: nil)
    server.connect(to: address, promise: nil)
    while try move(client, to: server) || move(server, to: client) {}
    guard atClient.isHandshakeDone, atServer.isHandshakeDone else { throw Stalled() }
  }

  /// Moves what one end sent to the other.
  ///
  /// - Returns: whether there was anything.
  @discardableResult
  func move(_ from: EmbeddedChannel, to: EmbeddedChannel) throws -> Bool {
    var hasMoved = false
    while let ciphertext = try from.readOutbound(as: ByteBuffer.self) {
      to.pipeline.fireChannelRead(ciphertext)
      hasMoved = true
    }
    if hasMoved { to.pipeline.fireChannelReadComplete() }
    return hasMoved
  }

  /// Ends both channels without ceremony.
  func drop() {
    client.close(promise: nil)
    server.close(promise: nil)
    while (try? move(client, to: server) || move(server, to: client)) == true {}
    client.embeddedEventLoop.run()
  }
}
