import NIOCore
import NIOEmbedded

/// A transport that can hold writes, or fail during one.
final class Transport: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  var holdsWrites = false
  /// The action at a write, performed once.
  var onWrite: ((ChannelHandlerContext) -> Void)?
  /// The action at a flush, performed once.
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

  /// Performs the held writes.
  func release() {
    holdsWrites = false
    let writes = held
    held = []
    for (data, promise) in writes { context?.write(data, promise: promise) }
    context?.flush()
  }

  /// Fails as a socket does: the writes first, then the channel.
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
  /// Adds a transport before the handler.
  func withTransport() throws -> Transport {
    let transport = Transport()
    try channel.pipeline.syncOperations.addHandler(transport, position: .first)
    return transport
  }
}
