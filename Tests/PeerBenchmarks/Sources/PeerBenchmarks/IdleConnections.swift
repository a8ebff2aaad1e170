import CCounters
import NIOCore
import NIOPosix

/// The memory of idle connections over TCP on loopback, each after one message in both directions and the event of
/// `IdleStateHandler`.
struct IdleConnections {
  let count: Int

  /// Prints the growth per end, as half of both, in the resident set and in the heap.
  func measure(_ name: String, _ peer: any Peer) throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let server = try Loopback(peer, group) { Parker() }
    let connect = {
      let channel = try server.connect { Parker() }.wait()
      try Loopback.turn(of: channel, count: 1)()
      return channel
    }
    try measure(name, make: connect) { channels in
      for channel in channels { try channel.close().wait() }
    }
    try group.syncShutdownGracefully()
  }

  /// Prints the same of engines without channels.
  func measureEngines(_ name: String, _ peer: AdapterPeer) throws {
    try measure(name, make: { try EngineBox(peer) }) { _ in }
  }

  private func measure<Connection>(
    _ name: String, make: () throws -> Connection, end: ([Connection]) throws -> Void
  ) throws {
    // Memory that remains after the first connections is not counted.
    var connections = try (0..<10).map { _ in try make() }
    connections.reserveCapacity(count + 10)
    let (resident, heap) = (counters_resident_bytes(), counters_heap_bytes())
    for _ in 0..<count { connections.append(try make()) }
    let ends = Double(2 * count) * 1000
    let residentGrowth = Double(counters_resident_bytes() - resident) / ends
    let heapGrowth = Double(counters_heap_bytes() - heap) / ends
    print(
      "\(count) idle connections, \(name), per end: \(residentGrowth.hundredths) KB resident,"
        + " \(heapGrowth.hundredths) KB of heap")
    try end(connections)
  }
}

/// A hibernating pair.
private final class EngineBox {
  private var pair: EngineLoop

  init(_ peer: AdapterPeer) throws {
    var pair = try EngineLoop(peer, message: 1)
    try pair.roundTrips(1)
    guard pair.hibernate() else { throw EmbeddedPair.Stalled() }
    self.pair = pair
  }
}

/// Sends one byte at a turn, answers one that comes without, and lets the connection idle.
private final class Parker: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var turn: Loopback.Turn?

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard let turn = event as? Loopback.Turn else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    self.turn = turn
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(repeating: 7, count: 1)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if turn == nil { context.writeAndFlush(data, promise: nil) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.all)
    turn.take()?.isDone.succeed()
  }
}
