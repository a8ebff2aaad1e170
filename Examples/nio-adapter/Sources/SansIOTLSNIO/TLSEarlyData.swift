public import NIOCore

/// An inbound event: plaintext that a client sent before the handshake was done (0-RTT). **It may be a copy that an
/// attacker sends again**: the application executes only what does no harm twice.
///
/// It comes before `TLSUserEvent.handshakeCompleted`, as it arrives, and never as data. All events of a connection
/// together carry at most `TLSContext.Configuration.maximumEarlyDataByteCount` bytes; they do not wait for a read. An
/// application that treats early data as any other passes it on itself:
///
/// ```swift
/// func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
///   guard let early = event as? TLSEarlyData else { return context.fireUserInboundEventTriggered(event) }
///   context.fireChannelRead(NIOAny(early.bytes))
/// }
/// ```
///
/// `channelReadComplete` follows it, as it follows data.
public struct TLSEarlyData: Sendable, Hashable {
  /// The plaintext, at least one byte, divided anywhere.
  public var bytes: ByteBuffer

  /// Creates the event.
  ///
  /// - Parameter bytes: the plaintext.
  public init(_ bytes: ByteBuffer) { self.bytes = bytes }
}
