public import SansIOTLS

/// TLS over an existing asynchronous transport, for one reading and one writing task at a time.
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
/// The engine is protected by a lock that is held for one attempt and never across a suspension. Every call of the
/// stream is a loop: acquire the lock, call the engine, and if it cannot proceed, wait for a change.
///
/// A transport whose calls return at once (``NonblockingByteTransport``) is called under the lock too. A reader
/// receives into the engine's buffer; every call sends what the engine has to drain. If the transport has nothing, or
/// no room, it notifies the stream later, and the waiting calls continue. Nothing is received without a reader, so that
/// a stream without one accepts nothing from its peer: this is the inbound back-pressure. A write returns after the
/// transport has accepted its bytes: this is the outbound back-pressure. What is sent on behalf of a reader (the
/// response to a KeyUpdate, an alert) needs no writer.
///
/// Other transports are called by background operations, each a task of its own, at most one of each kind at a time:
/// **receiving** one piece, while a call waits for ciphertext; **sending** what the engine has to drain, until nothing
/// is left; and **answering** a question, by the delegate, for every transport.
///
/// Operations belong to the stream and not to the task that started them. Cancelling a waiting task ends its wait at
/// once; the operation continues, and its result is available to the next call. So a cancelled read loses no byte, and
/// a cancelled write reports how many of its bytes were encrypted: these will be sent, and the others were not read.
///
/// Neither an operation nor a notification keeps the stream alive. A stream that is released cancels its operations and
/// ends its transport, whether or not the peer ever sends another byte: a waiting alert or close_notify is still passed
/// to the transport, which accepts it if it has room. ``close()`` ensures that everything was sent; ``unwrap()`` keeps
/// the transport.
///
/// Reading and writing cannot wait for each other: sending needs no reader and receiving no writer.
///
/// The first call performs the handshake. After a failure of the transport before its end, or a deadline that passed,
/// the stream has failed permanently; after the handshake what was received can be read before a failure is reported.
public final class TLSStream<Transport: ByteTransport>: Sendable {
  let core: TLSStreamCore
  private let transport: Transport

  /// Creates a stream. Nothing moves before the first call.
  ///
  /// - Parameters:
  ///   - engine: The engine, before its handshake.
  ///   - transport: The transport of the ciphertext, which the stream owns from now on.
  ///   - delegate: Answers the engine's questions; without one every answer is `.proceed`.
  ///   - allowsReadAhead: Whether the stream may receive more than TLS needs next. If `false`, it receives record
  ///     headers and records one by one, so that after TLS the transport's next byte is the first one in plaintext.
  ///     This takes more and smaller receives.
  public init(
    _ engine: consuming TLSEngine, over transport: Transport, delegate: (any TLSStreamDelegate)? = nil,
    allowsReadAhead: Bool = true
  ) {
    self.transport = transport
    core = TLSStreamCore(engine, over: transport, delegate: delegate, allowsReadAhead: allowsReadAhead)
  }

  /// Creates a stream to a server, which resumes a session of a cache if that has one, and keeps there the sessions
  /// that the server issues: they are not among the engine's events. Nothing moves before the first call.
  ///
  /// - Parameters:
  ///   - serverName: The name of the server.
  ///   - context: A context of a client.
  ///   - sessions: The cache, which any number of streams share.
  ///   - transport: The transport of the ciphertext, which the stream owns from now on.
  ///   - limits: The limits of the engine.
  ///   - sendsEarlyData: Whether ``writeEarly(_:)`` will be called: early data (0-RTT), which an attacker can send
  ///     again. Create the stream when the transport is connected: the age of the session is stated here.
  ///   - delegate: Answers the engine's questions; without one the configuration decides.
  ///   - allowsReadAhead: Whether the stream may receive more than TLS needs next.
  /// - Throws: `TLSError` as the engine's initializer does.
  public init(
    connectingTo serverName: TLSServerName, context: TLSContext, sessions: TLSSessionCache, over transport: Transport,
    limits: TLSEngine.Limits = .default, sendsEarlyData: Bool = false, delegate: (any TLSStreamDelegate)? = nil,
    allowsReadAhead: Bool = true
  ) throws(TLSError) {
    var connection = sessions.connection(to: serverName, context: context)
    let engine = try connection.makeEngine(limits: limits, sendsEarlyData: sendsEarlyData)
    self.transport = transport
    core = TLSStreamCore(
      engine, over: transport, delegate: delegate, sessions: connection, allowsReadAhead: allowsReadAhead)
  }

  deinit { core.drop() }

  // MARK: Calls

  /// Performs the handshake, unless it has completed.
  ///
  /// - Returns: The negotiated parameters.
  /// - Throws: ``TLSStreamError``. After one with code `.cancelled` another call continues the handshake.
  ///
  /// Corresponds to `SSL_do_handshake(3)`.
  @discardableResult
  public func handshake() async throws(TLSStreamError) -> TLSEngine.NegotiatedParameters {
    try await core.perform { state throws(TLSStreamError) in try state.handshake() }
  }

  /// Reads plaintext. One task at a time.
  ///
  /// - Parameter count: Bytes at most, 1 or more.
  /// - Returns: The bytes that have arrived, at least one and at most as many as the engine's buffer and a record hold;
  ///   `nil` after the peer closed its direction by close_notify.
  /// - Throws: ``TLSStreamError``. With `.cancelled` nothing was read.
  ///
  /// Corresponds to `SSL_read_ex(3)`.
  public func read(upTo count: Int = 65_536) async throws(TLSStreamError) -> [UInt8]? {
    try await core.read { (state) throws(TLSStreamError) in try state.read(upTo: max(count, 1)) }
  }

  /// Reads plaintext into the caller's memory. One task at a time.
  ///
  /// With read-ahead, room for several records takes all that a nonblocking transport has, up to about 64 KiB, in one
  /// call.
  ///
  /// - Parameter output: The buffer to append to. libssl decrypts into it.
  /// - Returns: The number of bytes that have arrived and fit; `nil` after the peer closed its direction by
  ///   close_notify. 0 only if `output` has no room.
  /// - Throws: ``TLSStreamError``. With `.cancelled` nothing was read.
  ///
  /// Corresponds to `SSL_read_ex(3)`.
  public func read(into output: inout OutputRawSpan) async throws(TLSStreamError) -> Int? {
    try await core.read { (state) throws(TLSStreamError) in try state.read(into: &output) }
  }

  /// Writes all of the plaintext, and returns after the transport has accepted it. One task at a time.
  ///
  /// If the transport has little room and the peer writes too, another task has to read meanwhile: see
  /// <doc:AsyncStream>.
  ///
  /// - Parameter plaintext: The bytes. They are encrypted piece by piece, as fast as the transport accepts them.
  /// - Throws: ``TLSStreamError``, which reports how many bytes were encrypted; with `.cancelled` they will be sent.
  ///   With `.tls` and `.closed` another task closed this direction after them.
  ///
  /// Corresponds to `SSL_write_ex(3)`.
  public func write(_ plaintext: RawSpan) async throws(TLSStreamError) { try await core.write(plaintext) }

  /// Ends this direction by close_notify, after everything written before, and returns after the transport has accepted
  /// it. The transport stays open, and reading continues until the peer's end. Repeating the call changes nothing.
  ///
  /// - Throws: ``TLSStreamError``.
  ///
  /// Corresponds to `SSL_shutdown(3)`, called once.
  public func closeWriting() async throws(TLSStreamError) {
    try await core.send { (state) throws(TLSStreamError) in try state.closeWriting() }
  }

  /// Requests a certificate of the client after the handshake (TLS 1.3), and returns after the transport has accepted
  /// the request. The answer arrives in what is read: the delegate is asked about it, and the engine has the event
  /// `clientCertificateReceived`. See `TLSEngine.requestClientCertificate`.
  ///
  /// - Parameter isRequired: Whether a client that presents no certificate is refused.
  /// - Throws: ``TLSStreamError``; one with code `.tls` and the error's `.requestPending` until the client has answered
  ///   the previous request.
  ///
  /// Corresponds to `SSL_verify_client_post_handshake(3)`.
  public func requestClientCertificate(isRequired: Bool = true) async throws(TLSStreamError) {
    try await core.send { (state) throws(TLSStreamError) in
      try state.requestClientCertificate(isRequired: isRequired)
    }
  }

  /// Ends this direction by close_notify, then the transport's. It does not wait for the peer; reading continues until
  /// the peer's end. During the handshake it abandons the handshake.
  ///
  /// After TLS has failed, the alert is sent in place of close_notify: this call, preferably with a deadline, ensures
  /// that the alert is sent and that the transport ends.
  ///
  /// - Throws: ``TLSStreamError``; one with code `.tls` after the transport's end.
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

  /// Ends TLS: sends close_notify, waits for the peer's, and returns the transport for what follows in plaintext.
  ///
  /// - Returns: The transport, and the bytes that it delivered after the peer's close_notify, which come first.
  /// - Throws: ``TLSStreamError`` with code `.unreadPlaintext` if the peer sent plaintext that was not read: read to
  ///   the end, then unwrap again.
  public func unwrap() async throws(TLSStreamError) -> (transport: Transport, trailing: [UInt8]) {
    try await closeWriting()
    let trailing = try await core.perform { state throws(TLSStreamError) in try state.unwrap() }
    return (transport, trailing)
  }

  /// Ends everything at once: waiting calls throw `.aborted`, and the transport's calls are cancelled. Nothing is sent
  /// to the peer, and the transport is not ended.
  public func abort() { core.fail(TLSStreamError(.aborted)) }

  /// The negotiated parameters; `nil` before the handshake has completed.
  public var negotiated: TLSEngine.NegotiatedParameters? { core.inspect { $0.engine.negotiated } }

  /// Provides the engine for what has no call here: certificates, an exporter, a channel binding, events, a KeyUpdate,
  /// tickets, hibernation. The stream sends what the engine has to drain afterwards.
  ///
  /// - Parameter body: Must not block; the stream's lock is held.
  /// - Returns: The result of `body`.
  /// - Throws: Any error of `body`.
  public func withEngine<Result: Sendable, Failure: Error>(
    _ body: (inout TLSEngine) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try core.locked { (state) throws(Failure) in
      // The change may let waiting calls continue.
      defer { state.changed(.all) }
      return try body(&state.engine)
    }
  }
}
