internal import SansIOTLS

/// What a ``TLSStream`` keeps behind its lock: the engine, what is under way, and who waits. No call here suspends.
struct TLSStreamState: ~Copyable, Sendable {
  /// What the stream does by tasks of its own.
  struct Errands: OptionSet, Hashable {
    let rawValue: UInt8
    static let receive = Errands(rawValue: 1 << 0)
    static let send = Errands(rawValue: 1 << 1)
    static let answer = Errands(rawValue: 1 << 2)
  }

  /// Someone who waits for a change after `generation`.
  struct Waiter: Sendable {
    let number: UInt64
    let generation: UInt64
  }

  /// What the sending errand does next.
  enum Sending: Sendable {
    case bytes([UInt8])
    case end
    /// The stream was dropped: these bytes, then the transport's end.
    case last([UInt8])
    case nothing
  }

  enum Direction { case reading, writing }

  var engine: TLSEngine
  private let readsExactly: Bool

  /// Received, and not yet accepted by the engine.
  private var unfed: ArraySlice<UInt8> = []
  private var inputEnded = false
  /// Plaintext that `unwrap` met instead of the end; it is the next to be read.
  private var unread: [UInt8] = []
  /// Someone waits for ciphertext.
  private var isHungry = false
  /// Why nothing more comes in, or goes out.
  private var receivingError: TLSStreamError?
  private var sendingError: TLSStreamError?
  /// Why everything is over.
  private var failure: TLSStreamError?

  /// The handshake was closed before its end.
  private var isAbandoned = false
  /// An errand was begun.
  private var isUsed = false
  /// The stream's user let go of it.
  private var isDropped = false
  /// How many receives in a row brought no byte.
  private var emptyReceives = 0

  private var underway: Errands = []
  /// Which beginning of an errand it is that is under way.
  private var beginnings: [Errands: UInt64] = [:]
  private var tasks: [Errands: Task<Void, Never>] = [:]
  private var readers = false
  private var writers = false

  /// Ciphertext bytes that the transport took.
  private var sentCount = 0
  /// Ciphertext bytes that the transport is taking.
  private var sendingCount = 0
  /// The transport's own end: asked for, and done.
  private var wantsEnd = false
  private var hasEnded = false

  private var generation: UInt64 = 0
  private var nextNumber: UInt64 = 0
  private var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
  private var ready: [CheckedContinuation<Void, Never>] = []

  /// What one call of the transport is given at most, in bytes.
  static let sendingSize = 65_536

  /// What one call of the transport gives at most, in bytes, where it need not be exact.
  private static let receivingLimit = 65_536

  /// How many receives in a row may bring no byte. Each costs a round of the loop: without an end they would take a whole
  /// processor.
  private static let emptyReceiveLimit = 64

  init(_ engine: consuming TLSEngine, readsExactly: Bool) {
    self.engine = engine
    self.readsExactly = readsExactly
  }

  // MARK: Calls

  mutating func enter(_ direction: Direction) throws(TLSStreamError) {
    switch direction {
    case .reading:
      if readers { throw TLSStreamError(.busy) }
      readers = true
    case .writing:
      if writers { throw TLSStreamError(.busy) }
      writers = true
    }
  }

  mutating func leave(_ direction: Direction) {
    switch direction {
    case .reading: readers = false
    case .writing: writers = false
    }
  }

  /// - Returns: `nil` while it has to wait.
  mutating func handshake() throws(TLSStreamError) -> TLSEngine.NegotiatedParameters? {
    try checkFailure()
    feed()
    while true {
      if case .done = try tls({ (engine) throws(TLSError) in try engine.handshake() }) { return engine.negotiated }
      guard try goesOn() else { return nil }
    }
  }

  /// - Returns: `nil` while it has to wait; `.some(nil)` at the end.
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
      default: guard try goesOn() else { return nil }
      }
    }
  }

  /// Seals as much as there is room for.
  ///
  /// - Parameter rest: what is left to be sealed.
  /// - Returns: when nothing is left, up to where the transport has to take the ciphertext; `nil` while it has to wait.
  mutating func write(_ rest: inout ArraySlice<UInt8>) throws(TLSStreamError) -> Int? {
    try checkFailure()
    if let sendingError { throw sendingError }
    feed()
    while true {
      switch try tls({ (engine) throws(TLSError) in try engine.write(rest) }) {
      case .done(let count):
        rest = rest.dropFirst(count)
        if rest.isEmpty { return sealedCount }
      case .needsDrain: return nil
      default: guard try goesOn() else { return nil }
      }
    }
  }

  /// - Returns: up to where the transport has to take the ciphertext; `nil` while it has to wait.
  mutating func close() throws(TLSStreamError) -> Int? {
    try checkFailure()
    feed()
    while true {
      if case .done = try tls({ (engine) throws(TLSError) in try engine.close() }) {
        if engine.negotiated == nil, !isAbandoned {
          isAbandoned = true
          changed()
        }
        return sealedCount
      }
      guard try goesOn() else { return nil }
    }
  }

  /// - Returns: `nil` until the transport took the ciphertext up to there.
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

  /// - Returns: what arrived behind the peer's close_notify; `nil` while it has to wait for that.
  mutating func unwrap() throws(TLSStreamError) -> [UInt8]? {
    try checkFailure()
    if !unread.isEmpty { throw TLSStreamError(.unread) }
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
        throw TLSStreamError(.unread)
      default: guard try goesOn() else { return nil }
      }
    }
  }

  /// Calls the engine. Its failure is told, but its alert is still to be sent.
  private mutating func tls<Value>(
    _ body: (inout TLSEngine) throws(TLSError) -> Value
  ) throws(TLSStreamError) -> Value {
    do throws(TLSError) { return try body(&engine) } catch { throw TLSStreamError(error) }
  }

  private func checkFailure() throws(TLSStreamError) {
    guard let failure else { return }
    // How TLS failed stays told, whatever was done to the stream behind it.
    if let error = engine.failure { throw TLSStreamError(error) }
    throw failure
  }

  /// Nothing can be done without more ciphertext, or without an answer.
  ///
  /// - Returns: whether to try again at once: the call made room in the ring, and more was fed. Otherwise it has to wait.
  private mutating func goesOn() throws(TLSStreamError) -> Bool {
    if feed() { return true }
    if let receivingError { throw receivingError }
    isHungry = true
    return false
  }

  private var sealedCount: Int { sentCount + sendingCount + engine.pendingOutputByteCount }

  /// Gives the engine what it takes of what was received.
  ///
  /// - Returns: whether it took something.
  @discardableResult
  private mutating func feed() -> Bool {
    var isFed = false
    while !unfed.isEmpty, engine.failure == nil {
      // A failure is latched in the engine; the call that follows tells it.
      let count = (try? engine.feed(unfed)) ?? 0
      if count == 0 { break }
      isFed = true
      unfed = unfed.dropFirst(count)
    }
    if unfed.isEmpty, inputEnded { engine.feedEOF() }
    return isFed
  }

  // MARK: Errands

  /// What is to be begun now, and the number of this beginning; it counts as under way from here on.
  mutating func takeErrands() -> (errands: Errands, number: UInt64) {
    var errands: Errands = []
    if isDropped {
      if owesEnd { errands.insert(.send) }
    } else if failure == nil {
      if isHungry, unfed.isEmpty, !inputEnded, receivingError == nil { errands.insert(.receive) }
      if engine.pendingOutputByteCount > 0 || wantsEnd && !hasEnded, sendingError == nil { errands.insert(.send) }
      if engine.needs.contains(.answer) { errands.insert(.answer) }
    }
    errands.subtract(underway)
    underway.formUnion(errands)
    if !errands.isEmpty { isUsed = true }
    // Who still waits says so again when it tries again.
    isHungry = false
    nextNumber += 1
    for errand in [Errands.receive, .send, .answer] where errands.contains(errand) { beginnings[errand] = nextNumber }
    return (errands, nextNumber)
  }

  /// Keeps an errand's task, so that it can be cancelled.
  ///
  /// - Returns: whether it is to be cancelled at once.
  mutating func remember(_ task: Task<Void, Never>, for errand: Errands, _ number: UInt64) -> Bool {
    // It may have ended already, and another of its kind have begun.
    if underway.contains(errand), beginnings[errand] == number { tasks[errand] = task }
    return failure != nil || isDropped
  }

  /// How many bytes the transport is asked for, at most.
  var receivingSize: Int { readsExactly ? max(engine.bytesNeeded, 1) : Self.receivingLimit }

  mutating func received(_ bytes: [UInt8]?) {
    end(.receive)
    defer { changed() }
    // Some transports that are cancelled tell an end.
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
    // One that was cancelled as pointless throws too, if it can: that is no failure, and the transport's end is still due.
    if isOver { return changed() }
    let error = TLSStreamError(.transport, transport: error)
    receivingError = error
    transportFailed(error)
  }

  mutating func nextSending() -> Sending {
    if isDropped {
      end(.send)
      guard owesEnd else { return .nothing }
      defer { hasEnded = true }
      // Behind a piece that the transport took in part nothing can follow.
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

  /// The errand goes on with ``nextSending()``, which ends it.
  mutating func sendingFailed(_ error: any Error) {
    sendingCount = 0
    let error = TLSStreamError(.transport, transport: error)
    sendingError = error
    transportFailed(error)
  }

  /// A handshake cannot be completed by half a transport: it has failed for good. One that TLS has failed already may still
  /// send its alert.
  private mutating func transportFailed(_ error: TLSStreamError) {
    if failure == nil, engine.negotiated == nil, engine.failure == nil { failure = error }
    changed()
  }

  /// What the answering errand is to answer; without a question it has ended.
  mutating func takeQuestion() -> TLSEngine.Question? {
    if engine.question == nil { end(.answer) }
    return engine.question
  }

  mutating func answered(_ answer: TLSEngine.Answer) {
    end(.answer)
    defer { changed() }
    // A close or a failure came first: there is nothing to answer any more.
    guard failure == nil, engine.question != nil else { return }
    do throws(TLSError) {
      try engine.answer(answer)
    } catch {
      // An answer to another question than was asked: there is nobody to ask again.
      if engine.failure == nil { failure = TLSStreamError(error) }
    }
  }

  /// Ends everything.
  ///
  /// - Returns: the errands' tasks, to be cancelled.
  mutating func fail(_ error: TLSStreamError) -> [Task<Void, Never>] {
    if failure == nil { failure = error }
    defer { tasks = [:] }
    changed()
    return Array(tasks.values)
  }

  /// The stream's user let go of it.
  ///
  /// - Returns: the sending errand's task, to be cancelled.
  mutating func drop() -> Task<Void, Never>? {
    isDropped = true
    return tasks.removeValue(forKey: .send)
  }

  /// Whether the transport of a dropped stream is to be ended: not if another owns it, and not if nothing was asked of it.
  private var owesEnd: Bool {
    if failure?.code == .unwrapped || failure?.code == .aborted { return false }
    return isUsed && !hasEnded
  }

  private mutating func end(_ errand: Errands) {
    underway.remove(errand)
    tasks[errand] = nil
  }

  // MARK: Waiting

  mutating func newWaiter() -> Waiter {
    nextNumber += 1
    return Waiter(number: nextNumber, generation: generation)
  }

  /// - Returns: whether there is something to wait for; `false` if it has changed already.
  mutating func register(_ waiter: Waiter, _ continuation: CheckedContinuation<Void, Never>) -> Bool {
    guard generation == waiter.generation else { return false }
    waiting[waiter.number] = continuation
    return true
  }

  mutating func withdraw(_ waiter: Waiter) -> CheckedContinuation<Void, Never>? {
    waiting.removeValue(forKey: waiter.number)
  }

  /// Something changed: whoever waits tries again, as soon as the lock is free.
  mutating func changed() {
    generation += 1
    ready += waiting.values
    waiting = [:]
  }

  /// What is to be done behind the lock: tasks to be resumed, and errands to be cancelled that have become pointless.
  ///
  /// Resuming a task takes the lock of its status, which a thread that cancels the task holds while it waits in the
  /// cancellation handler for this one; cancelling one runs handlers.
  struct Aftermath: Sendable {
    var ready: [CheckedContinuation<Void, Never>] = []
    var pointless: [Task<Void, Never>] = []
  }

  mutating func takeAftermath() -> Aftermath {
    defer { ready = [] }
    var aftermath = Aftermath(ready: ready)
    if isOver {
      // What is to be sent, an alert above all, still leaves.
      for errand in [Errands.receive, .answer] {
        if let task = tasks.removeValue(forKey: errand) { aftermath.pointless.append(task) }
      }
    }
    return aftermath
  }

  /// Nothing that could still arrive would matter.
  private var isOver: Bool {
    failure != nil || engine.failure != nil || isAbandoned || isDropped
  }
}
