public import NIOCore
public import SansIOTLS

/// An outbound event: writes plaintext before the handshake is done, all of it or nothing. Its promise is fulfilled
/// with the write of the ciphertext; it fails with ``Unavailable`` if the bytes cannot be sent early. Then nothing was
/// sent, and the application may write them as any other data.
///
/// A **client** that was created with `sendsEarlyData` sends early data (0-RTT), until the server's first bytes arrive.
/// **An attacker can send a copy of it to the server again**: write only what may be executed twice. In
/// `channelActive`, or before, it is sent with the ClientHello. `TLSEngine.Event.earlyData` follows the handshake: it
/// says that the server accepted the bytes, or how many it rejected. Nothing is sent again by itself. An application
/// that needs them in order writes no other data before that event.
///
/// A **server** with `TLSContext.Configuration.maximumEarlyDataByteCount` sends ordinary data earlier (0.5-RTT), for
/// example its answer to ``TLSEarlyData``; what is written before the ClientHello has arrived waits for that. The
/// client may be a replay, whose sender cannot read the answer.
///
/// ```swift
/// let promise = context.eventLoop.makePromise(of: Void.self)
/// context.triggerUserOutboundEvent(TLSEarlyWrite(request), promise: promise)
/// promise.futureResult.assumeIsolated().whenFailure { error in
///   guard error is TLSEarlyWrite.Unavailable else { return }
///   context.writeAndFlush(NIOAny(request), promise: nil)
/// }
/// ```
public struct TLSEarlyWrite: Sendable, Hashable {
  /// Early data cannot be sent. Nothing is wrong with the connection.
  public struct Unavailable: Error, Hashable, CustomStringConvertible {
    /// The reason.
    public let reason: TLSEarlyDataObstacle

    /// Creates the error.
    ///
    /// - Parameter reason: the reason.
    public init(_ reason: TLSEarlyDataObstacle) { self.reason = reason }

    /// The reason in words.
    public var description: String { reason.description }
  }

  /// The plaintext.
  public var bytes: ByteBuffer

  /// Creates the event.
  ///
  /// - Parameter bytes: the plaintext; on a client at most ``TLSClientHandler/earlyDataCapacity`` bytes.
  public init(_ bytes: ByteBuffer) { self.bytes = bytes }
}
