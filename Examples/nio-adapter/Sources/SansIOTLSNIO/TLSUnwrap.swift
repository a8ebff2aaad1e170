/// An outbound event that ends TLS and removes the ``TLSHandler``, for a protocol that continues in plaintext.
///
/// Flushed data is sent, then close_notify. After the peer's close_notify was received, the event's promise is
/// fulfilled, input after it is delivered unchanged, and the handler leaves the pipeline. If the connection ends before
/// that, the promise fails. If the peer sends nothing for the handler's `closeTimeout`, the promise fails with
/// ``TimedOut``, and the channel is closed.
///
/// ```swift
/// channel.triggerUserOutboundEvent(TLSUnwrap())
/// ```
public struct TLSUnwrap: Sendable, Hashable {
  /// The peer did not send close_notify in time.
  public struct TimedOut: Error, Hashable {}

  /// Creates the event.
  public init() {}
}
