extension TLSEngine {
  /// The result of ``write(_:)-(RawSpan)``.
  public enum WriteStep: Hashable, Sendable {
    /// So many bytes were accepted and encrypted. The rest, if any, is to be written again.
    case done(Int)
    /// More ciphertext is needed: ``TLSEngine/feed(_:)-(RawSpan)``, or ``TLSEngine/feedEOF()``.
    case needsFeed
    /// The limit of pending output is reached: drain, then repeat the call.
    case needsDrain
    /// The engine stopped at a question: read ``TLSEngine/question`` and answer it.
    case needsAnswer
  }
}

extension TLSEngine.WriteStep {
  /// The number of bytes accepted, `nil` if the step is not `.done`.
  public var value: Int? { if case .done(let count) = self { count } else { nil } }
}
