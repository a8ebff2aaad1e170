import NIOCore
import NIOHTTP1

/// Answers `GET /bytes/N` with N bytes of a pattern, and `POST /echo` with the request's body.
///
/// Both stream: while the channel is not writable, nothing is generated or read.
final class ByteServer: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// The largest response, in bytes.
  private static let limit = 1 << 40

  private enum Exchange {
    case none
    case echo
    /// The number of bytes of the pattern to send, and the number sent.
    case bytes(remaining: Int, sent: Int)
  }

  private var exchange = Exchange.none
  private var isReadHeld = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let request): begin(request, context)
    case .body(let bytes):
      if case .echo = exchange {
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
      }
    case .end:
      if case .bytes = exchange { return sendBytes(context) }
      if case .echo = exchange { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
      exchange = .none
    }
  }

  private func begin(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
    var status = HTTPResponseStatus.ok
    var headers: HTTPHeaders = ["content-type": "application/octet-stream"]
    let path = request.uri.split(separator: "/")
    if request.method == .GET, path.count == 2, path[0] == "bytes", let count = Int(path[1]),
      (0...Self.limit).contains(count)
    {
      headers.add(name: "content-length", value: "\(count)")
      exchange = .bytes(remaining: count, sent: 0)
    } else if request.method == .POST, path == ["echo"] {
      for length in request.headers["content-length"] { headers.add(name: "content-length", value: length) }
      exchange = .echo
    } else {
      status = .notFound
      headers.add(name: "content-length", value: "0")
      // The request's body is read and dropped; the response ends after it.
      exchange = .bytes(remaining: 0, sent: 0)
    }
    context.writeAndFlush(
      wrapOutboundOut(.head(HTTPResponseHead(version: request.version, status: status, headers: headers))),
      promise: nil)
  }

  private func sendBytes(_ context: ChannelHandlerContext) {
    while case .bytes(let remaining, let sent) = exchange {
      if remaining == 0 {
        exchange = .none
        return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
      guard context.channel.isWritable else { return }
      let piece = Pattern.bytes(from: sent, count: remaining)
      exchange = .bytes(remaining: remaining - piece.readableBytes, sent: sent + piece.readableBytes)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil)
    }
  }

  // MARK: Back-pressure

  func read(context: ChannelHandlerContext) {
    if context.channel.isWritable { context.read() } else { isReadHeld = true }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      if isReadHeld {
        isReadHeld = false
        context.read()
      }
      sendBytes(context)
    }
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
