extension TLSEngine {
  /// The result of the `read` calls.
  public enum ReadStep<Value> {
    /// Plaintext was read: the bytes, or how many were written into the caller's memory.
    case done(Value)
    /// More ciphertext is needed: ``TLSEngine/feed(_:)-(RawSpan)``, or ``TLSEngine/feedEOF()``.
    case needsFeed
    /// The engine stopped at a question: read ``TLSEngine/question`` and answer it.
    case needsAnswer
    /// The peer closed its direction with a close_notify alert. Nothing is missing; writing may continue.
    case endOfStream
  }
}

extension TLSEngine.ReadStep: Sendable where Value: Sendable {}
extension TLSEngine.ReadStep: Equatable where Value: Equatable {}
extension TLSEngine.ReadStep: Hashable where Value: Hashable {}

extension TLSEngine.ReadStep {
  /// Returns the same step with another value.
  ///
  /// - Parameter transform: creates the new value of a step that is `.done`.
  /// - Returns: the step, its value replaced.
  /// - Throws: what `transform` throws.
  public func map<Other, Failure: Error>(
    _ transform: (Value) throws(Failure) -> Other
  ) throws(Failure) -> TLSEngine.ReadStep<Other> {
    switch self {
    case .done(let value): .done(try transform(value))
    case .needsFeed: .needsFeed
    case .needsAnswer: .needsAnswer
    case .endOfStream: .endOfStream
    }
  }

  /// The value, `nil` if the step is not `.done`.
  public var value: Value? {
    if case .done(let value) = self { value } else { nil }
  }
}
