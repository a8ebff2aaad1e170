/// An outbound event that asks a ``TLSHandler`` to end TLS and leave the pipeline, for a protocol that goes on in clear.
///
/// What was flushed before is sent, then close_notify. When the peer's close_notify is here, the handler leaves, what came
/// behind it goes on as it is, and the event's promise is fulfilled. Whatever ends the connection before fails it. A peer that
/// sends nothing for the handler's `closeTimeout` is not waited for: the event fails by ``TimedOut``, and the channel is closed.
///
/// ```swift
/// channel.triggerUserOutboundEvent(TLSUnwrap())
/// ```
public struct TLSUnwrap: Sendable, Hashable {
  /// The peer said no goodbye in time.
  public struct TimedOut: Error, Hashable {}

  /// The event.
  public init() {}
}
