internal import SansIOTLS

/// The state of a ``TLSStream``, protected by its lock: the engine, what is in flight, and the waiting tasks. No call
/// suspends.
struct TLSStreamState: ~Copyable, Sendable {
  var engine: TLSEngine
  /// The transport, if its calls return at once. Otherwise ``operations`` call it.
  let nonblocking: (any NonblockingByteTransport)?
  let allowsReadAhead: Bool
  /// Keeps the sessions that the server issues.
  var sessions: TLSSessionCache.Connection?

  var input = Input()
  var output = Output()
  var operations = OperationsInFlight()
  var waiters = Waiters()

  /// The error that ended the stream.
  var failure: TLSStreamError?
  /// Whether the handshake was closed before its end.
  var isAbandoned = false
  /// Whether the stream's user has released it.
  var isDropped = false
  var hasReader = false
  var hasWriter = false
  /// Whether calls of ``nonblocking`` are to be completed after the lock is released.
  private var hasTransferred = false

  init(
    _ engine: consuming TLSEngine, over nonblocking: (any NonblockingByteTransport)?,
    sessions: TLSSessionCache.Connection?, allowsReadAhead: Bool
  ) {
    self.sessions = sessions
    self.engine = engine
    self.nonblocking = nonblocking
    self.allowsReadAhead = allowsReadAhead
  }

  // MARK: Transfers

  /// Notes a call of ``nonblocking``.
  mutating func noteTransfer() {
    operations.isUsed = true
    hasTransferred = true
  }

  mutating func takeTransferred() -> Bool {
    defer { hasTransferred = false }
    return hasTransferred
  }

  // MARK: Failing

  func checkFailure() throws(TLSStreamError) {
    if failure != nil { try throwFailure() }
  }

  private func throwFailure() throws(TLSStreamError) {
    // A failure of TLS is reported whatever was done to the stream afterwards.
    if let error = engine.failure { throw TLSStreamError(error) }
    if let failure { throw failure }
  }

  /// A handshake cannot complete over half a transport: the stream has failed permanently. After a failure of TLS the
  /// alert may still be sent.
  mutating func transportFailed(_ error: TLSStreamError) {
    if failure == nil, engine.negotiated == nil, engine.failure == nil { failure = error }
    changed(.all)
  }

  /// Ends everything.
  ///
  /// - Returns: The tasks to cancel.
  mutating func fail(_ error: TLSStreamError) -> [Task<Void, Never>] {
    if failure == nil { failure = error }
    changed(.all)
    return operations.takeTasks()
  }

  /// Notes that the stream's user has released it. What waits is still sent, as far as there is room.
  ///
  /// - Returns: The sending task, to be cancelled.
  mutating func drop() -> Task<Void, Never>? {
    if operations.isUsed {
      // There may be room now.
      output.isNotificationRequested = false
      sendNow()
    }
    isDropped = true
    return operations.takeTask(of: .send)
  }

  /// Whether nothing that could still arrive would matter.
  var isOver: Bool { failure != nil || engine.failure != nil || isAbandoned || isDropped }

  /// Whether the transport of a released stream is to be ended: not if another owns it, and not if it was never used.
  var needsEnd: Bool {
    if failure?.code == .unwrapped || failure?.code == .aborted { return false }
    return operations.isUsed && !output.hasEnded
  }
}
