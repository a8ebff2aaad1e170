internal import SansIOTLS

/// Receiving ciphertext.
extension TLSStreamState {
  struct Input: Sendable {
    /// Ciphertext received by an operation, and not yet accepted by the engine.
    var unfed: ArraySlice<UInt8> = []
    /// Plaintext that `unwrap` read instead of the end; the next call to read returns it.
    var unread: [UInt8] = []
    var hasEnded = false
    /// The error that ended receiving.
    var error: TLSStreamError?
    /// Whether a call waits for ciphertext.
    var isWanted = false
    /// Whether the transport will notify the stream.
    var isNotificationRequested = false
    /// Whether the transport has notified the stream since the last receive.
    var isNotified = false
    /// Whether the last receive, with read-ahead, filled the memory that the transport was lent.
    var isFilled = false
    /// The number of receives in a row without a byte.
    var emptyReceives = 0
  }

  /// The bytes requested by one call of the transport at most, with read-ahead.
  static let receivingLimit = 65_536

  /// The number of receives in a row that may return no byte. Each costs an iteration of the loop: without a limit they
  /// would occupy a whole processor.
  private static let emptyReceiveLimit = 64

  /// The number of bytes to request from the transport, at most.
  var receivingSize: Int { allowsReadAhead ? Self.receivingLimit : max(engine.bytesNeeded, 1) }

  /// Handles a call that cannot proceed without more ciphertext.
  ///
  /// - Returns: Whether to repeat the call at once, because the engine has received more. Otherwise it has to wait.
  mutating func receiveMore() throws(TLSStreamError) -> Bool {
    if feed() { return true }
    if let error = input.error { throw error }
    if let nonblocking {
      // The peer may wait for what this call produced.
      sendNow()
      // During the handshake a failure to send ends the stream, whatever the peer still sends.
      try checkFailure()
      if try receiveNow(from: nonblocking) { return true }
    } else {
      input.isWanted = true
    }
    waiters.interest = .input
    return false
  }

  /// Handles a call that cannot proceed without an answer. Meanwhile the end or the failure of the transport is
  /// noticed.
  ///
  /// - Returns: Whether to repeat the call at once; otherwise it has to wait.
  mutating func receiveWhileAsking() throws(TLSStreamError) -> Bool {
    if try receiveMore() { return true }
    waiters.interest = .all
    return false
  }

  /// Receives what the transport has; if that is nothing, requests a notification.
  ///
  /// - Returns: Whether bytes or the end were received.
  private mutating func receiveNow(from transport: any NonblockingByteTransport) throws(TLSStreamError) -> Bool {
    if input.hasEnded || input.isNotificationRequested { return false }
    noteTransfer()
    // To try would allocate the buffers of an idle connection.
    if engine.isHibernating, !input.isNotified {
      try requestNotification(from: transport)
      return false
    }
    switch try receive(from: transport) {
    case .bytes, .endOfStream: return true
    case .wouldBlock:
      try requestNotification(from: transport)
      return false
    case nil: return false
    }
  }

  /// Receives what follows, after a receive that the transport may not have been able to complete.
  ///
  /// - Returns: Whether bytes were received.
  mutating func receiveFurther() -> Bool {
    input.isFilled = false
    guard let nonblocking, !input.hasEnded, input.error == nil, engine.failure == nil else { return false }
    noteTransfer()
    if case .bytes? = try? receive(from: nonblocking) { return true }
    return false
  }

  /// Receives into the engine's buffer, or notes the end.
  ///
  /// - Returns: The result; `nil` if the buffer is full, which it is only before an answer.
  private mutating func receive(
    from transport: any NonblockingByteTransport
  ) throws(TLSStreamError) -> TransportReading? {
    input.isNotified = false
    var reading: TransportReading?
    var isFilled = false
    let count: Int
    do throws(TLSEngine.FeedError<any Error>) {
      count = try engine.feed(upTo: receivingSize) { output throws(any Error) in
        reading = try transport.receive(into: &output)
        isFilled = allowsReadAhead && output.freeCapacity == 0
      }
    } catch {
      switch error {
      case .engine(let error): throw TLSStreamError(error)
      case .body(let error): throw receivingFailed(error)
      }
    }
    input.isFilled = isFilled
    switch reading {
    case .bytes:
      if let error = countReceive(of: count) { throw error }
      changed(.input)
    case .endOfStream:
      input.hasEnded = true
      engine.feedEOF()
      changed(.all)
    case .wouldBlock, nil: break
    }
    return reading
  }

  private mutating func requestNotification(
    from transport: any NonblockingByteTransport
  ) throws(TLSStreamError) {
    do { try transport.notify(when: .receiving, waiters.inputNotification) } catch { throw receivingFailed(error) }
    input.isNotificationRequested = true
  }

  /// The transport has notified the stream: the waiting calls receive.
  mutating func inputBecameReady() {
    input.isNotificationRequested = false
    input.isNotified = true
    changed(.input)
  }

  /// Feeds the engine what an operation received, as far as it accepts it.
  ///
  /// - Returns: Whether it accepted something.
  @discardableResult
  mutating func feed() -> Bool {
    if nonblocking != nil { return false }
    var isFed = false
    while !input.unfed.isEmpty, engine.failure == nil {
      // The engine keeps a failure; the call that follows reports it.
      let count = (try? engine.feed(input.unfed)) ?? 0
      if count == 0 { break }
      isFed = true
      input.unfed = input.unfed.dropFirst(count)
    }
    if input.unfed.isEmpty, input.hasEnded { engine.feedEOF() }
    return isFed
  }

  /// - Returns: The error that ends receiving after too many receives without a byte.
  private mutating func countReceive(of count: Int) -> TLSStreamError? {
    input.emptyReceives = count == 0 ? input.emptyReceives + 1 : 0
    guard input.emptyReceives > Self.emptyReceiveLimit else { return nil }
    let error = TLSStreamError(.emptyReceives)
    input.error = error
    transportFailed(error)
    return error
  }

  // MARK: The receiving operation

  mutating func received(_ bytes: [UInt8]?) {
    operations.end(.receive)
    defer { changed(.all) }
    // Some transports report an end when they are cancelled.
    guard failure == nil else { return }
    guard let bytes else {
      input.hasEnded = true
      feed()
      return
    }
    _ = countReceive(of: bytes.count)
    input.unfed = bytes[...]
    feed()
  }

  mutating func receivingEnded(by error: any Error) {
    operations.end(.receive)
    // A receive that was cancelled as pointless may throw too: that is no failure, and the transport's end is still
    // due.
    if isOver { return changed(.all) }
    _ = receivingFailed(error)
  }

  /// - Returns: The error for the call.
  private mutating func receivingFailed(_ error: any Error) -> TLSStreamError {
    let error = TLSStreamError(.transport, transport: error)
    input.error = error
    transportFailed(error)
    return failure ?? error
  }
}
