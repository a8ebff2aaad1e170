internal import SansIOTLS
internal import Synchronization

/// The core of a ``TLSStream``: the state and its lock, the waiting for a change of it, and the background operations.
///
/// It is separate from the stream so that the stream ends when its user releases it. Receiving and answering, which may
/// wait for a silent peer or a slow application without limit, do not keep even this alive; sending does, because the
/// bytes to send are in the engine.
final class TLSStreamCore<Transport: ByteTransport>: Sendable {
  let transport: Transport
  private let delegate: (any TLSStreamDelegate)?
  private let observer: (any TLSStreamObserver)?
  private let state: Mutex<TLSStreamState>

  init(
    _ engine: consuming TLSEngine, over transport: Transport, delegate: (any TLSStreamDelegate)?, allowsReadAhead: Bool
  ) {
    self.transport = transport
    self.delegate = delegate
    let observer = transport as? any TLSStreamObserver
    self.observer = observer?.isObserving == true ? observer : nil
    if let observer = self.observer {
      engine.keepMessages()
      observer.note(&engine)
    }
    state = Mutex(TLSStreamState(engine, allowsReadAhead: allowsReadAhead))
  }

  /// Calls `body` with the state under the lock, then resumes the tasks that wait for a change.
  func locked<Result: Sendable, Failure: Error>(
    _ body: (inout TLSStreamState) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let (result, wakeups) = state.withLock { state in
      let result: Swift.Result<Result, Failure>
      do throws(Failure) { result = .success(try body(&state)) } catch { result = .failure(error) }
      observer?.note(&state.engine)
      return (result, state.takeWakeups())
    }
    for continuation in wakeups.ready { continuation.resume() }
    for task in wakeups.pointless { task.cancel() }
    return try result.get()
  }

  /// Repeats an attempt until it returns a value, waiting for a change before each repetition.
  func perform<Value>(
    _ attempt: (inout TLSStreamState) throws(TLSStreamError) -> Value?
  ) async throws(TLSStreamError) -> Value {
    while true {
      if Task.isCancelled { throw TLSStreamError(.cancelled) }
      var value: Value?
      var failure: TLSStreamError?
      let (operations, waiter) = locked { state in
        do throws(TLSStreamError) { value = try attempt(&state) } catch { failure = error }
        return (state.startOperations(), state.newWaiter())
      }
      begin(operations)
      if let failure { throw failure }
      if let value { return value }
      await wait(waiter)
    }
  }

  /// Waits for a change after the waiter was created, or for the task's cancellation.
  private func wait(_ waiter: TLSStreamState.Waiter) async {
    await waitForChange { continuation in
      state.withLock { !Task.isCancelled && $0.register(waiter, continuation) }
    } withdraw: {
      state.withLock { $0.withdraw(waiter) }
    }
  }

  func fail(_ error: TLSStreamError) {
    let tasks = locked { $0.fail(error) }
    for task in tasks { task.cancel() }
  }

  /// Ends the operations, then the transport, after the stream was released.
  func drop() {
    let sending = locked { $0.drop() }
    sending?.cancel()
    begin(locked { $0.startOperations() })
  }

  // MARK: Operations

  func begin(_ start: (operations: TLSStreamState.Operations, number: UInt64)) {
    func remember(_ operation: TLSStreamState.Operations, _ task: Task<Void, Never>) {
      if locked({ $0.remember(task, for: operation, start.number) }) { task.cancel() }
    }
    if start.operations.contains(.receive) { remember(.receive, receiving()) }
    if start.operations.contains(.send) { remember(.send, Task { await self.send() }) }
    if start.operations.contains(.answer) { remember(.answer, answering()) }
  }

  private func receiving() -> Task<Void, Never> {
    Task { [weak self, transport] in
      guard let count = self?.locked({ $0.receivingSize }) else { return }
      do {
        let bytes = try await transport.receive(upTo: count)
        self?.changed { $0.received(bytes) }
      } catch {
        self?.changed { $0.receivingFailed(error) }
      }
    }
  }

  private func answering() -> Task<Void, Never> {
    Task { [weak self, delegate] in
      switch self?.locked({ $0.takeQuestion() }) {
      case .clientHello(let hello)?:
        let answer = await delegate?.answerClientHello(hello) ?? .serve
        self?.changed { $0.answered { (engine) throws(TLSError) in try engine.answer(answer) } }
      case .peerCertificates(let certificates)?:
        let answer = await delegate?.answerPeerCertificates(certificates) ?? .followVerification
        self?.changed { $0.answered { (engine) throws(TLSError) in try engine.answer(answer) } }
      case nil: return
      }
    }
  }

  /// Applies the result of an operation, and starts the operations that are due then.
  private func changed(_ body: (inout TLSStreamState) -> Void) {
    begin(
      locked { state in
        body(&state)
        return state.startOperations()
      })
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
