public import SansIOTLS
internal import Synchronization

/// Decides whether the deadline or the call was first: a sleep that has ended cannot be cancelled any more.
private final class Race: Sendable {
  private let isDecided = Mutex(false)

  /// - Returns: Whether this is the first call.
  func win() -> Bool {
    isDecided.withLock { isDecided in
      defer { isDecided = true }
      return !isDecided
    }
  }
}

extension TLSStream {
  /// Performs the handshake until a deadline, after which the stream fails permanently.
  ///
  /// - Parameters:
  ///   - deadline: An instant of the clock.
  ///   - clock: Any clock, for example one of a test.
  /// - Returns: The negotiated parameters.
  /// - Throws: ``TLSStreamError`` with code `.deadlineExceeded`; as ``handshake()``.
  @discardableResult
  public func handshake<C: Clock>(
    until deadline: C.Instant, clock: C = ContinuousClock()
  ) async throws(TLSStreamError) -> TLSEngine.NegotiatedParameters {
    try await limited(until: deadline, clock) { () async throws(TLSStreamError) in try await handshake() }
  }

  /// Closes until a deadline, after which the stream fails permanently: a transport that accepts nothing any more does
  /// not block the caller.
  ///
  /// - Parameters:
  ///   - deadline: An instant of the clock.
  ///   - clock: Any clock, for example one of a test.
  /// - Throws: ``TLSStreamError`` with code `.deadlineExceeded`; as ``close()``.
  public func close<C: Clock>(
    until deadline: C.Instant, clock: C = ContinuousClock()
  ) async throws(TLSStreamError) {
    try await limited(until: deadline, clock) { () async throws(TLSStreamError) in try await close() }
  }

  private func limited<C: Clock, Value>(
    until deadline: C.Instant, _ clock: C, _ body: () async throws(TLSStreamError) -> Value
  ) async throws(TLSStreamError) -> Value {
    let race = Race()
    let timer = Task { [weak core] in
      // Cancelled when the body returns. A clock that ignores cancellation keeps nothing of the stream alive.
      guard (try? await clock.sleep(until: deadline, tolerance: nil)) != nil, race.win() else { return }
      core?.fail(TLSStreamError(.deadlineExceeded))
    }
    defer { timer.cancel() }
    let result: Result<Value, TLSStreamError>
    do throws(TLSStreamError) { result = .success(try await body()) } catch { result = .failure(error) }
    guard race.win() else { throw TLSStreamError(.deadlineExceeded) }
    return try result.get()
  }
}
