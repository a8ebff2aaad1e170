public import NIOCore
public import SansIOTLS
public import SansIOTLSTransports

/// A handler for the client side of TLS. The handshake starts as soon as the handler is in the pipeline of an active
/// channel.
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
  /// Creates a handler for one channel.
  ///
  /// - Parameters:
  ///   - context: a context with a client configuration; any number of handlers may share it.
  ///   - serverName: the name of the server, which its certificate must match.
  ///   - session: a session to resume; new sessions are delivered as ``SansIOTLS/TLSEngine/Event/sessionTicket(_:)``.
  ///   - limits: the limits of the engine.
  ///   - sendsEarlyData: whether ``TLSEarlyWrite`` sends early data (0-RTT), which an attacker can send again. The
  ///     session's age is stated when the handler is created: a server rejects early data of a handler that waits for
  ///     its connection longer than eight seconds.
  ///   - closeTimeout: the time that `close`, or the response to the peer's close_notify, waits for the channel to
  ///     accept flushed data, and that ``TLSUnwrap`` waits for input from the peer.
  ///   - delegate: answers the engine's questions; `nil` lets the configuration decide.
  /// - Throws: ``SansIOTLS/TLSError`` as `TLSEngine.init` does, for example with code `.invalidServerName`.
  public init(
    context: TLSContext, serverName: TLSServerName, session: TLSSession? = nil, limits: TLSEngine.Limits = .default,
    sendsEarlyData: Bool = false, closeTimeout: TimeAmount = .seconds(5), delegate: (any TLSHandlerDelegate)? = nil
  ) throws(TLSError) {
    let engine = try TLSEngine(
      .client(serverName: serverName), context: context, limits: limits, session: session,
      sendsEarlyData: sendsEarlyData)
    super.init(engine, closeTimeout: closeTimeout, delegate: delegate)
  }

  /// Creates a handler for one channel, which resumes a session of a cache if that has one. New sessions are kept
  /// there, and not delivered as events.
  ///
  /// - Parameters:
  ///   - context: a context with a client configuration; any number of handlers may share it.
  ///   - serverName: the name of the server, which its certificate must match.
  ///   - sessions: the cache, which the handlers of all event loops share.
  ///   - limits: the limits of the engine.
  ///   - sendsEarlyData: as in ``init(context:serverName:session:limits:sendsEarlyData:closeTimeout:delegate:)``.
  ///   - closeTimeout: as there.
  ///   - delegate: answers the engine's questions; `nil` lets the configuration decide.
  /// - Throws: ``SansIOTLS/TLSError`` as `TLSEngine.init` does, for example with code `.invalidServerName`.
  public init(
    context: TLSContext, serverName: TLSServerName, sessions: TLSSessionCache, limits: TLSEngine.Limits = .default,
    sendsEarlyData: Bool = false, closeTimeout: TimeAmount = .seconds(5), delegate: (any TLSHandlerDelegate)? = nil
  ) throws(TLSError) {
    var connection = sessions.connection(to: serverName, context: context)
    let engine = try connection.makeEngine(limits: limits, sendsEarlyData: sendsEarlyData)
    super.init(engine, closeTimeout: closeTimeout, delegate: delegate)
    self.sessions = connection
  }

  /// The bytes of early data that can still be written, by ``TLSEarlyWrite``; 0 if none can be. See
  /// `TLSEngine.earlyDataCapacity`.
  public var earlyDataCapacity: Int { engine.earlyDataCapacity }

  override var earlyDataRoom: Int { earlyDataCapacity }
}
