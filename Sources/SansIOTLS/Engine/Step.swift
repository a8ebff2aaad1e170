extension TLSEngine {
  /// How far a call came.
  ///
  /// `SSL_connect(3)` answers 1, 0 or a negative number and leaves the rest to `SSL_get_error(3)`. A step is that answer as
  /// a value: done, or what the call waits for. What cannot be continued is not a step: it is thrown as a ``TLSError``.
  public enum Step<Value> {
    /// The call did what it was asked for.
    case done(Value)
    /// More ciphertext is needed: ``TLSEngine/feed(_:)-(RawSpan)``, or ``TLSEngine/feedEOF()``.
    case needsFeed
    /// The outbound limit is reached: drain, then repeat the call with what is left.
    case needsDrain
    /// The engine stopped at a question: read ``TLSEngine/question`` and call ``TLSEngine/answer(_:)``.
    case needsAnswer
    /// The peer closed its direction with a close_notify alert. Nothing is missing; writing may go on.
    case endOfStream
  }
}

extension TLSEngine.Step: Sendable where Value: Sendable {}
extension TLSEngine.Step: Equatable where Value: Equatable {}

extension TLSEngine.Step {
  /// The same step with another value.
  ///
  /// - Parameter transform: makes the new value of a step that is done.
  /// - Returns: the step, its value replaced.
  /// - Throws: what `transform` throws.
  public func map<Other, Failure: Error>(_ transform: (Value) throws(Failure) -> Other) throws(Failure)
    -> TLSEngine.Step<Other>
  {
    switch self {
    case .done(let value): .done(try transform(value))
    case .needsFeed: .needsFeed
    case .needsDrain: .needsDrain
    case .needsAnswer: .needsAnswer
    case .endOfStream: .endOfStream
    }
  }

  /// The value of a step that is done, `nil` otherwise.
  public var value: Value? {
    if case .done(let value) = self { value } else { nil }
  }
}
