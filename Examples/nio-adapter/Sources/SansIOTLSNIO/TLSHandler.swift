public import NIOCore
public import SansIOTLS

/// TLS in a channel's pipeline: one ``SansIOTLS/TLSEngine`` between ciphertext toward the network and plaintext toward the
/// application, both as `ByteBuffer`. Made as ``TLSClientHandler`` or ``TLSServerHandler``.
///
/// | The application sees | when |
/// |---|---|
/// | `TLSUserEvent.handshakeCompleted(negotiatedProtocol:)` | the handshake is done; once, before any data |
/// | `ChannelEvent.inputClosed` | the peer closed its direction, and the channel allows remote half-closure |
/// | `TLSUserEvent.shutdownCompleted` | both sides closed cleanly; the channel is closed after it |
/// | `SansIOTLS.Event` | the rest that the engine tells: session tickets, warnings |
/// | `errorCaught` with a `TLSError` | the connection failed; once. The alert leaves, then the channel is closed |
///
/// A transport that ends without close_notify is such a failure, with code `.truncated`.
///
/// What the application may do:
///
/// - `write` before the handshake is done: it waits. The promise of a write is fulfilled with the write of the
///   ciphertext that carries its last byte, or fails once.
/// - `flush` seals what was written, as long as the channel is writable; the rest stays plaintext until the channel is
///   writable again. An application that heeds `isWritable` then has no more waiting than its own last write. Not so before
///   `handshakeCompleted`: nothing reaches the channel until then, which stays writable however much is written.
/// - `close(mode: .output)` sends what was flushed and close_notify; reading goes on. The transport stays open in both
///   directions until both sides have closed.
/// - `close(mode: .all)` does the same and closes the channel, without waiting for the peer's close_notify.
/// - `channelReadComplete` comes behind data only, as from a channel without TLS.
/// - trigger ``TLSUnwrap``, or remove the handler, to go on in clear.
/// - put an `IdleStateHandler` in front: at its event `.all` the connection hibernates, see ``hibernate()``.
///
/// Without remote half-closure the peer's close_notify is answered behind what was flushed. When both sides have closed, the
/// channel is too, as soon as it has taken the rest; or when it takes nothing for `closeTimeout`, which counts anew each time
/// that it becomes writable.
///
/// A channel that is closed does not wait until the peer has read. Where bytes of the peer's lie unread in a TCP socket, Linux
/// resets the connection, and what was sent last may be lost on the way: data before `close(mode: .all)`, close_notify, the
/// alert of a failure. Who needs the last bytes to arrive uses `close(mode: .output)` and waits for the peer's end.
///
/// A handler belongs to its channel's event loop and is made there.
public class TLSHandler {
  /// Answers a question of the engine, now or later; meanwhile nothing is read from the channel. A failed future, or an
  /// answer that does not fit, refuses the peer with the alert handshake_failure.
  public typealias Answering = (_ question: TLSEngine.Question, _ eventLoop: any EventLoop) -> EventLoopFuture<TLSEngine.Answer>

  enum Phase {
    /// The channel is not active yet.
    case idle
    case live
    /// The channel is closed, or will be as soon as the last bytes have left.
    case ended
    /// TLS was unwrapped: everything passes as it is.
    case left
  }

  enum Goodbye {
    case unsaid
    /// close_notify is to follow what was flushed.
    case wanted
    /// close_notify was handed to the channel.
    case said
    /// close_notify was taken by the transport.
    case sent
  }

  var engine: TLSEngine
  let answer: Answering?
  let closeTimeout: TimeAmount

  var phase = Phase.idle
  var isHandshakeDone = false
  /// What ended the connection; later writes fail by it.
  var failure: (any Error)?

  /// Ciphertext that the engine has not accepted yet: it waits for an answer, or came behind close_notify.
  var unfed = ByteBuffer()
  /// The last read ended inside a record: the next one may yield more plaintext than came in ciphertext.
  var endsInsideRecord = false
  var isAsking = false
  var isAdvancing = false
  var isTurnDue = false
  /// The channel ended while something was told to the application: that is told first.
  var isInactiveDue = false
  /// What the channel's end means is being told; the end itself is told last.
  var isTellingEnd = false
  var isUnregisteredDue = false
  /// The transport ended; the engine is told behind all that came before.
  var hasInputEnded = false
  /// Data was passed on since the application was last told that a read is complete.
  var hasDelivered = false
  /// The application asked for a read and got nothing yet.
  var isReadPending = false
  /// The peer's close_notify was read.
  var isInputClosed = false

  var pendingWrites = PendingWrites()

  var goodbye = Goodbye.unsaid
  var isUnwrapping = false
  var isClosing = false
  var goodbyePromise: EventLoopPromise<Void>?
  var unwrapPromise: EventLoopPromise<Void>?
  var closePromise: EventLoopPromise<Void>?
  var closeTimer: Scheduled<Void>?
  var unwrapTimer: Scheduled<Void>?
  /// TLS is over on both sides, and what came behind it is passed on right now.
  var isLeaving = false
  var removalToken: ChannelHandlerContext.RemovalToken?

  init(_ engine: consuming TLSEngine, closeTimeout: TimeAmount, answer: Answering?) {
    self.engine = engine
    self.closeTimeout = closeTimeout
    self.answer = answer
  }

  /// What the two sides agreed on, `nil` before the handshake is done.
  public var negotiated: TLSEngine.NegotiatedParameters? { engine.negotiated }

  /// The peer's certificates as it sent them, leaf first; empty where it sent none.
  public var peerCertificates: [TLSCertificate] { engine.peerCertificates }

  /// Keying material for another protocol, bound to this connection; see `TLSEngine.exportKeyingMaterial`.
  ///
  /// - Parameters:
  ///   - label: the exporter label, 1 to 249 bytes.
  ///   - context: the context value, if there is one.
  ///   - count: bytes wanted, 1 to 8,160.
  /// - Returns: the bytes.
  /// - Throws: ``SansIOTLS/TLSError``, with code `.handshakeNotComplete` before the handshake is done.
  public func exportKeyingMaterial(label: String, context: [UInt8]? = nil, count: Int) throws(TLSError) -> [UInt8] {
    try engine.exportKeyingMaterial(label: label, context: context, count: count)
  }

  /// Gives back about 70 KB that an idle connection does not need; the next bytes bring them back by themselves.
  ///
  /// - Returns: whether it hibernates now; not while there is something to send or to read. See `TLSEngine.hibernate`.
  @discardableResult
  public func hibernate() -> Bool { engine.hibernate() }
}

@available(*, unavailable)
extension TLSHandler: Sendable {}
