extension TLSEngine {
  /// The limits of everything that a peer, or a caller that does not drain, could cause to grow.
  public struct Limits: Sendable, Hashable {
    /// Size in bytes of each of the two buffers between engine and libssl, 64 to 262,144. The default, 17 KiB, holds
    /// one record of the largest size; a smaller buffer saves memory and costs speed, never correctness.
    public var bufferByteCount: Int = 17 * 1024
    /// Ciphertext in bytes that may wait to be drained before `write` returns `.needsDrain`. The last record may
    /// exceed it by one record (16,640 bytes) at most; handshake messages, alerts and close_notify are never held back.
    public var pendingOutputByteCount: Int = 256 * 1024
    /// Ciphertext in bytes that a handshake may accept from the peer, 4,096 or more; more is `.limitExceeded`. (libssl
    /// limits each message in addition.)
    public var handshakeInputByteCount: Int = 256 * 1024
    /// Records in a row that carry no application data (KeyUpdate, session tickets) that a peer may send after the
    /// handshake; one more is `.limitExceeded`.
    public var controlRecordCount: Int = 64
    /// Requests for a renegotiation that are declined in the life of a TLS 1.2 connection, each by the warning
    /// no_renegotiation; one more is `.limitExceeded`. A request may be as short as 4 bytes, and its warning has 31.
    public var declinedRenegotiationCount: Int = 1024
    /// Renegotiations that a server with ``TLSContext/Configuration/acceptsRenegotiation`` accepts in the life of a
    /// TLS 1.2 connection; one more is `.limitExceeded`, and is refused by the alert handshake_failure.
    public var renegotiationCount: Int = 8
    /// Requests for a certificate that a client answers after the handshake in the life of a TLS 1.3 connection; one
    /// more is `.limitExceeded`. Each answer costs a signature.
    public var certificateRequestCount: Int = 64
    /// Events that wait for `nextEvent()`. Beyond it the oldest session is dropped; if none waits, the new session or
    /// warning is. `.handshakeCompleted`, `.peerClosed`, `.clientCertificateReceived` and `.renegotiated` are always
    /// kept.
    public var queuedEventCount: Int = 64
    /// Session tickets, and a server's sessions to store, in bytes, that wait for `nextEvent()`. Beyond it the oldest
    /// is dropped, and a ticket that is larger alone is not kept. A ticket has 65,535 bytes at most; usual servers send
    /// a few hundred.
    public var queuedTicketByteCount: Int = 128 * 1024
    /// Traced messages that wait for ``TLSEngine/nextTracedMessage()``. Beyond it the oldest is dropped.
    public var tracedMessageCount: Int = 1024

    /// The defaults.
    public init() {}

    /// The defaults: 17 KiB buffers, 256 KiB outbound, 256 KiB of handshake, 64 control records, 1,024 declined
    /// renegotiations, 8 accepted ones, 64 requests for a certificate, 64 events with 128 KiB of tickets, 1,024 traced
    /// messages.
    public static let `default` = Limits()

    /// The values that lie outside of their ranges, in words; `nil` if all is well.
    var defect: String? {
      if !(64...262_144).contains(bufferByteCount) {
        return "limits.bufferByteCount is \(bufferByteCount); it must be 64 to 262,144 bytes"
      }
      if pendingOutputByteCount < 1 {
        return "limits.pendingOutputByteCount is \(pendingOutputByteCount); it must be positive"
      }
      if handshakeInputByteCount < 4096 {
        return "limits.handshakeInputByteCount is \(handshakeInputByteCount); it must be 4,096 bytes or more"
      }
      if controlRecordCount < 1 { return "limits.controlRecordCount is \(controlRecordCount); it must be positive" }
      if declinedRenegotiationCount < 1 {
        return "limits.declinedRenegotiationCount is \(declinedRenegotiationCount); it must be positive"
      }
      if renegotiationCount < 1 { return "limits.renegotiationCount is \(renegotiationCount); it must be positive" }
      if certificateRequestCount < 1 {
        return "limits.certificateRequestCount is \(certificateRequestCount); it must be positive"
      }
      if queuedTicketByteCount < 1 {
        return "limits.queuedTicketByteCount is \(queuedTicketByteCount); it must be positive"
      }
      if queuedEventCount < 4 { return "limits.queuedEventCount is \(queuedEventCount); it must be 4 or more" }
      if tracedMessageCount < 1 { return "limits.tracedMessageCount is \(tracedMessageCount); it must be positive" }
      return nil
    }
  }
}
