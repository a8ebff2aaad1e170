extension TLSEngine {
  /// The stage of a connection; see ``TLSEngine/phase``.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum Phase: Hashable, Sendable {
    /// The handshake is in progress.
    case handshaking
    /// The handshake waits for an answer to ``TLSEngine/question``.
    case waitingForAnswer
    /// Application data flows in both directions.
    case open
    /// ``TLSEngine/closeWriting()`` was called; reading continues.
    case writingClosed
    /// The peer's close_notify was read; writing continues.
    case readingClosed
    /// Both directions are closed.
    case closed
    /// ``TLSEngine/closeWriting()`` was called during the handshake.
    case abandoned
    /// The connection failed with ``TLSEngine/failure``.
    case failed
  }

  /// The stage of the connection. What the engine waits for is in ``needs``.
  public var phase: Phase { state.reportedPhase }
}
