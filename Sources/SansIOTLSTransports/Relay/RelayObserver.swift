public import SansIOTLS

/// Watches a ``Relay`` at work, for a trace or a diagnosis. It is called on the relay's thread and delays the transfer as
/// long as it takes.
///
/// In each turn of the loop come first the ciphertext that was read, then, after the engine was fed, the ciphertext that
/// was sent, and last the engine itself.
public protocol RelayObserver: AnyObject {
  /// Ciphertext was read from the transport, or written to it. What a peer sends behind a failure, or behind the end of
  /// both directions, is dropped and not told.
  ///
  /// - Parameters:
  ///   - ciphertext: the bytes, lent for the call; 1 to 65,536 of them if they were read.
  ///   - direction: whether they were sent or received.
  func passed(_ ciphertext: RawSpan, _ direction: RelayReport.Direction)

  /// One direction of the transport has ended: the peer ended it or it broke (received), or the relay ended it (sent).
  ///
  /// - Parameter direction: which one. Each ends once at most.
  func ended(_ direction: RelayReport.Direction)

  /// A turn of the loop is done.
  ///
  /// - Parameter engine: lent, to ask it things such as ``TLSEngine/nextTracedMessage()``. What drives it is the relay's.
  func turned(_ engine: inout TLSEngine)
}
