internal import SansIOTLS
internal import Synchronization

/// The core of a ``TLSStream``: the state and its lock, the waiting for a change of it, and the background operations.
///
/// It is separate from the stream so that the stream ends when its user releases it. Notifications of the transport,
/// receiving and answering, which may wait for a silent peer or a slow application without limit, do not keep even this
/// alive; sending does, because the bytes to send are in the engine. It is not generic: all of its code is compiled
/// once, for any transport.
final class TLSStreamCore: Sendable {
  private let transport: any ByteTransport
  /// The transport, if its calls return at once.
  private let nonblocking: (any NonblockingByteTransport)?
  private let delegate: (any TLSStreamDelegate)?
  private let observer: (any TLSStreamObserver)?
  private let state: Mutex<TLSStreamState>

  init(
    _ engine: consuming TLSEngine, over transport: any ByteTransport, delegate: (any TLSStreamDelegate)?,
    sessions: TLSSessionCache.Connection? = nil, allowsReadAhead: Bool
  ) {
    self.transport = transport
    let nonblocking = transport as? any NonblockingByteTransport
    self.nonblocking = nonblocking?.isNonblocking == true ? nonblocking : nil
    self.delegate = delegate
    let observer = transport as? any TLSStreamObserver
    self.observer = observer?.isObserving == true ? observer : nil
    if let observer = self.observer {
      engine.keepMessages()
      observer.note(&engine)
    }
    state = Mutex(
      TLSStreamState(engine, over: self.nonblocking, sessions: sessions, allowsReadAhead: allowsReadAhead))
    state.withLock { state in
      state.waiters.inputNotification = { [weak self] in self?.locked { $0.inputBecameReady() } }
      state.waiters.outputNotification = { [weak self] in self?.locked { $0.outputBecameReady() } }
    }
  }

  // MARK: The lock

  /// The actions after the lock is released.
  private struct Consequences {
    var wakeups = TLSStreamState.Wakeups()
    var start: (operations: TLSStreamState.Operations, number: UInt64) = ([], 0)
    var hasTransferred = false
  }

  /// Calls `body` with the state under the lock, which starts nothing.
  @inline(__always)
  func inspect<Result, Failure: Error>(
    _ body: (inout TLSStreamState) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try state.withLock { (state) throws(Failure) in try body(&state) }
  }

  /// Calls `body` with the state under the lock, then sends, starts the operations that are due, and resumes the tasks
  /// that wait for a change.
  @inline(__always)
  func locked<Result, Failure: Error>(
    _ body: (inout TLSStreamState) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    var consequences = Consequences()
    defer { perform(consequences) }
    return try state.withLock { (state) throws(Failure) in
      defer {
        state.sendNow()
        observer?.note(&state.engine)
        state.sessions?.take(from: &state.engine)
        consequences.start = state.startOperations()
        consequences.wakeups = state.takeWakeups()
        consequences.hasTransferred = state.takeTransferred()
      }
      return try body(&state)
    }
  }

  @inline(__always)
  private func perform(_ consequences: Consequences) {
    if consequences.hasTransferred { nonblocking?.finishTransfers() }
    if !consequences.wakeups.isEmpty { perform(consequences.wakeups) }
    if !consequences.start.operations.isEmpty { begin(consequences.start) }
  }

  private func perform(_ wakeups: TLSStreamState.Wakeups) {
    wakeups.ready.resume()
    for task in wakeups.pointless { task.cancel() }
  }

  // MARK: Waiting

  /// Repeats an attempt until it returns a value, waiting for a change before each repetition.
  func perform<Value>(
    _ attempt: (inout TLSStreamState) throws(TLSStreamError) -> sending Value?
  ) async throws(TLSStreamError) -> Value {
    while true {
      if Task.isCancelled { throw TLSStreamError(.cancelled) }
      var value: Value?
      let waiter = try locked { (state) throws(TLSStreamError) in
        value = try attempt(&state)
        return state.newWaiter()
      }
      if let value { return value }
      await wait(waiter)
    }
  }

  /// Waits for a change after the waiter was created, or for the task's cancellation.
  nonisolated(nonsending) func wait(_ waiter: TLSStreamState.Waiter) async {
    await waitForChange { continuation in
      state.withLock { !Task.isCancelled && $0.register(waiter, continuation) }
    } withdraw: {
      state.withLock { $0.withdraw(waiter) }
    }
  }

  // MARK: Ending

  func fail(_ error: TLSStreamError) {
    let tasks = locked { $0.fail(error) }
    for task in tasks { task.cancel() }
  }

  /// Ends the operations, then the transport, after the stream was released.
  func drop() {
    let sending = locked { $0.drop() }
    sending?.cancel()
  }

  // MARK: Operations

  private func begin(_ start: (operations: TLSStreamState.Operations, number: UInt64)) {
    func remember(_ operation: TLSStreamState.Operations, _ task: Task<Void, Never>) {
      if inspect({ $0.remember(task, for: operation, start.number) }) { task.cancel() }
    }
    if start.operations.contains(.receive) { remember(.receive, receiving()) }
    if start.operations.contains(.send) {
      if let nonblocking { end(nonblocking) } else { remember(.send, Task.immediate { await self.send() }) }
    }
    if start.operations.contains(.answer) { remember(.answer, answering()) }
  }

  private func receiving() -> Task<Void, Never> {
    Task.immediate { [weak self, transport] in
      guard let count = self?.inspect({ $0.receivingSize }) else { return }
      do {
        let bytes = try await transport.receive(upTo: count)
        self?.locked { $0.received(bytes) }
      } catch {
        self?.locked { $0.receivingEnded(by: error) }
      }
    }
  }

  private func answering() -> Task<Void, Never> {
    Task { [weak self, delegate] in
      switch self?.locked({ $0.takeQuestion() }) {
      case .clientHello(let hello)?:
        let answer = await delegate?.answerClientHello(hello) ?? .serve
        self?.locked { $0.answered { (engine) throws(TLSError) in try engine.answer(answer) } }
      case .peerCertificates(let certificates)?:
        let answer = await delegate?.answerPeerCertificates(certificates) ?? .followVerification
        self?.locked { $0.answered { (engine) throws(TLSError) in try engine.answer(answer) } }
      case .certificateRequest(let request)?:
        let answer = await delegate?.answerCertificateRequest(request) ?? .presentConfigured
        self?.locked { $0.answered { (engine) throws(TLSError) in try engine.answer(answer) } }
      case nil: return
      }
    }
  }

  private func send() async {
    while true {
      do {
        switch locked({ $0.nextSending() }) {
        case .bytes(let bytes):
          try await transport.send(bytes)
          locked { $0.sent(bytes.count) }
        case .end:
          try await transport.closeOutput()
          locked { $0.sendingEnded() }
        case .last(let bytes):
          return finish(bytes)
        case .nothing:
          return
        }
      } catch {
        locked { $0.sendingFailed(error) }
      }
    }
  }

  /// Ends a transport whose calls return at once.
  private func end(_ transport: any NonblockingByteTransport) {
    while true {
      switch locked({ $0.nextSending() }) {
      case .end:
        do {
          try transport.closeOutput()
          locked { $0.sendingEnded() }
        } catch {
          locked { $0.sendingFailed(error) }
        }
      case .last:
        try? transport.closeOutput()
        return
      case .bytes, .nothing: return
      }
    }
  }

  /// Ends the transport of a stream that was released.
  ///
  /// - Parameter bytes: The bytes that its engine still had to send. The transport accepts them if it has room: its
  ///   call is cancelled, so that a peer that reads nothing does not keep the transport.
  private func finish(_ bytes: [UInt8]) {
    // A task of its own: the operation was cancelled, and the end is due nevertheless.
    Task { [transport] in
      if !bytes.isEmpty {
        let sending = Task {
          let size = TLSStreamState.sendingSize
          for start in stride(from: 0, to: bytes.count, by: size) {
            try await transport.send(Array(bytes[start..<min(start + size, bytes.count)]))
          }
        }
        sending.cancel()
        _ = await sending.result
      }
      try? await transport.closeOutput()
    }
  }
}
