public import SansIOTLS

/// A relay that moves bytes between a program and a network: plaintext on one side, ciphertext on the other, a
/// ``/SansIOTLS/TLSEngine`` between them. One thread, one `poll(2)` loop, memory that does not depend on the amount of
/// data.
///
/// ```swift
/// var relay = Relay(engine, ciphertext: network)
/// if relay.handshake() {                       // optional: inspects the parameters before plaintext moves
///   relay.attach(plaintext: program)
/// }
/// let report = relay.run()
/// ```
///
/// The rules:
/// - **Each direction ends independently.** The end of the program's data becomes a close_notify after all of that
///   data, and reading continues; the peer's close_notify closes the program's input, and writing continues. The
///   ciphertext output stays open until both have ended, because many transports close both directions when one ends.
/// - **Only what can be forwarded is read.** Ciphertext is read after all plaintext decrypted so far was delivered;
///   plaintext is read while little ciphertext waits to be sent. A slow reader on either side stops the writer on the
///   other.
/// - **What arrived is delivered.** Plaintext decrypted before a failure is delivered before the relay returns, and the
///   alert is sent to the peer. The relay stops waiting for an alert to leave after five seconds without progress. Data
///   that the peer sends meanwhile is dropped: some peers read only after all of it was accepted.
/// - **A failed ciphertext output** ends sending; what the peer sent is still read and delivered. During the handshake,
///   which cannot complete then, the relay waits five seconds at most for the peer's reason.
/// - **A clean end has sent everything.** A peer may send close_notify and leave while the program still writes. Data
///   that was read from the program and was not sent, or that its reader left in the pipe or the TCP connection, is
///   counted and makes the end a failure. The same holds for what the program writes in the second after it.
/// - **A program that failed is not reported as complete.** See ``attach(plaintext:decidingEnd:)``.
/// - **A program that no longer reads** (EPIPE) ends delivery: received data is counted and dropped. What the program
///   still writes is sent; after its end the relay closes and does not wait for the peer, who may never end.
/// - **Early data comes first.** A server's program that is attached before the handshake receives it at once; see
///   ``receiveEarlyData(until:)``. A client sends none but by ``sendFirst(_:)``.
/// - **A socket is not closed over unread bytes**, which on TCP would reset the connection and discard what is on its
///   way to the peer: after this side's end, the relay drops what a peer still sends until the peer's end, for five
///   seconds at most.
///
/// A call of the operating system moves 64 KiB at most, the contents of a pipe. The records of the ciphertext that it
/// sends are as many as fit the engine's buffer: with a `limits.bufferByteCount` of 68 KiB a transfer in bulk needs a
/// quarter of the writes that it needs with the default of 17 KiB. The size of a pipe is never changed: it is for those
/// to choose who created the pipe, and counts against a limit of their user.
///
/// The questions of a context that pauses for them are answered as the configuration decides, or by a closure.
public struct Relay: ~Copyable {
  /// The engine, for what a program asks of a connection: certificates, the verified chain, an exporter, a channel
  /// binding. The relay alone changes it.
  public internal(set) var engine: TLSEngine
  var ciphertext: NonblockingDescriptorPair
  var plaintext: NonblockingDescriptorPair?
  let observer: (any RelayObserver)?
  /// Answers the engine's questions; `nil`: as the configuration decides.
  let answer: ((inout TLSEngine) throws(TLSError) -> Void)?
  /// The descriptors of the latest `poll(2)`, kept so that an iteration allocates nothing.
  var pollSet = PollSet()
  /// Ciphertext read and not yet fed.
  var inbound = RelayBuffer()
  /// Plaintext read and not yet encrypted: four records that together fit a pipe, so that no small rest is left.
  var outgoing = RelayBuffer(capacity: RelayBuffer.capacity - 4 * recordOverhead)
  /// Plaintext decrypted and not yet written.
  var delivery = RelayBuffer()
  /// Plaintext that is sent before the program's, except what the server has accepted as early data.
  var leading: ArraySlice<UInt8> = []
  /// The program has received early data, and may answer before the handshake is done.
  var isAnsweringEarly = false

  var failure: TLSError?
  var hasClosedWriting = false
  var peerClosed = false
  var sourceError: TransportError?
  var sinkError: TransportError?
  var sinkLostData = false
  var programError: TransportError?
  /// The failure for which the relay stopped without the peer's doing.
  var abandonment: (side: RelayReport.Endpoint, error: TransportError)?
  /// The deadline for the last bytes of a failed connection, unless more than `sent` bytes have left by then.
  var lingering: (sent: Int, deadline: ContinuousClock.Instant)?
  /// The deadline of the handshake.
  var handshakeDeadline: ContinuousClock.Instant?
  /// The end of the last record of application data, as an offset in the outbound stream.
  var dataEnd = 0
  /// The records of application data that have not been sent whole: the end of each as an offset in the outbound
  /// stream, and its plaintext bytes.
  var unsentRecords: [(end: Int, plaintext: Int)] = []
  /// Decides what the end of the program's data means; `nil` if it means that the data is complete.
  var decideEnd: (() -> PlaintextEnd)?
  /// The deadline for that decision; `nil` before it is requested.
  var endDecisionDeadline: ContinuousClock.Instant?
  var isIncomplete = false

  /// The report so far; complete after ``run(progress:)`` has returned.
  public internal(set) var report = RelayReport()

  /// Plaintext is not read from the program while more ciphertext than this waits to be sent, in bytes.
  static let pendingOutputMark = 64 * 1024
  /// The plaintext of one record at most, in bytes.
  static let recordSize = TLSEngine.recordSize
  /// The header of a record and what encryption adds to it, at most, in bytes: CBC with SHA-384 adds 85.
  static let recordOverhead = 128
  /// The time that the last bytes of a failed connection may wait for a peer that does not read, and a socket for the
  /// end of a peer that still sends, in milliseconds.
  static let lingeringTime: Int32 = 5000
  /// The time after its end in which a program may decide what that end means, in milliseconds.
  static let endDecisionTime: Int32 = 1000
  /// The interval at which the decision is requested, in milliseconds.
  static let endDecisionInterval: Int32 = 2
  /// The time in which a program that is cut off may show that it has more to send, in milliseconds.
  static let remainderTime: Int32 = 1000

  /// Creates a relay. Nothing moves before ``handshake(until:)`` or ``run(progress:)``.
  ///
  /// - Parameters:
  ///   - engine: The engine, before its handshake.
  ///   - ciphertext: The transport to the peer.
  ///   - observer: Receives what the relay moves.
  ///   - answer: Answers the question that an engine stopped at, by one of its `answer` calls. Nothing moves until it
  ///     returns. `nil` answers as the configuration decides.
  public init(
    _ engine: consuming TLSEngine, ciphertext: consuming NonblockingDescriptorPair,
    observer: (any RelayObserver)? = nil, answering answer: ((inout TLSEngine) throws(TLSError) -> Void)? = nil
  ) {
    self.answer = answer
    self.engine = engine
    self.ciphertext = ciphertext
    self.observer = observer
    recordFlight()
  }

  /// The meaning of the end of the program's data.
  public enum PlaintextEnd: Sendable {
    /// The data is complete: close_notify is sent.
    case complete
    /// The program failed. No close_notify is sent, so that the peer does not mistake a part for the whole.
    case incomplete
    /// Not known yet.
    case undecided
  }

  /// Attaches the program's side. Before this, no application data is read from the engine.
  ///
  /// - Parameters:
  ///   - plaintext: Read for what is to be sent, written with what was received.
  ///   - decidingEnd: Called on the relay's thread after the program's data has ended, and again every few milliseconds
  ///     while it returns ``PlaintextEnd/undecided``, for example because the program has closed its output and has not
  ///     exited. Meanwhile received data is delivered. After one second without a decision the data counts as complete,
  ///     since a program may close its output and continue. `nil` makes the end of the data complete at once.
  public mutating func attach(
    plaintext: consuming NonblockingDescriptorPair, decidingEnd: (() -> PlaintextEnd)? = nil
  ) {
    self.plaintext = consume plaintext
    decideEnd = decidingEnd
  }

  /// Moves ciphertext until the handshake has completed or failed. Blocks the calling thread.
  ///
  /// - Parameter deadline: When an unfinished handshake is abandoned; without one the relay waits for a silent peer
  ///   without limit. The outcome is then a failure of the ciphertext transport: operation `.poll`, error number
  ///   `ETIMEDOUT`.
  /// - Returns: Whether it has completed: ``report`` then holds the negotiated parameters. If not, ``run(progress:)``
  ///   moves nothing more and ends the transports, and its report states why.
  ///
  /// Corresponds to `SSL_do_handshake(3)`.
  public mutating func handshake(until deadline: ContinuousClock.Instant? = nil) -> Bool {
    handshakeDeadline = deadline
    move(while: { relay in relay.report.negotiated == nil && !relay.hasEnded }, progress: { _ in })
    return report.negotiated != nil
  }

  /// Moves bytes until both directions have ended or the connection has failed, then closes the transports. Blocks the
  /// calling thread.
  ///
  /// - Parameter progress: Called in each iteration of the loop, at least once for each 64 KiB moved. The transfer
  ///   waits for it.
  /// - Returns: What happened. A second call changes nothing and returns the same.
  ///
  /// Corresponds to `poll(2)`.
  public mutating func run(progress: (borrowing RelayReport) -> Void = { _ in }) -> RelayReport {
    guard case .running = report.outcome else { return report }
    if handshake() {
      precondition(plaintext != nil, "attach(plaintext:) is required before run()")
      move(while: { relay in !relay.hasEnded }, progress: progress)
    }
    conclude()
    return report
  }

  // MARK: The loop

  mutating func move(while condition: (borrowing Relay) -> Bool, progress: (borrowing RelayReport) -> Void) {
    while true {
      advance()
      observer?.relayDidCompleteIteration(&engine)
      progress(report)
      guard condition(self) else { return }
      wait()
    }
  }

  /// Moves what can move now between memory and descriptors.
  private mutating func advance() {
    deliver()
    do throws(TLSError) {
      if failure == nil {
        try feed()
        if isEncrypting { try encrypt() }
      }
    } catch {
      fail(error)
    }
    if failure != nil { deliverEarlyData() }
    flush()
  }

  var sendingHasEnded: Bool {
    ciphertext.writingDescriptor == nil || (hasClosedWriting && engine.pendingOutputByteCount == 0)
  }

  var hasEnded: Bool {
    if abandonment != nil { return true }
    if failure != nil {
      let isDelivered = delivery.isEmpty && (plaintext == nil || !hasEarlyData)
      return isDelivered && (ciphertext.writingDescriptor == nil || engine.pendingOutputByteCount == 0)
    }
    if isIncomplete { return ciphertext.writingDescriptor == nil || engine.pendingOutputByteCount == 0 }
    return sendingHasEnded && delivery.isEmpty && (peerClosed || programError != nil)
  }
}
