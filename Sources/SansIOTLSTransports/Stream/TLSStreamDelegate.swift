public import SansIOTLS

/// Decides what only the application can decide, in its own time: a database may be asked, or a person.
public protocol TLSStreamDelegate: Sendable {
  /// Answers a question of the handshake. Meanwhile the stream waits; ciphertext that arrives is kept.
  ///
  /// - Parameter question: which context serves this ClientHello, or whether the peer's certificate is acceptable.
  /// - Returns: the answer.
  func answer(_ question: TLSEngine.Question) async -> TLSEngine.Answer
}
