import NIOCore
import NIOPosix

/// A TCP server on loopback and its clients, all on one event loop. TCP_NODELAY is set, as NIO's bootstraps do.
struct Loopback: Sendable {
  /// Work that a scenario's client handler receives as an outbound event.
  struct Turn: Sendable {
    /// The number of repetitions.
    let count: Int
    /// Fulfilled after the last.
    let isDone: EventLoopPromise<Void>
  }

  typealias Handlers = @Sendable () -> any ChannelHandler

  private let peer: any Peer
  private let group: any EventLoopGroup
  private let server: any Channel

  /// Listens on an ephemeral port.
  ///
  /// - Parameters:
  ///   - peer: the TLS of both ends.
  ///   - group: a group of one event loop.
  ///   - application: creates the handler after the TLS of an accepted channel.
  init(_ peer: any Peer, _ group: any EventLoopGroup, application: @escaping Handlers) throws {
    self.peer = peer
    self.group = group
    server = try ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(try peer.server() + [application()])
        }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
  }

  /// Connects a client.
  ///
  /// - Parameter application: creates the handler after the client's TLS.
  func connect(application: @escaping Handlers) throws -> EventLoopFuture<any Channel> {
    guard let address = server.localAddress else { throw ChannelError.unknownLocalAddress }
    let peer = peer
    return ClientBootstrap(group: group)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers(try peer.client() + [application()])
        }
      }
      .connect(to: address)
  }

  /// Returns the closure of one turn: the client's handler performs it, and the caller waits.
  static func turn(of channel: any Channel, count: Int) -> () throws -> Void {
    {
      let isDone = channel.eventLoop.makePromise(of: Void.self)
      channel.triggerUserOutboundEvent(Turn(count: count, isDone: isDone), promise: nil)
      try isDone.futureResult.wait()
    }
  }
}
