import NIOCore
import NIOEmbedded
import NIOTLS

/// Two embedded channels, each with a TLS handler of the same peer and a handler that counts.
final class EmbeddedPair {
  /// An error: the connection made no progress before it was complete.
  struct Stalled: Error {}

  /// A handler in place of the application.
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

  /// Creates both ends and performs the handshake.
  init(_ peer: any Peer) throws {
    let loop = EmbeddedEventLoop()
    client = EmbeddedChannel(loop: loop)
    server = EmbeddedChannel(loop: loop)
    try client.pipeline.syncOperations.addHandlers(try peer.client() + [atClient])
    try server.pipeline.syncOperations.addHandlers(try peer.server() + [atServer])
    // The address is not used: the call only makes an embedded channel active.
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
    client.connect(to: address, promise: nil)
    server.connect(to: address, promise: nil)
    while try move(client, to: server) || move(server, to: client) {}
    guard atClient.isHandshakeDone, atServer.isHandshakeDone else { throw Stalled() }
  }

  /// Moves the bytes that one end sent to the other.
  ///
  /// - Returns: whether there were any.
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

  /// Closes both channels without close_notify.
  func drop() {
    client.close(promise: nil)
    server.close(promise: nil)
    while (try? move(client, to: server) || move(server, to: client)) == true {}
    client.embeddedEventLoop.run()
  }
}
