public import SansIOTLS
internal import Synchronization

/// TLS over a transport that somebody already has, asynchronous, for one reading and one writing task at once.
///
/// ```swift
/// let stream = TLSStream(engine, over: transport)
/// try await stream.write(Array("GET / HTTP/1.0\r\n\r\n".utf8))
/// for try await plaintext in stream.plaintext { consume(plaintext) }
/// try await stream.close()
/// ```
///
/// # Theory of operation
///
/// The engine lives behind a lock that is held for one call of it and never across a suspension. Every call of the stream
/// is a loop: take the lock, try the engine, and if it cannot, wait until something has changed. What changes things are
/// three errands, each a task of its own, at most one of each kind at a time:
///
/// - **receiving** one piece from the transport. It begins when a call waits for ciphertext and none is at hand, so that
///   a stream that nobody reads takes nothing from its peer: that is the back-pressure inward.
/// - **sending** what the engine has to be drained of, until there is nothing left. It begins whenever there is something,
///   also on behalf of a reader (the answer to a KeyUpdate, an alert). A write returns when the transport took its bytes:
///   that is the back-pressure outward.
/// - **answering** a question, by the delegate.
///
/// Errands belong to the stream and not to the task that caused them. Cancelling a task that waits ends its waiting, at
/// once; the errand goes on, and what it brings is there for the next call. So a cancelled read loses no byte, and a
/// cancelled write says how many of its bytes are sealed: those will be sent, and the rest was not touched.
///
/// Reading and writing cannot wait for each other: the sending errand needs no reader and the receiving errand no writer.
///
/// The handshake is made by whatever call comes first. A failure of the transport before its end, or a deadline that
/// passed, leaves the stream failed for good; afterwards what was received is read before the failure is told.
public final class TLSStream<Transport: ByteTransport>: Sendable {
  private let transport: Transport
  private let delegate: (any TLSStreamDelegate)?
  private let state: Mutex<TLSStreamState>

  /// Makes a stream. Nothing moves before the first call.
  ///
  /// - Parameters:
  ///   - engine: the engine, before its handshake.
  ///   - transport: moves ciphertext; from now on it is the stream's.
  ///   - delegate: answers the engine's questions; without one every answer is `.proceed`.
  ///   - readsExactly: takes no byte from the transport that TLS does not need next: record headers and records one by
  ///     one. Behind TLS the transport then stands exactly at what follows in clear, at the price of more and smaller
  ///     receives.
  public init(
    _ engine: consuming TLSEngine, over transport: Transport, delegate: (any TLSStreamDelegate)? = nil,
    readsExactly: Bool = false
  ) {
    self.transport = transport
    self.delegate = delegate
    state = Mutex(TLSStreamState(engine, readsExactly: readsExactly))
  }

  // MARK: Calls

  /// Makes the handshake, if it was not made yet.
  ///
  /// - Returns: what was agreed on.
  /// - Throws: ``TLSStreamError``. One with code `.cancelled` leaves the handshake where it is; another call goes on.
  ///
  /// Corresponds to `SSL_do_handshake(3)`.
  @discardableResult
  public func handshake() async throws(TLSStreamError) -> Negotiated {
    try await perform { state throws(TLSStreamError) in try state.handshake() }
  }

  /// Reads plaintext. One task at a time.
  ///
  /// - Parameter count: bytes at most, 1 or more.
  /// - Returns: what has arrived, at least one byte and no more than the engine's ring and a record hold; `nil` when the peer
  ///   closed its direction by close_notify.
  /// - Throws: ``TLSStreamError``. With `.cancelled` nothing was taken.
  ///
  /// Corresponds to `SSL_read_ex(3)`.
  public func read(upTo count: Int = 65_536) async throws(TLSStreamError) -> [UInt8]? {
    try locked { (state) throws(TLSStreamError) in try state.enter(.reading) }
    defer { locked { $0.leave(.reading) } }
    return try await perform { state throws(TLSStreamError) in try state.read(upTo: max(count, 1)) }
  }

  /// Writes plaintext, all of it, and returns when the transport took it. One task at a time.
  ///
  /// - Parameter plaintext: the bytes. They are sealed piece by piece, as fast as the transport takes them.
  /// - Throws: ``TLSStreamError``, which says how many bytes are sealed; with `.cancelled` they will be sent. With `.tls` and
  ///   `.closed` another task closed this direction behind them.
  ///
  /// Corresponds to `SSL_write_ex(3)`.
  public func write(_ plaintext: [UInt8]) async throws(TLSStreamError) {
    try locked { (state) throws(TLSStreamError) in try state.enter(.writing) }
    defer { locked { $0.leave(.writing) } }
    var rest = plaintext[...]
    var end: Int?
    do {
      try await perform { (state) throws(TLSStreamError) -> Void? in
        if end == nil { end = try state.write(&rest) }
        guard let end else { return nil }
        return try state.hasSent(end)
      }
    } catch { throw TLSStreamError(error, accepted: plaintext.count - rest.count) }
  }

  /// Ends this direction by close_notify, behind everything written before, and returns when the transport took it. The
  /// transport stays open, and reading goes on until the peer's own end. Repeating it changes nothing.
  ///
  /// - Throws: ``TLSStreamError``.
  ///
  /// Corresponds to `SSL_shutdown(3)`, called once.
  public func closeWriting() async throws(TLSStreamError) {
    var end: Int?
    try await perform { (state) throws(TLSStreamError) -> Void? in
      if end == nil { end = try state.close() }
      guard let end else { return nil }
      return try state.hasSent(end)
    }
  }

  /// Ends this direction by close_notify, then the transport's. It does not wait for the peer; reading goes on until the
  /// peer's own end. Before the handshake is done it abandons it.
  ///
  /// Where TLS has failed, the alert leaves in place of close_notify: to call this, at best with a deadline, is how a program
  /// makes sure that its peer is told, and that the transport ends.
  ///
  /// - Throws: ``TLSStreamError``; one with code `.tls` behind the transport's end.
  public func close() async throws(TLSStreamError) {
    var failure: TLSStreamError?
    do throws(TLSStreamError) { try await closeWriting() } catch {
      guard error.code == .tls else { throw error }
      failure = error
    }
    do throws(TLSStreamError) {
      try await perform { (state) throws(TLSStreamError) in try state.endSending() }
    } catch { throw failure ?? error }
    if let failure { throw failure }
  }

  /// Leaves TLS: sends close_notify, waits for the peer's, and gives the transport back for what follows in clear.
  ///
  /// - Returns: the transport, and the bytes that it delivered behind the peer's close_notify: read these first.
  /// - Throws: ``TLSStreamError`` with code `.unread` if the peer sent plaintext that was not read yet: read to the end,
  ///   then unwrap again.
  public func unwrap() async throws(TLSStreamError) -> (transport: Transport, trailing: [UInt8]) {
    try await closeWriting()
    let trailing = try await perform { state throws(TLSStreamError) in try state.unwrap() }
    return (transport, trailing)
  }

  /// Ends everything at once: waiting calls throw `.aborted`, and the transport's own calls are cancelled. The peer is
  /// told nothing. A stream that is given up while its transport still waits for bytes needs this: the waiting holds it.
  public func abort() { fail(TLSStreamError(.aborted)) }

  /// What was agreed on; `nil` before the handshake is done.
  public var negotiated: Negotiated? { locked { $0.engine.negotiated } }

  /// Lends the engine for what has no call here: certificates, an exporter, events, a KeyUpdate, hibernation. What it has to
  /// send after that is sent.
  ///
  /// - Parameter body: must not wait; the stream's lock is held.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws.
  public func withEngine<Result: Sendable, Failure: Error>(
    _ body: (inout TLSEngine) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer {
      // Whoever waits may go on by what was changed.
      begin(
        locked { state in
          state.changed()
          return state.takeErrands()
        })
    }
    return try locked { (state) throws(Failure) in try body(&state.engine) }
  }

  // MARK: The loop

  /// Takes the lock for one look at the state; then resumes whoever waits for what changed.
  private func locked<Result: Sendable, Failure: Error>(
    _ body: (inout TLSStreamState) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let (result, aftermath) = state.withLock { state in
      let result: Swift.Result<Result, Failure>
      do throws(Failure) { result = .success(try body(&state)) } catch { result = .failure(error) }
      return (result, state.takeAftermath())
    }
    for continuation in aftermath.ready { continuation.resume() }
    for task in aftermath.pointless { task.cancel() }
    return try result.get()
  }

  /// Tries until there is a value, waiting for a change in between.
  private func perform<Value>(
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

  // MARK: Errands

  private func begin(_ beginning: (errands: TLSStreamState.Errands, number: UInt64)) {
    func remember(_ errand: TLSStreamState.Errands, _ task: Task<Void, Never>) {
      if locked({ $0.remember(task, for: errand, beginning.number) }) { task.cancel() }
    }
    if beginning.errands.contains(.receive) { remember(.receive, Task { await self.receive() }) }
    if beginning.errands.contains(.send) { remember(.send, Task { await self.send() }) }
    if beginning.errands.contains(.answer) { remember(.answer, Task { await self.answer() }) }
  }

  private func receive() async {
    do {
      let count = locked { $0.receivingSize }
      let bytes = try await transport.receive(upTo: count)
      begin(
        locked { state in
          state.received(bytes)
          return state.takeErrands()
        })
    } catch {
      locked { $0.receivingFailed(error) }
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
          try await transport.endSending()
          locked { $0.sendingEnded() }
        case .nothing:
          return
        }
      } catch {
        locked { $0.sendingFailed(error) }
        return
      }
    }
  }

  private func answer() async {
    guard let question = locked({ $0.takeQuestion() }) else { return }
    let answer = await delegate?.answer(question) ?? .proceed
    begin(
      locked { state in
        state.answered(answer)
        return state.takeErrands()
      })
  }
}
