internal import SansIOTLS

/// The state of a ``TLSStream``, protected by its lock: the engine, the operations in flight, and the waiting tasks. No
/// call suspends.
struct TLSStreamState: ~Copyable, Sendable {
  /// The operations that the stream performs in tasks of its own.
  struct Operations: OptionSet, Hashable {
    let rawValue: UInt8
    static let receive = Operations(rawValue: 1 << 0)
    static let send = Operations(rawValue: 1 << 1)
    static let answer = Operations(rawValue: 1 << 2)
  }

  /// A task that waits for a change after `generation`.
  struct Waiter: Sendable {
    let number: UInt64
    let generation: UInt64
  }

  /// The next action of the sending operation.
  enum Sending: Sendable {
    case bytes([UInt8])
    case end
    /// The stream was released: these bytes, then the transport's end.
    case last([UInt8])
    case nothing
  }

  enum Direction { case reading, writing }

  var engine: TLSEngine
  private let allowsReadAhead: Bool

  /// Ciphertext received, and not yet accepted by the engine.
  private var unfed: ArraySlice<UInt8> = []
  private var inputEnded = false
  /// Plaintext that `unwrap` read instead of the end; the next call to read returns it.
  private var unread: [UInt8] = []
  /// Whether a call waits for ciphertext.
  private var wantsInput = false
  /// The error that ended receiving, or sending.
  private var receivingError: TLSStreamError?
  private var sendingError: TLSStreamError?
  /// The error that ended the stream.
  private var failure: TLSStreamError?

  /// Whether the handshake was closed before its end.
  private var isAbandoned = false
  /// Whether an operation was started.
  private var isUsed = false
  /// Whether the stream's user has released it.
  private var isDropped = false
  /// The number of receives in a row without a byte.
  private var emptyReceives = 0

  private var inFlight: Operations = []
  /// The number of the start of each operation in flight.
  private var starts: [Operations: UInt64] = [:]
  private var tasks: [Operations: Task<Void, Never>] = [:]
  private var hasReader = false
  private var hasWriter = false

  /// Ciphertext bytes that the transport has accepted.
  private var sentCount = 0
  /// Ciphertext bytes of the transport's current call.
  private var sendingCount = 0
  /// Whether the transport's end was requested, and whether it is done.
  private var wantsEnd = false
  private var hasEnded = false

  private var generation: UInt64 = 0
  private var nextNumber: UInt64 = 0
  private var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
  private var ready: [CheckedContinuation<Void, Never>] = []

  /// The bytes passed to one call of the transport at most.
  static let sendingSize = 65_536

  /// The bytes requested by one call of the transport at most, with read-ahead.
  private static let receivingLimit = 65_536

  /// The number of receives in a row that may return no byte. Each costs an iteration of the loop: without a limit they
  /// would occupy a whole processor.
  private static let emptyReceiveLimit = 64

  init(_ engine: consuming TLSEngine, allowsReadAhead: Bool) {
    self.engine = engine
    self.allowsReadAhead = allowsReadAhead
  }

  // MARK: Calls

  mutating func enter(_ direction: Direction) throws(TLSStreamError) {
    switch direction {
    case .reading:
      if hasReader { throw TLSStreamError(.concurrentCall) }
      hasReader = true
    case .writing:
      if hasWriter { throw TLSStreamError(.concurrentCall) }
      hasWriter = true
    }
  }

  mutating func leave(_ direction: Direction) {
    switch direction {
    case .reading: hasReader = false
    case .writing: hasWriter = false
    }
  }

  /// - Returns: `nil` if it has to wait.
  mutating func handshake() throws(TLSStreamError) -> TLSEngine.NegotiatedParameters? {
    try checkFailure()
    feed()
    while true {
      if case .done = try tls({ (engine) throws(TLSError) in try engine.handshake() }) { return engine.negotiated }
      guard try retries() else { return nil }
    }
  }

  /// - Returns: `nil` if it has to wait; `.some(nil)` at the end.
  mutating func read(upTo count: Int) throws(TLSStreamError) -> [UInt8]?? {
    try checkFailure()
    if !unread.isEmpty {
      defer { unread = [] }
      return unread
    }
    feed()
    while true {
      switch try tls({ (engine) throws(TLSError) in try engine.read(upTo: count) }) {
      case .done(let bytes): return .some(bytes)
      case .endOfStream: return .some(nil)
      default: guard try retries() else { return nil }
      }
    }
  }

  /// Encrypts as much as there is room for.
  ///
  /// - Parameter rest: The plaintext that is left.
  /// - Returns: If nothing is left, the number of ciphertext bytes that the transport has to accept; `nil` if it has to
  ///   wait.
  mutating func write(_ rest: inout ArraySlice<UInt8>) throws(TLSStreamError) -> Int? {
    try checkFailure()
    if let sendingError { throw sendingError }
    feed()
    while true {
      switch try tls({ (engine) throws(TLSError) in try engine.write(rest) }) {
      case .done(let count):
        rest = rest.dropFirst(count)
        if rest.isEmpty { return encryptedCount }
      case .needsDrain: return nil
      default: guard try retries() else { return nil }
      }
    }
  }

  /// - Returns: The number of ciphertext bytes that the transport has to accept; `nil` if it has to wait.
  mutating func close() throws(TLSStreamError) -> Int? {
    try checkFailure()
    feed()
    while true {
      if case .done = try tls({ (engine) throws(TLSError) in try engine.closeWriting() }) {
        if engine.negotiated == nil, !isAbandoned {
          isAbandoned = true
          changed()
        }
        return encryptedCount
      }
      guard try retries() else { return nil }
    }
  }

  /// - Returns: `nil` until the transport has accepted that many ciphertext bytes.
  func hasSent(_ end: Int) throws(TLSStreamError) -> Void? {
    if sentCount >= end { return () }
    if let error = failure ?? sendingError { throw error }
    return nil
  }

  mutating func closeOutput() throws(TLSStreamError) -> Void? {
    if hasEnded { return () }
    if let error = failure ?? sendingError { throw error }
    wantsEnd = true
    return nil
  }

  /// - Returns: The bytes received after the peer's close_notify; `nil` if it has to wait for that.
  mutating func unwrap() throws(TLSStreamError) -> [UInt8]? {
    try checkFailure()
    if !unread.isEmpty { throw TLSStreamError(.unreadPlaintext) }
    feed()
    while true {
      switch try tls({ (engine) throws(TLSError) in try engine.read(upTo: 1) }) {
      case .endOfStream:
        var trailing = engine.takeTrailingInput()
        trailing += unfed
        unfed = []
        failure = TLSStreamError(.unwrapped)
        return trailing
      case .done(let bytes):
        unread = bytes
        throw TLSStreamError(.unreadPlaintext)
      default: guard try retries() else { return nil }
      }
    }
  }

  /// Calls the engine. A failure is thrown, and its alert is still sent.
  private mutating func tls<Value>(
    _ body: (inout TLSEngine) throws(TLSError) -> Value
  ) throws(TLSStreamError) -> Value {
    do throws(TLSError) { return try body(&engine) } catch { throw TLSStreamError(error) }
  }

  private func checkFailure() throws(TLSStreamError) {
    guard let failure else { return }
    // A failure of TLS is reported whatever was done to the stream afterwards.
    if let error = engine.failure { throw TLSStreamError(error) }
    throw failure
  }

  /// Handles a call that cannot proceed without more ciphertext or an answer.
  ///
  /// - Returns: Whether to repeat the call at once: it made room in the buffer, and more was fed. Otherwise it has to
  ///   wait.
  private mutating func retries() throws(TLSStreamError) -> Bool {
    if feed() { return true }
    if let receivingError { throw receivingError }
    wantsInput = true
    return false
  }

  private var encryptedCount: Int { sentCount + sendingCount + engine.pendingOutputByteCount }

  /// Feeds the engine what was received, as far as it accepts it.
  ///
  /// - Returns: Whether it accepted something.
  @discardableResult
  private mutating func feed() -> Bool {
    var isFed = false
    while !unfed.isEmpty, engine.failure == nil {
      // The engine keeps a failure; the call that follows reports it.
      let count = (try? engine.feed(unfed)) ?? 0
      if count == 0 { break }
      isFed = true
      unfed = unfed.dropFirst(count)
    }
    if unfed.isEmpty, inputEnded { engine.feedEOF() }
    return isFed
  }

  // MARK: Operations

  /// Marks the operations that are due as in flight.
  ///
  /// - Returns: The operations to start, and the number of this start.
  mutating func startOperations() -> (operations: Operations, number: UInt64) {
    var operations: Operations = []
    if isDropped {
      if needsEnd { operations.insert(.send) }
    } else if failure == nil {
      if wantsInput, unfed.isEmpty, !inputEnded, receivingError == nil { operations.insert(.receive) }
      if engine.pendingOutputByteCount > 0 || wantsEnd && !hasEnded, sendingError == nil { operations.insert(.send) }
      if engine.needs.contains(.answer) { operations.insert(.answer) }
    }
    operations.subtract(inFlight)
    inFlight.formUnion(operations)
    if !operations.isEmpty { isUsed = true }
    // A call that still waits sets this again when it repeats its attempt.
    wantsInput = false
    nextNumber += 1
    for operation in [Operations.receive, .send, .answer] where operations.contains(operation) {
      starts[operation] = nextNumber
    }
    return (operations, nextNumber)
  }

  /// Keeps the task of an operation, so that it can be cancelled.
  ///
  /// - Returns: Whether it is to be cancelled at once.
  mutating func remember(_ task: Task<Void, Never>, for operation: Operations, _ number: UInt64) -> Bool {
    // It may have ended already, and another of its kind may have started.
    if inFlight.contains(operation), starts[operation] == number { tasks[operation] = task }
    return failure != nil || isDropped
  }

  /// The number of bytes to request from the transport, at most.
  var receivingSize: Int { allowsReadAhead ? Self.receivingLimit : max(engine.bytesNeeded, 1) }

  mutating func received(_ bytes: [UInt8]?) {
    end(.receive)
    defer { changed() }
    // Some transports report an end when they are cancelled.
    guard failure == nil else { return }
    guard let bytes else {
      inputEnded = true
      feed()
      return
    }
    emptyReceives = bytes.isEmpty ? emptyReceives + 1 : 0
    if emptyReceives > Self.emptyReceiveLimit {
      let error = TLSStreamError(.emptyReceives)
      receivingError = error
      transportFailed(error)
    }
    unfed = bytes[...]
    feed()
  }

  mutating func receivingFailed(_ error: any Error) {
    end(.receive)
    // A receive that was cancelled as pointless may throw too: that is no failure, and the transport's end is still
    // due.
    if isOver { return changed() }
    let error = TLSStreamError(.transport, transport: error)
    receivingError = error
    transportFailed(error)
  }

  mutating func nextSending() -> Sending {
    if isDropped {
      end(.send)
      guard needsEnd else { return .nothing }
      defer { hasEnded = true }
      // Nothing can follow a piece that the transport accepted in part.
      return .last(failure == nil && sendingError == nil ? engine.drain() : [])
    }
    if failure == nil, sendingError == nil, engine.pendingOutputByteCount > 0 {
      let bytes = engine.drain(upTo: Self.sendingSize)
      sendingCount = bytes.count
      // There is room for a writer.
      changed()
      return .bytes(bytes)
    }
    if failure == nil, sendingError == nil, wantsEnd, !hasEnded { return .end }
    end(.send)
    changed()
    return .nothing
  }

  mutating func sent(_ count: Int) {
    sentCount += count
    sendingCount = 0
    changed()
  }

  mutating func sendingEnded() { hasEnded = true }

  /// The operation continues with ``nextSending()``, which ends it.
  mutating func sendingFailed(_ error: any Error) {
    sendingCount = 0
    let error = TLSStreamError(.transport, transport: error)
    sendingError = error
    transportFailed(error)
  }

  /// A handshake cannot complete over half a transport: the stream has failed permanently. After a failure of TLS the
  /// alert may still be sent.
  private mutating func transportFailed(_ error: TLSStreamError) {
    if failure == nil, engine.negotiated == nil, engine.failure == nil { failure = error }
    changed()
  }

  /// Returns the question to answer; without one the answering operation has ended.
  mutating func takeQuestion() -> TLSEngine.Question? {
    if engine.question == nil { end(.answer) }
    return engine.question
  }

  mutating func answered(_ answer: (inout TLSEngine) throws(TLSError) -> Void) {
    end(.answer)
    defer { changed() }
    // After a close or a failure there is nothing to answer any more.
    guard failure == nil, engine.question != nil else { return }
    do throws(TLSError) {
      try answer(&engine)
    } catch {
      // An answer to another question than was asked ends the stream: asking again would have the same result.
      if engine.failure == nil { failure = TLSStreamError(error) }
    }
  }

  /// Ends everything.
  ///
  /// - Returns: The tasks to cancel.
  mutating func fail(_ error: TLSStreamError) -> [Task<Void, Never>] {
    if failure == nil { failure = error }
    defer { tasks = [:] }
    changed()
    return Array(tasks.values)
  }

  /// Notes that the stream's user has released it.
  ///
  /// - Returns: The sending task, to be cancelled.
  mutating func drop() -> Task<Void, Never>? {
    isDropped = true
    return tasks.removeValue(forKey: .send)
  }

  /// Whether the transport of a released stream is to be ended: not if another owns it, and not if it was never used.
  private var needsEnd: Bool {
    if failure?.code == .unwrapped || failure?.code == .aborted { return false }
    return isUsed && !hasEnded
  }

  private mutating func end(_ operation: Operations) {
    inFlight.remove(operation)
    tasks[operation] = nil
  }

  // MARK: Waiting

  mutating func newWaiter() -> Waiter {
    nextNumber += 1
    return Waiter(number: nextNumber, generation: generation)
  }

  /// - Returns: Whether there is something to wait for; `false` if the state has changed already.
  mutating func register(_ waiter: Waiter, _ continuation: CheckedContinuation<Void, Never>) -> Bool {
    guard generation == waiter.generation else { return false }
    waiting[waiter.number] = continuation
    return true
  }

  mutating func withdraw(_ waiter: Waiter) -> CheckedContinuation<Void, Never>? {
    waiting.removeValue(forKey: waiter.number)
  }

  /// Notes a change: waiting calls repeat their attempt as soon as the lock is free.
  mutating func changed() {
    generation += 1
    ready += waiting.values
    waiting = [:]
  }

  /// The actions after the lock is released: calls to resume, and operations to cancel that have become pointless.
  ///
  /// Resuming a task acquires the lock of its status, which a thread that cancels the task holds while it waits in the
  /// cancellation handler for this one; cancelling a task runs handlers.
  struct Wakeups: Sendable {
    var ready: [CheckedContinuation<Void, Never>] = []
    var pointless: [Task<Void, Never>] = []
  }

  mutating func takeWakeups() -> Wakeups {
    defer { ready = [] }
    var wakeups = Wakeups(ready: ready)
    if isOver {
      // Sending continues, in particular for an alert.
      for operation in [Operations.receive, .answer] {
        if let task = tasks.removeValue(forKey: operation) { wakeups.pointless.append(task) }
      }
    }
    return wakeups
  }

  /// Whether nothing that could still arrive would matter.
  private var isOver: Bool {
    failure != nil || engine.failure != nil || isAbandoned || isDropped
  }
}
