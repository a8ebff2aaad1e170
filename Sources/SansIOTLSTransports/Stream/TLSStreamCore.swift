internal import SansIOTLS
internal import Synchronization

/// What a ``TLSStream`` is made of: the state behind its lock, the waiting for a change of it, and the errands.
///
/// It is apart from the stream so that the stream ends when its user drops it. Receiving and answering, which may wait for
/// a silent peer or a slow application without limit, do not keep even this alive; sending does, because what is on its way
/// is in the engine.
final class TLSStreamCore<Transport: ByteTransport>: Sendable {
  let transport: Transport
  private let delegate: (any TLSStreamDelegate)?
  private let observer: (any TLSStreamObserver)?
  private let state: Mutex<TLSStreamState>

  init(
    _ engine: consuming TLSEngine, over transport: Transport, delegate: (any TLSStreamDelegate)?, readsExactly: Bool
  ) {
    self.transport = transport
    self.delegate = delegate
    let observer = transport as? any TLSStreamObserver
    self.observer = observer?.isObserving == true ? observer : nil
    if let observer = self.observer {
      engine.keepMessages()
      observer.note(&engine)
    }
    state = Mutex(TLSStreamState(engine, readsExactly: readsExactly))
  }

  /// Takes the lock for one look at the state; then resumes whoever waits for what changed.
  func locked<Result: Sendable, Failure: Error>(
    _ body: (inout TLSStreamState) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let (result, aftermath) = state.withLock { state in
      let result: Swift.Result<Result, Failure>
      do throws(Failure) { result = .success(try body(&state)) } catch { result = .failure(error) }
      observer?.note(&state.engine)
      return (result, state.takeAftermath())
    }
    for continuation in aftermath.ready { continuation.resume() }
    for task in aftermath.pointless { task.cancel() }
    return try result.get()
  }

  /// Tries until there is a value, waiting for a change in between.
  func perform<Value>(
    _ attempt: (inout TLSStreamState) throws(TLSStreamError) -> Value?
  ) async throws(TLSStreamError) -> Value {
    while true {
      if Task.isCancelled { throw TLSStreamError(.cancelled) }
      var value: Value?
      var failure: TLSStreamError?
      let (errands, waiter) = locked { state in
        do throws(TLSStreamError) { value = try attempt(&state) } catch { failure = error }
        return (state.takeErrands(), state.newWaiter())
      }
      begin(errands)
      if let failure { throw failure }
      if let value { return value }
      await wait(waiter)
    }
  }

  /// Waits for a change after the waiter was made, or for the task's cancellation.
  private func wait(_ waiter: TLSStreamState.Waiter) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          // The handler runs at once if the task is cancelled already, before there is anything to resume.
          if Task.isCancelled { return true }
          return !state.register(waiter, continuation)
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.withdraw(waiter) }?.resume()
    }
  }

  func fail(_ error: TLSStreamError) {
    let tasks = locked { $0.fail(error) }
    for task in tasks { task.cancel() }
  }

  /// The stream is gone: ends the errands, then the transport.
  func drop() {
    let sending = locked { $0.drop() }
    sending?.cancel()
    begin(locked { $0.takeErrands() })
  }

  // MARK: Errands

  func begin(_ beginning: (errands: TLSStreamState.Errands, number: UInt64)) {
    func remember(_ errand: TLSStreamState.Errands, _ task: Task<Void, Never>) {
      if locked({ $0.remember(task, for: errand, beginning.number) }) { task.cancel() }
    }
    if beginning.errands.contains(.receive) { remember(.receive, receiving()) }
    if beginning.errands.contains(.send) { remember(.send, Task { await self.send() }) }
    if beginning.errands.contains(.answer) { remember(.answer, answering()) }
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
      guard let question = self?.locked({ $0.takeQuestion() }) else { return }
      let answer = await delegate?.answer(question) ?? .proceed
      self?.changed { $0.answered(answer) }
    }
  }

  /// Takes what an errand brought, and begins what that makes due.
  private func changed(_ body: (inout TLSStreamState) -> Void) {
    begin(
      locked { state in
        body(&state)
        return state.takeErrands()
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

  /// Ends the transport of a stream that was dropped.
  ///
  /// - Parameter bytes: what its engine still had to send. The transport takes them if it has room: its call is cancelled,
  ///   so that a peer that reads nothing does not keep the transport.
  private func finish(_ bytes: [UInt8]) {
    // A task of its own: the errand was cancelled, and the end is due all the same.
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
