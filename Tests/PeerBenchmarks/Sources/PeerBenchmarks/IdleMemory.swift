import CHeap
import NIOCore
import NIOEmbedded

/// What an idle connection keeps of the heap, embedded channels included.
struct IdleMemory {
  private static let pairs = 500

  /// Bytes of heap for each connection, half of what its two ends keep.
  ///
  /// - Parameter peer: whose handlers.
  static func measure(_ peer: any Peer) throws -> Double {
    // The first is not counted: what stays of it is no connection's.
    var connections = [try idle(peer)]
    connections.reserveCapacity(pairs + 1)
    let before = heap_bytes()
    for _ in 0..<pairs { connections.append(try idle(peer)) }
    let growth = heap_bytes() - before
    defer { for pair in connections { pair.drop() } }
    return Double(growth) / Double(pairs) / 2
  }

  /// A connection that has said something each way, and is told that it is idle, as `IdleStateHandler` tells it.
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
