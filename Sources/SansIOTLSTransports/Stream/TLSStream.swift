public import SansIOTLS

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
/// No errand keeps the stream alive. A stream that is dropped cancels its errands and ends its transport, whether or not
/// the peer ever sends another byte: an alert or close_notify that waits is still handed to the transport, which takes it if
/// it has room. ``close()`` is how a program makes sure that everything arrived; ``unwrap()`` is how it keeps the transport.
///
/// Reading and writing cannot wait for each other: the sending errand needs no reader and the receiving errand no writer.
///
/// The handshake is made by whatever call comes first. A failure of the transport before its end, or a deadline that
/// passed, leaves the stream failed for good; afterwards what was received is read before the failure is told.
public final class TLSStream<Transport: ByteTransport>: Sendable {
  let core: TLSStreamCore<Transport>

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
    core = TLSStreamCore(engine, over: transport, delegate: delegate, readsExactly: readsExactly)
  }

  deinit { core.drop() }

  // MARK: Calls

  /// Makes the handshake, if it was not made yet.
  ///
  /// - Returns: what was agreed on.
  /// - Throws: ``TLSStreamError``. One with code `.cancelled` leaves the handshake where it is; another call goes on.
  ///
  /// Corresponds to `SSL_do_handshake(3)`.
  @discardableResult
  public func handshake() async throws(TLSStreamError) -> TLSEngine.NegotiatedParameters {
    try await core.perform { state throws(TLSStreamError) in try state.handshake() }
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
    try core.locked { (state) throws(TLSStreamError) in try state.enter(.reading) }
    defer { core.locked { $0.leave(.reading) } }
    return try await core.perform { state throws(TLSStreamError) in try state.read(upTo: max(count, 1)) }
  }

  /// Writes plaintext, all of it, and returns when the transport took it. One task at a time.
  ///
  /// - Parameter plaintext: the bytes. They are sealed piece by piece, as fast as the transport takes them.
  /// - Throws: ``TLSStreamError``, which says how many bytes are sealed; with `.cancelled` they will be sent. With `.tls` and
  ///   `.closed` another task closed this direction behind them.
  ///
  /// Corresponds to `SSL_write_ex(3)`.
  public func write(_ plaintext: [UInt8]) async throws(TLSStreamError) {
    try core.locked { (state) throws(TLSStreamError) in try state.enter(.writing) }
    defer { core.locked { $0.leave(.writing) } }
    var rest = plaintext[...]
    var end: Int?
    do {
      try await core.perform { (state) throws(TLSStreamError) -> Void? in
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
    try await core.perform { (state) throws(TLSStreamError) -> Void? in
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
      try await core.perform { (state) throws(TLSStreamError) in try state.closeOutput() }
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
    let trailing = try await core.perform { state throws(TLSStreamError) in try state.unwrap() }
    return (core.transport, trailing)
  }

  /// Ends everything at once: waiting calls throw `.aborted`, and the transport's own calls are cancelled. Nothing is sent to
  /// the peer, and the transport is not ended.
  public func abort() { core.fail(TLSStreamError(.aborted)) }

  /// What was agreed on; `nil` before the handshake is done.
  public var negotiated: TLSEngine.NegotiatedParameters? { core.locked { $0.engine.negotiated } }

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
      core.begin(
        core.locked { state in
          state.changed()
          return state.takeErrands()
        })
    }
    return try core.locked { (state) throws(Failure) in try body(&state.engine) }
  }
}
