extension TLSEngine {
  /// The result of the `readEarly` calls.
  public enum EarlyReadStep<Value> {
    /// Early plaintext was read: the bytes, or how many were written into the caller's memory.
    case done(Value)
    /// More ciphertext is needed: ``TLSEngine/feed(_:)-(RawSpan)``, or ``TLSEngine/feedEOF()``.
    case needsFeed
    /// The engine stopped at a question: read ``TLSEngine/question`` and answer it.
    case needsAnswer
    /// There is no more early data: the client sent none, or ended it, or it was rejected.
    case endOfEarlyData
  }
}

extension TLSEngine.EarlyReadStep: Sendable where Value: Sendable {}
extension TLSEngine.EarlyReadStep: Equatable where Value: Equatable {}
extension TLSEngine.EarlyReadStep: Hashable where Value: Hashable {}

extension TLSEngine.EarlyReadStep {
  /// The value, `nil` if the step is not `.done`.
  public var value: Value? {
    if case .done(let value) = self { value } else { nil }
  }
}
