public import SansIOTLS

extension TLSStream {
  /// Makes the handshake until a deadline. When it passes the stream fails for good.
  ///
  /// - Parameters:
  ///   - deadline: an instant of the clock.
  ///   - clock: measures; any clock, so that a test can bring its own.
  /// - Returns: what was agreed on.
  /// - Throws: ``TLSStreamError`` with code `.deadlineExceeded`; as ``handshake()``.
  @discardableResult
  public func handshake<C: Clock>(
    until deadline: C.Instant, clock: C = ContinuousClock()
  ) async throws(TLSStreamError) -> Negotiated {
    try await limited(until: deadline, clock) { () async throws(TLSStreamError) in try await handshake() }
  }

  /// Closes until a deadline: a transport that takes nothing any more is not waited for longer. When it passes the stream
  /// fails for good.
  ///
  /// - Parameters:
  ///   - deadline: an instant of the clock.
  ///   - clock: measures; any clock, so that a test can bring its own.
  /// - Throws: ``TLSStreamError`` with code `.deadlineExceeded`; as ``close()``.
  public func close<C: Clock>(
    until deadline: C.Instant, clock: C = ContinuousClock()
  ) async throws(TLSStreamError) {
    try await limited(until: deadline, clock) { () async throws(TLSStreamError) in try await close() }
  }

  private func limited<C: Clock, Value>(
    until deadline: C.Instant, _ clock: C, _ body: () async throws(TLSStreamError) -> Value
  ) async throws(TLSStreamError) -> Value {
    let alarm = Task {
      // Cancelled as soon as the body is done.
      guard (try? await clock.sleep(until: deadline, tolerance: nil)) != nil else { return }
      fail(TLSStreamError(.deadlineExceeded))
    }
    defer { alarm.cancel() }
    return try await body()
  }
}
