package import SansIOTLS

/// A transport that observes the engine of the stream above it: the test kit's, which draws the conversation.
package protocol TLSStreamObserver: Sendable {
  /// Whether it observes; read once when the stream is created.
  var isObserving: Bool { get }

  /// Called after each change of the engine.
  ///
  /// - Parameter engine: The engine, which traces its messages. The stream's lock is held.
  func note(_ engine: inout TLSEngine)
}
