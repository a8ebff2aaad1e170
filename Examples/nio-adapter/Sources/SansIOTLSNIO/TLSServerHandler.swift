public import NIOCore
public import SansIOTLS

/// The TLS of a channel that was connected to. It begins when the channel is active, or is added to one that is.
///
/// ```swift
/// ServerBootstrap(group: group).childChannelInitializer { channel in
///   channel.eventLoop.makeCompletedFuture {
///     try channel.pipeline.syncOperations.addHandler(TLSServerHandler(context: context))
///   }
/// }
/// ```
public final class TLSServerHandler: TLSHandler {
  /// Makes a handler for one channel.
  ///
  /// - Parameters:
  ///   - context: made from a server's configuration; shared by as many handlers as are wanted.
  ///   - limits: the bounds of the engine.
  ///   - closeTimeout: how long `close`, or the answer to the peer's close_notify, waits for the channel to take what was flushed
  ///     before it, and ``TLSUnwrap`` for the peer to say more or goodbye.
  ///   - answer: answers the engine's questions; without it all are answered by `.proceed`.
  /// - Throws: ``SansIOTLS/TLSError`` as `TLSEngine.init` does, for example with code `.wrongRole`.
  public init(
    context: TLSContext, limits: TLSEngine.Limits = .default, closeTimeout: TimeAmount = .seconds(5),
    answer: Answering? = nil
  ) throws(TLSError) {
    super.init(try TLSEngine(.server, context: context, limits: limits), closeTimeout: closeTimeout, answer: answer)
  }
}
