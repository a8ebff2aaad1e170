internal import SansIOTLS

/// The work of the stream in tasks of its own: calls of a transport that cannot return at once, its end, and answers.
extension TLSStreamState {
  struct Operations: OptionSet, Hashable {
    let rawValue: UInt8
    static let receive = Operations(rawValue: 1 << 0)
    static let send = Operations(rawValue: 1 << 1)
    static let answer = Operations(rawValue: 1 << 2)
  }

  struct OperationsInFlight: Sendable {
    fileprivate var inFlight: Operations = []
    /// The number of the start of each operation in flight.
    fileprivate var starts: [Operations: UInt64] = [:]
    fileprivate var nextStart: UInt64 = 0
    fileprivate var tasks: [Operations: Task<Void, Never>] = [:]
    /// Whether the transport was used.
    var isUsed = false

    var hasTasks: Bool { !tasks.isEmpty }

    mutating func end(_ operation: Operations) {
      inFlight.remove(operation)
      tasks[operation] = nil
    }

    mutating func takeTask(of operation: Operations) -> Task<Void, Never>? {
      tasks.removeValue(forKey: operation)
    }

    mutating func takeTasks() -> [Task<Void, Never>] {
      defer { tasks = [:] }
      return Array(tasks.values)
    }

    mutating func takePointlessTasks() -> [Task<Void, Never>] {
      [takeTask(of: .receive), takeTask(of: .answer)].compactMap(\.self)
    }
  }

  /// Marks the operations that are due as in flight.
  ///
  /// - Returns: The operations to start, and the number of this start.
  mutating func startOperations() -> (operations: Operations, number: UInt64) {
    var due: Operations = []
    if isDropped {
      if needsEnd { due.insert(.send) }
    } else if failure == nil {
      if nonblocking == nil {
        if input.isWanted, input.unfed.isEmpty, !input.hasEnded, input.error == nil { due.insert(.receive) }
        if engine.pendingOutputByteCount > 0, output.error == nil { due.insert(.send) }
      }
      if output.wantsEnd, isEndDue, output.error == nil { due.insert(.send) }
      // The phase first: the question is a value of many bytes, and rare.
      if engine.phase == .waitingForAnswer, engine.question != nil { due.insert(.answer) }
    }
    due.subtract(operations.inFlight)
    // A call that still waits sets this again when it repeats its attempt.
    input.isWanted = false
    if due.isEmpty { return (due, 0) }
    operations.inFlight.formUnion(due)
    operations.isUsed = true
    operations.nextStart += 1
    for operation in [Operations.receive, .send, .answer] where due.contains(operation) {
      operations.starts[operation] = operations.nextStart
    }
    return (due, operations.nextStart)
  }

  /// Keeps the task of an operation, so that it can be cancelled.
  ///
  /// - Returns: Whether it is to be cancelled at once.
  mutating func remember(_ task: Task<Void, Never>, for operation: Operations, _ number: UInt64) -> Bool {
    // It may have ended already, and another of its kind may have started.
    if operations.inFlight.contains(operation), operations.starts[operation] == number {
      operations.tasks[operation] = task
    }
    // What ended the stream meanwhile found no task to cancel.
    return operation == .send ? failure != nil || isDropped : isOver
  }

  // MARK: The answering operation

  /// Returns the question to answer; without one the answering operation has ended.
  mutating func takeQuestion() -> TLSEngine.Question? {
    if engine.question == nil { operations.end(.answer) }
    return engine.question
  }

  mutating func answered(_ answer: (inout TLSEngine) throws(TLSError) -> Void) {
    operations.end(.answer)
    defer { changed(.all) }
    // After a close or a failure there is nothing to answer any more.
    guard failure == nil, engine.question != nil else { return }
    do throws(TLSError) {
      try answer(&engine)
    } catch {
      // An answer to another question than was asked ends the stream: asking again would have the same result.
      if engine.failure == nil { failure = TLSStreamError(error) }
    }
  }
}
