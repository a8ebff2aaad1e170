import NIOCore

/// Repeated work over TCP on loopback, both ends on one event loop.
struct SocketScenario: Sendable {
  /// The name on the command line.
  let name: String
  /// The unit of work.
  let unit: String
  /// The units of one turn.
  let count: Int
  /// Connects and returns the closure of one turn.
  let prepare: @Sendable (any Peer, any EventLoopGroup) throws -> () throws -> Void
  /// Prepares the same work of two engines without channels.
  let prepareEngines: @Sendable (AdapterPeer) throws -> () throws -> Void

  static let all = [roundTrips, bulk, handshakes]

  private static let messageSize = 64

  /// A message and its echo.
  static let roundTrips = SocketScenario(name: "round-trips", unit: "round trips", count: 1_000) { peer, group in
    let server = try Loopback(peer, group) { Echo() }
    let channel = try server.connect { Caller(ByteBuffer(repeating: 7, count: messageSize)) }.wait()
    return Loopback.turn(of: channel, count: 1_000)
  } prepareEngines: { peer in
    var pair = try EngineLoop(peer, message: messageSize)
    return { try pair.roundTrips(1_000) }
  }

  private static let writeSize = 65_536
  private static let writes = 512

  /// Writes in one direction while the channel is writable.
  static let bulk = SocketScenario(name: "bulk", unit: "MB", count: writes * writeSize / 1_000_000) { peer, group in
    let server = try Loopback(peer, group) { Sink(acknowledgedSize: writes * writeSize) }
    let channel = try server.connect { Source(ByteBuffer(repeating: 7, count: writeSize)) }.wait()
    return Loopback.turn(of: channel, count: writes)
  } prepareEngines: { peer in
    var pair = try EngineLoop(peer, message: writeSize)
    return { try pair.bulk(writes) }
  }

  private static let connections = 50

  /// A connection, a full handshake, one byte in each direction, and the close.
  static let handshakes = SocketScenario(name: "handshakes", unit: "handshakes", count: connections) { peer, group in
    let server = try Loopback(peer, group) { Echo() }
    return {
      for _ in 0..<connections {
        try server.connect { Greeter() }.flatMap { $0.closeFuture }.wait()
      }
    }
  } prepareEngines: { peer in
    {
      for _ in 0..<connections {
        var pair = try EngineLoop(peer, message: 1)
        try pair.roundTrips(1)
      }
    }
  }
}

/// Returns each message.
final class Echo: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.writeAndFlush(data, promise: nil) }

  // The close of a connection without close_notify is no error here.
  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Sends a message, and the next after its echo.
final class Caller: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let message: ByteBuffer
  private var turn: Loopback.Turn?
  private var received = 0

  init(_ message: ByteBuffer) { self.message = message }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard let turn = event as? Loopback.Turn else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    self.turn = turn
    received = 0
    context.writeAndFlush(wrapOutboundOut(message), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += unwrapInboundIn(data).readableBytes
    guard let turn, received.isMultiple(of: message.readableBytes) else { return }
    if received == turn.count * message.readableBytes { return turn.isDone.succeed() }
    context.writeAndFlush(wrapOutboundOut(message), promise: nil)
  }
}

/// Writes while the channel is writable, and ends the turn at the receiver's acknowledgement.
final class Source: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let piece: ByteBuffer
  private var turn: Loopback.Turn?
  private var remaining = 0
  private var isSending = false

  init(_ piece: ByteBuffer) { self.piece = piece }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard let turn = event as? Loopback.Turn else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    self.turn = turn
    remaining = turn.count
    send(context)
  }

  /// A flush may make the channel writable within the call.
  private func send(_ context: ChannelHandlerContext) {
    if isSending { return }
    isSending = true
    while remaining > 0, context.channel.isWritable {
      remaining -= 1
      context.writeAndFlush(wrapOutboundOut(piece), promise: nil)
    }
    isSending = false
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    send(context)
    context.fireChannelWritabilityChanged()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { turn?.isDone.succeed() }
}

/// Counts received bytes, and acknowledges each turn's by one byte.
final class Sink: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let acknowledgedSize: Int
  private var received = 0

  init(acknowledgedSize: Int) { self.acknowledgedSize = acknowledgedSize }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += unwrapInboundIn(data).readableBytes
    guard received == acknowledgedSize else { return }
    received = 0
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(repeating: 0, count: 1)), promise: nil)
  }
}

/// Sends one byte, which leaves after the handshake, and closes the channel at its echo.
final class Greeter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(repeating: 0, count: 1)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.close(promise: nil) }
}
