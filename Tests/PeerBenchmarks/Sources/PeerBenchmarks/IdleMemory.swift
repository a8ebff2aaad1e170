import CCounters
import NIOCore
import NIOEmbedded

/// The heap of an idle connection, including embedded channels.
struct IdleMemory {
  private static let pairs = 500

  /// Measures the bytes of heap of one end of a connection, as half of both.
  /// - Parameter peer: the peer whose handlers are measured.
  static func measure(_ peer: any Peer) throws -> Double {
    // Memory that remains after a first connection is not counted.
    var connections = [try idle(peer)]
    connections.reserveCapacity(pairs + 1)
    let before = counters_heap_bytes()
    for _ in 0..<pairs { connections.append(try idle(peer)) }
    let growth = counters_heap_bytes() - before
    defer { for pair in connections { pair.drop() } }
    return Double(growth) / Double(pairs) / 2
  }

  /// Creates a connection that has transferred data in both directions, and then received the event of
  /// `IdleStateHandler`.
  private static func idle(_ peer: any Peer) throws -> EmbeddedPair {
    let pair = try EmbeddedPair(peer)
    let plaintext = ByteBuffer(repeating: 7, count: 1_000)
    pair.client.writeAndFlush(plaintext, promise: nil)
    try pair.move(pair.client, to: pair.server)
    pair.server.writeAndFlush(plaintext, promise: nil)
    try pair.move(pair.server, to: pair.client)
    for channel in [pair.client, pair.server] {
      channel.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.all)
    }
    return pair
  }
}
