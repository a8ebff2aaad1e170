/// The reason why early data cannot be sent; see ``TLSEngine/writeEarly(_:)-(RawSpan)``. Nothing is wrong with the
/// connection: write the bytes after the handshake.
#if hasAttribute(nonexhaustive)
  @nonexhaustive
#endif
public enum TLSEarlyDataObstacle: Sendable, Hashable, CustomStringConvertible {
  /// The client was created without `sendsEarlyData`; a server's configuration has no
  /// ``TLSContext/Configuration/maximumEarlyDataByteCount``.
  case notRequested
  /// There is no session to resume, or it is no longer resumable.
  case noSession
  /// The server accepts no early data with this session.
  case sessionWithoutEarlyData
  /// The session's lifetime is over, by libcrypto's clock or the configuration's time of verification.
  case sessionExpired
  /// The configuration, or the system's policy, does not allow TLS 1.3.
  case versionNotOffered
  /// The session was created for another server name than the one that the client sends (SNI).
  case serverNameDiffers
  /// The application protocol of the session is not among those that the client offers (ALPN).
  case applicationProtocolNotOffered
  /// The client has sent as much as the session allows.
  case limitReached
  /// The server's first bytes have arrived, or the handshake is done.
  case over
  /// A server writes nothing to a client that is still to be authenticated.
  case clientNotAuthenticated

  /// The reason in words.
  public var description: String {
    switch self {
    case .notRequested: "early data was not asked for when the engine or its context was created"
    case .noSession: "there is no session that can be resumed"
    case .sessionWithoutEarlyData: "the server accepts no early data with this session"
    case .sessionExpired: "the session has expired"
    case .versionNotOffered: "TLS 1.3 is not allowed"
    case .serverNameDiffers: "the session belongs to another server name"
    case .applicationProtocolNotOffered: "the session's application protocol is not offered"
    case .limitReached: "the session allows no more early data"
    case .over: "the time of early data is over"
    case .clientNotAuthenticated: "the client is not authenticated yet"
    }
  }
}
