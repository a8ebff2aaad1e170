package import SansIOTLS

/// A transport that watches the engine of the stream above it: one of the test kit, which draws the conversation.
package protocol TLSStreamObserver: Sendable {
  /// Whether it wants to look, asked once when the stream is made.
  var isObserving: Bool { get }

  /// Looks at the engine, after each change of it.
  ///
  /// - Parameter engine: keeps its messages. The stream's lock is held.
  func note(_ engine: inout TLSEngine)
}
