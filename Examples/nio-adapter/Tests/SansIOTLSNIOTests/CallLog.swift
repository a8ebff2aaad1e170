import NIOCore
import NIOEmbedded

/// Records the names of the handler's inbound calls, and passes them on.
final class CallLog: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private(set) var calls: [String] = []
  /// The application's action, performed once.
  var onReadComplete: ((ChannelHandlerContext) -> Void)?

  func channelActive(context: ChannelHandlerContext) {
    calls.append("active")
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    calls.append("inactive")
    context.fireChannelInactive()
  }

  func channelUnregistered(context: ChannelHandlerContext) {
    calls.append("unregistered")
    context.fireChannelUnregistered()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    calls.append("read")
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    calls.append("readComplete")
    onReadComplete.take()?(context)
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    calls.append("writability")
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    calls.append("event")
    context.fireUserInboundEventTriggered(event)
  }
}

extension ChannelPair.End {
  /// Adds a log after the handler.
  func withCallLog() throws -> CallLog {
    let log = CallLog()
    try channel.pipeline.syncOperations.addHandler(log, position: .after(tls))
    return log
  }
}
