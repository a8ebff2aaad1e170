extension TLSEngine {
  /// The result of a call without a value: ``handshake()``, ``keyUpdate(requestingPeer:)``, ``closeWriting()``.
  ///
  /// `SSL_connect(3)` returns 1, 0 or a negative number and leaves the rest to `SSL_get_error(3)`. A step is that
  /// answer as a value: done, or what the call waits for. What cannot be continued is not a step: it is thrown as a
  /// ``TLSError``.
  public enum HandshakeStep: Hashable, Sendable {
    /// The call completed.
    case done
    /// More ciphertext is needed: ``TLSEngine/feed(_:)-(RawSpan)``, or ``TLSEngine/feedEOF()``.
    case needsFeed
    /// The engine stopped at a question: read ``TLSEngine/question`` and answer it.
    case needsAnswer
  }
}
