import NIOCore
import NIOTLS
import SansIOTLS
import SansIOTLSNIO

/// An application that records what it receives, in order.
final class Recorder: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  enum Entry: Equatable {
    case handshake(String?)
    case early([UInt8])
    case earlyData(TLSEarlyDataOutcome)
    case data([UInt8])
    case inputClosed
    case shutdown
    case ticket
    case clientCertificate
    case failed(TLSError.Code)
    case channelFailed(ChannelError)
    case inactive
  }

  private(set) var entries: [Entry] = []
  private(set) var reads = 0
  private(set) var idleEvents = 0
  typealias Action = (ChannelHandlerContext) -> Void
  /// The application's action after the handshake.
  var onHandshake: Action?
  /// The application's actions at these events, each performed once.
  var onActive: Action?
  var onEarly: Action?
  var onEarlyData: Action?
  var onData: Action?
  var onTicket: Action?
  var onError: Action?
  /// The latest session.
  private(set) var session: TLSSession?

  /// All data, in one piece.
  var data: [UInt8] { entries.flatMap { if case .data(let bytes) = $0 { bytes } else { [UInt8]() } } }
  /// All early data, in one piece.
  var early: [UInt8] { entries.flatMap { if case .early(let bytes) = $0 { bytes } else { [UInt8]() } } }
  /// All entries except data and session tickets.
  var events: [Entry] { entries.filter { if case .data = $0 { false } else { $0 != .ticket } } }
  /// All entries except session tickets.
  var history: [Entry] { entries.filter { $0 != .ticket } }

  func channelActive(context: ChannelHandlerContext) { onActive.take()?(context) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    reads += 1
    entries.append(.data(Array(unwrapInboundIn(data).readableBytesView)))
    onData.take()?(context)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case TLSUserEvent.handshakeCompleted(let negotiatedProtocol):
      entries.append(.handshake(negotiatedProtocol))
      onHandshake?(context)
    case let early as TLSEarlyData:
      entries.append(.early(Array(early.bytes.readableBytesView)))
      onEarly.take()?(context)
    case TLSEngine.Event.earlyData(let outcome):
      entries.append(.earlyData(outcome))
      onEarlyData.take()?(context)
    case TLSUserEvent.shutdownCompleted: entries.append(.shutdown)
    case ChannelEvent.inputClosed: entries.append(.inputClosed)
    case TLSEngine.Event.sessionTicket(let session):
      self.session = session
      entries.append(.ticket)
      onTicket.take()?(context)
    case TLSEngine.Event.clientCertificateReceived: entries.append(.clientCertificate)
    case is IdleStateHandler.IdleStateEvent: idleEvents += 1
    default: break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case let error as TLSError: entries.append(.failed(error.code))
    case let error as ChannelError: entries.append(.channelFailed(error))
    default: context.fireErrorCaught(error)
    }
    onError.take()?(context)
  }

  func channelInactive(context: ChannelHandlerContext) { entries.append(.inactive) }
}
