public import NIOCore
public import SansIOTLS

/// The TLS of a channel that connects. It begins when the channel is active, or is added to one that is.
///
/// ```swift
/// ClientBootstrap(group: group).channelInitializer { channel in
///   channel.eventLoop.makeCompletedFuture {
///     let tls = try TLSClientHandler(context: context, serverName: .dns("example.com"))
///     try channel.pipeline.syncOperations.addHandler(tls)
///   }
/// }
/// ```
public final class TLSClientHandler: TLSHandler {
  /// Makes a handler for one channel.
  ///
  /// - Parameters:
  ///   - context: made from a client's configuration; shared by as many handlers as are wanted.
  ///   - serverName: whom to reach.
  ///   - session: a session to resume; new ones come as ``SansIOTLS/Event/sessionTicket(_:)``.
  ///   - limits: the bounds of the engine.
  ///   - closeTimeout: how long `close`, or the answer to the peer's close_notify, waits for the channel to take what was flushed
  ///     before it, and ``TLSUnwrap`` for the peer to say more or goodbye.
  ///   - answer: answers the engine's questions; without it all are answered by `.proceed`.
  /// - Throws: ``SansIOTLS/TLSError`` as `TLSEngine.init` does, for example with code `.invalidServerName`.
  public init(
    context: TLSContext, serverName: TLSServerName, session: TLSSession? = nil, limits: TLSEngine.Limits = .default,
    closeTimeout: TimeAmount = .seconds(5), answer: Answering? = nil
  ) throws(TLSError) {
    let engine = try TLSEngine(.client(serverName: serverName), context: context, limits: limits, session: session)
    super.init(engine, closeTimeout: closeTimeout, answer: answer)
  }
}
