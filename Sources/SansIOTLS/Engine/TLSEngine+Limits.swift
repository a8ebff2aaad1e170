extension TLSEngine {
  /// The bounds of everything that a peer, or a caller who never drains, could make grow.
  public struct Limits: Sendable, Hashable {
    /// Size in bytes of each of the two rings between engine and libssl, 64 to 262,144. The default, 17 KiB, holds one
    /// record of the largest size; a smaller ring saves memory and costs speed, never correctness.
    public var ring: Int = 17 * 1024
    /// Ciphertext in bytes that may wait to be drained before `write` says `.needsDrain`. The last record begun may
    /// pass it, by one record (16,640 bytes) at most; handshake messages, alerts and close_notify are never held back.
    public var outbound: Int = 256 * 1024
    /// Ciphertext in bytes that a handshake may take from the peer, 4,096 or more; beyond it the peer's fault is
    /// `.limitExceeded`. (libssl bounds each single message besides.)
    public var handshake: Int = 256 * 1024
    /// Records in a row that carry no application data (KeyUpdate, session tickets) that a peer may send after the
    /// handshake; one more is `.limitExceeded`.
    public var controlRecords: Int = 64
    /// Requests for a renegotiation that are declined in the life of a TLS 1.2 connection, each by the warning no_renegotiation;
    /// one more is `.limitExceeded`. A request may be as short as 4 bytes, and its warning has 31.
    public var declinedRenegotiations: Int = 1024
    /// Events that wait for `nextEvent()`. Beyond it the oldest session ticket is dropped; where none waits, a new ticket or
    /// warning is. `.handshakeCompleted` and `.peerClosed` are always kept.
    public var events: Int = 64
    /// Session tickets, in bytes, that wait for `nextEvent()`. Beyond it the oldest is dropped, or one that is larger by itself. A
    /// ticket has 65,535 bytes at most, and a few hundred as servers make them.
    public var ticketBytes: Int = 128 * 1024
    /// Tapped messages that wait for ``TLSEngine/nextMessage()``. Beyond it the oldest is dropped.
    public var messages: Int = 1024

    /// The defaults.
    public init() {}

    /// The defaults: 17 KiB rings, 256 KiB outbound, 256 KiB of handshake, 64 control records, 1,024 declined
    /// renegotiations, 64 events with 128 KiB of tickets, 1,024 tapped messages.
    public static let `default` = Limits()

    /// The values that lie outside of their ranges, in words; `nil` if all is well.
    var defect: String? {
      if !(64...262_144).contains(ring) { return "limits.ring is \(ring); it must be 64 to 262,144 bytes" }
      if outbound < 1 { return "limits.outbound is \(outbound); it must be positive" }
      if handshake < 4096 { return "limits.handshake is \(handshake); it must be 4,096 bytes or more" }
      if controlRecords < 1 { return "limits.controlRecords is \(controlRecords); it must be positive" }
      if declinedRenegotiations < 1 {
        return "limits.declinedRenegotiations is \(declinedRenegotiations); it must be positive"
      }
      if ticketBytes < 1 { return "limits.ticketBytes is \(ticketBytes); it must be positive" }
      if events < 4 { return "limits.events is \(events); it must be 4 or more" }
      if messages < 1 { return "limits.messages is \(messages); it must be positive" }
      return nil
    }
  }
}
