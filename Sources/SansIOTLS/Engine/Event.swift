extension TLSEngine {
  /// A report that requires no answer. Events are queued in the engine until `nextEvent()` returns them.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum Event: Sendable {
    /// The handshake is done; reported exactly once, before any application data can be read.
    case handshakeCompleted
    /// The server has accepted or rejected the early data that the client offered; reported exactly once, after
    /// `.handshakeCompleted`. After a rejection nothing is sent again by itself.
    case earlyData(TLSEarlyDataOutcome)
    /// The peer closed its direction by close_notify; reported exactly once.
    case peerClosed
    /// The peer sent a warning that does not end the connection.
    case alertReceived(TLSAlert)
    /// A session that a later client engine may resume. TLS 1.3 servers send theirs after the handshake: they arrive
    /// while the client reads. A ticket of TLS 1.3 that the server announces no lifetime for is discarded.
    case sessionTicket(TLSSession)
    /// A session of a server that the application stores; see
    /// ``TLSContext/Configuration/Resumption/applicationStore(count:timing:lifetime:)``.
    case sessionToStore(TLSServerSession)
    /// The client answered ``TLSEngine/requestClientCertificate(isRequired:)``, and was accepted:
    /// ``TLSEngine/peerCertificates`` are those that it presented, empty if it presented none.
    case clientCertificateReceived
    /// The client of a TLS 1.2 connection renegotiated: ``TLSEngine/negotiated``, ``TLSEngine/peerCertificates`` and
    /// exported keying material may have changed. See ``TLSContext/Configuration/acceptsRenegotiation``.
    case renegotiated
  }
}
