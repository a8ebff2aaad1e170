public import SansIOTLS

/// A type that observes a ``Relay``, for a trace or a diagnosis. Its methods are called on the relay's thread, and the
/// transfer waits for them.
///
/// In each iteration of the loop the relay reports the ciphertext that was read, then, after it has fed the engine, the
/// ciphertext that was sent, and last the engine itself.
public protocol RelayObserver: AnyObject {
  /// Called after ciphertext was read from the transport or written to it. What a peer sends after a failure, or after
  /// the end of both directions, is dropped and not reported.
  ///
  /// - Parameters:
  ///   - ciphertext: The bytes, valid during the call; 1 to 65,536 of them if they were read.
  ///   - direction: Whether they were sent or received.
  func relayDidTransfer(_ ciphertext: RawSpan, _ direction: RelayReport.Direction)

  /// Called after one direction of the transport has ended: because the peer ended it or it failed (received), or
  /// because the relay ended it (sent).
  ///
  /// - Parameter direction: The direction. Each ends at most once.
  func relayDidEnd(_ direction: RelayReport.Direction)

  /// Called after each iteration of the loop.
  ///
  /// - Parameter engine: Provided for calls such as ``/SansIOTLS/TLSEngine/nextTracedMessage()``. The relay alone
  ///   advances the connection.
  func relayDidCompleteIteration(_ engine: inout TLSEngine)
}
