internal import NIOCore
public import SansIOTLS
internal import SansIOTLSTransports

/// A channel handler that encrypts and decrypts with one ``SansIOTLS/TLSEngine``: ciphertext toward the network,
/// plaintext toward the application, both as `ByteBuffer`.
///
/// Create a ``TLSClientHandler`` or a ``TLSServerHandler``.
///
/// | The application receives | when |
/// |---|---|
/// | ``TLSEarlyData`` | a client sent data early, and a server accepts it; before the handshake is complete |
/// | `TLSUserEvent.handshakeCompleted(negotiatedProtocol:)` | the handshake is complete; once, before any data |
/// | `ChannelEvent.inputClosed` | the peer closed its direction, and the channel allows remote half-closure |
/// | `TLSUserEvent.shutdownCompleted` | both sides closed cleanly; the channel is closed after it |
/// | `TLSEngine.Event` | the engine reports a session ticket, a warning, or what became of a client's early data |
/// | `errorCaught` with a `TLSError` | the connection failed; once. The alert is sent, then the channel is closed |
///
/// A transport that ends without close_notify is such a failure, with code `.truncated`.
///
/// The application's calls:
///
/// - `write` before the handshake is complete keeps the plaintext. The promise of a write is fulfilled with the write
///   of the ciphertext that carries its last byte, or fails once.
/// - `flush` encrypts pending writes while the channel is writable; the remainder stays plaintext until the channel is
///   writable again. An application that observes `isWritable` therefore has at most its last write pending. Before
///   `handshakeCompleted` this does not hold: nothing reaches the channel, which stays writable regardless of the
///   amount written.
/// - `close(mode: .output)` sends flushed data and close_notify; reading continues. The transport stays open in both
///   directions until both sides have closed.
/// - `close(mode: .all)` does the same and closes the channel, without waiting for the peer's close_notify.
/// - ``TLSEarlyWrite`` sends data before the handshake is complete; `write` never does.
/// - ``TLSUnwrap``, or the removal of the handler, ends TLS and continues in plaintext.
/// - An `IdleStateHandler` in front of this handler makes the connection hibernate at its event `.all`; see
///   ``hibernate()``.
///
/// `channelReadComplete` follows data only, early or not, as on a channel without TLS.
///
/// Without remote half-closure, the peer's close_notify is answered after flushed data. After both sides have closed,
/// the channel is closed once it has accepted the remaining bytes, or once it has accepted none for `closeTimeout`.
/// That time restarts each time the channel becomes writable.
///
/// Closing a channel does not wait until the peer has read. If bytes of the peer are unread in a TCP socket, Linux
/// resets the connection, and the last bytes sent may be lost: data before `close(mode: .all)`, close_notify, the alert
/// of a failure. If the last bytes must arrive, use `close(mode: .output)` and wait for the peer's close_notify.
///
/// A handler belongs to its channel's event loop and is created there.
public class TLSHandler {
  enum Phase {
    /// The channel is not active yet.
    case idle
    case live
    /// The channel is closed, or will be after the last bytes were sent.
    case ended
    /// TLS has ended: everything passes unchanged.
    case unwrapped
  }

  enum CloseNotifyState {
    case notRequested
    /// close_notify follows flushed data.
    case pending
    /// close_notify was written to the channel.
    case written
    /// The transport accepted close_notify.
    case sent
  }

  var engine: TLSEngine
  /// The handler's place in the pipeline, for calls from outside of it.
  var context: ChannelHandlerContext?
  /// Keeps the sessions of a client; `nil` without a cache.
  var sessions: TLSSessionCache.Connection?
  let delegate: (any TLSHandlerDelegate)?
  let closeTimeout: TimeAmount

  var phase = Phase.idle
  var isHandshakeDone = false
  /// The error that ended the connection; later writes fail with it.
  var failure: (any Error)?

  // The engine, the pending writes and the kept buffers are accessed rarely: each access is checked at run time.
  // What is asked at each message has a flag of its own.

  /// Ciphertext that the engine has not accepted: an answer is pending, or it follows close_notify.
  var unfed: ByteBuffer?
  /// The last read ended inside a record: the next one may yield more plaintext than it has ciphertext.
  var endsInsideRecord = false
  var isAwaitingAnswer = false
  var isAdvancing = false
  var needsProcessing = false
  /// The channel became inactive during a call to the application, which is completed first.
  var isInactiveDue = false
  /// The handler is reporting the channel's end: the failure first, then `channelInactive`.
  var isReportingEnd = false
  var isUnregisteredDue = false
  /// The transport ended; the engine receives EOF after all input before it.
  var hasInputEnded = false
  /// Data was delivered since the last `channelReadComplete`.
  var hasDelivered = false
  /// The application requested a read and has received nothing since.
  var isReadPending = false
  /// The peer's close_notify was read.
  var isInputClosed = false

  /// Plaintext that waits to be sent early.
  var earlyWrites: [PendingEarlyWrite] = []
  var pendingWrites = PendingWrites()
  /// Whether flushed data is pending.
  var hasFlushedWrites = false
  /// Ciphertext was written to the channel and not flushed.
  var needsFlush = false
  /// The engine failed, and the failure will be reported after the data before it.
  var isFailureDue = false

  /// The last small buffers of each direction. A buffer is reused if no one else refers to it.
  var sentBuffer: ByteBuffer?
  var deliveredBuffer: ByteBuffer?

  var closeNotify = CloseNotifyState.notRequested
  var isUnwrapping = false
  var isClosing = false
  var closeNotifyPromise: EventLoopPromise<Void>?
  var unwrapPromise: EventLoopPromise<Void>?
  var closePromise: EventLoopPromise<Void>?
  var closeTimer: Scheduled<Void>?
  var unwrapTimer: Scheduled<Void>?
  /// TLS has ended on both sides, and the input after it is being delivered.
  var isCompletingUnwrap = false
  var removalToken: ChannelHandlerContext.RemovalToken?

  init(_ engine: consuming TLSEngine, closeTimeout: TimeAmount, delegate: (any TLSHandlerDelegate)?) {
    self.engine = engine
    self.closeTimeout = closeTimeout
    self.delegate = delegate
  }

  /// The parameters that both sides negotiated; `nil` before the handshake is complete.
  public var negotiated: TLSEngine.NegotiatedParameters? { engine.negotiated }

  /// The bytes that may still be sent early: what a server sends is ordinary data, and not counted.
  var earlyDataRoom: Int { .max }

  /// The peer's certificates as it sent them, leaf first; empty if it sent none.
  public var peerCertificates: [TLSCertificate] { engine.peerCertificates }

  /// Provides the engine for what has no call here: the verified chain, an exporter, a channel binding, a KeyUpdate,
  /// tickets, a request for the client's certificate. What it has to send afterwards is sent.
  ///
  /// ```swift
  /// let binding = try tls.withEngine { engine throws(TLSError) in try engine.channelBinding(.exporter) }
  /// ```
  ///
  /// - Parameter body: must not call the channel. Ciphertext, plaintext, answers and the close are the handler's.
  /// - Returns: the result of `body`.
  /// - Throws: any error of `body`.
  public func withEngine<Result, Failure: Error>(
    _ body: (inout TLSEngine) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { sendEngineOutput() }
    return try body(&engine)
  }

  /// Releases about 70 KB of buffers of an idle connection. The next bytes, in either direction, reallocate them.
  ///
  /// - Returns: whether the buffers were released; `false` while bytes are pending. See `TLSEngine.hibernate`.
  @discardableResult
  public func hibernate() -> Bool {
    sentBuffer = nil
    deliveredBuffer = nil
    return engine.hibernate()
  }
}

@available(*, unavailable)
extension TLSHandler: Sendable {}
