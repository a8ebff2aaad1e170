public import NIOCore
public import SansIOTLS

/// A handler for the server side of TLS. The handshake starts as soon as the handler is in the pipeline of an active
/// channel.
///
/// ```swift
/// ServerBootstrap(group: group).childChannelInitializer { channel in
///   channel.eventLoop.makeCompletedFuture {
///     try channel.pipeline.syncOperations.addHandler(TLSServerHandler(context: context))
///   }
/// }
/// ```
public final class TLSServerHandler: TLSHandler {
  /// Creates a handler for one channel.
  ///
  /// - Parameters:
  ///   - context: a context with a server configuration; any number of handlers may share it.
  ///   - limits: the limits of the engine.
  ///   - closeTimeout: the time that `close`, or the response to the peer's close_notify, waits for the channel to
  ///     accept flushed data, and that ``TLSUnwrap`` waits for input from the peer.
  ///   - delegate: answers the engine's questions; `nil` lets the configuration decide.
  /// - Throws: ``SansIOTLS/TLSError`` as `TLSEngine.init` does, for example with code `.wrongRole`.
  public init(
    context: TLSContext, limits: TLSEngine.Limits = .default, closeTimeout: TimeAmount = .seconds(5),
    delegate: (any TLSHandlerDelegate)? = nil
  ) throws(TLSError) {
    super.init(try TLSEngine(.server, context: context, limits: limits), closeTimeout: closeTimeout, delegate: delegate)
  }
}
