extension TLSEngine {
  /// Something that happened and asks for nothing. Events wait in the engine until they are pulled by `nextEvent()`.
  public enum Event: Sendable {
    /// The handshake is done; told once, before any application data can be read.
    case handshakeCompleted
    /// The peer closed its direction by close_notify; told once.
    case peerClosed
    /// The peer sent a warning that does not end the connection.
    case alertReceived(TLSAlert)
    /// A session that a later client engine may resume. TLS 1.3 servers send theirs after the handshake: they arrive
    /// while the client reads.
    case sessionTicket(TLSSession)
  }
}
