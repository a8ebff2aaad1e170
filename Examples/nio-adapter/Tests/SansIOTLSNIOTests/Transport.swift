import NIOCore
import NIOEmbedded

/// Stands where the transport stands: holds what is written, or breaks under it.
final class Transport: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  var holdsWrites = false
  /// What happens, once, when something is written.
  var onWrite: ((ChannelHandlerContext) -> Void)?
  /// What happens, once, when it is flushed.
  var onFlush: ((ChannelHandlerContext) -> Void)?
  private var held: [(data: NIOAny, promise: EventLoopPromise<Void>?)] = []
  private var context: ChannelHandlerContext?

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    failHeld()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if holdsWrites { held.append((data, promise)) } else { context.write(data, promise: promise) }
    onWrite.take()?(context)
  }

  func flush(context: ChannelHandlerContext) {
    context.flush()
    onFlush.take()?(context)
  }

  /// Writes what was held.
  func release() {
    holdsWrites = false
    let writes = held
    held = []
    for (data, promise) in writes { context?.write(data, promise: promise) }
    context?.flush()
  }

  /// Ends as a socket does that fails: the writes first, then the channel.
  func lose() {
    failHeld()
    context?.close(promise: nil)
  }

  private func failHeld() {
    let writes = held
    held = []
    for (_, promise) in writes { promise?.fail(ChannelError.ioOnClosedChannel) }
  }
}

extension ChannelPair.End {
  /// Puts a transport in front.
  func withTransport() throws -> Transport {
    let transport = Transport()
    try channel.pipeline.syncOperations.addHandler(transport, position: .first)
    return transport
  }
}
