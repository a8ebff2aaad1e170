public import SansIOTLS

/// A type that answers the engine's questions for a ``TLSStream``, asynchronously: it may query a database, or a
/// person.
public protocol TLSStreamDelegate: Sendable {
  /// Answers a question of the handshake. The stream waits for the answer and keeps ciphertext that arrives meanwhile.
  ///
  /// - Parameter question: The question, for example which context serves a ClientHello.
  /// - Returns: The answer.
  func answer(_ question: TLSEngine.Question) async -> TLSEngine.Answer
}
