public import SansIOTLS
internal import Synchronization

/// Whether the deadline or the call was first: a sleep that is over cannot be cancelled any more.
private final class Decision: Sendable {
  private let isMade = Mutex(false)

  /// - Returns: whether nobody asked before.
  func isMine() -> Bool {
    isMade.withLock { isMade in
      defer { isMade = true }
      return !isMade
    }
  }
}

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
  ) async throws(TLSStreamError) -> TLSEngine.NegotiatedParameters {
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
    let decision = Decision()
    let alarm = Task { [weak core] in
      // Cancelled as soon as the body is done. A clock that sleeps on keeps nothing of the stream.
      guard (try? await clock.sleep(until: deadline, tolerance: nil)) != nil, decision.isMine() else { return }
      core?.fail(TLSStreamError(.deadlineExceeded))
    }
    defer { alarm.cancel() }
    let result: Result<Value, TLSStreamError>
    do throws(TLSStreamError) { result = .success(try await body()) } catch { result = .failure(error) }
    guard decision.isMine() else { throw TLSStreamError(.deadlineExceeded) }
    return try result.get()
  }
}
