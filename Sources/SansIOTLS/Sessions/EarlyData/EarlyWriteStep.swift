extension TLSEngine {
  /// The result of ``writeEarly(_:)-(RawSpan)``.
  public enum EarlyWriteStep: Hashable, Sendable {
    /// So many bytes were accepted and encrypted.
    case done(Int)
    /// A server has not received the ClientHello yet: ``TLSEngine/feed(_:)-(RawSpan)``.
    case needsFeed
    /// The limit of pending output is reached: drain, then repeat the call.
    case needsDrain
    /// The engine stopped at a question: read ``TLSEngine/question`` and answer it.
    case needsAnswer
    /// Early data cannot be sent, for this reason. Nothing happened.
    case unavailable(TLSEarlyDataObstacle)
  }
}

extension TLSEngine.EarlyWriteStep {
  /// The number of bytes accepted, `nil` if the step is not `.done`.
  public var value: Int? { if case .done(let count) = self { count } else { nil } }
}
