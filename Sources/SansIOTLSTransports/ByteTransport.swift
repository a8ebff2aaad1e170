/// A transport that somebody already has: a stream of bytes each way, asynchronous, to which ``TLSStream`` adds TLS.
///
/// ```swift
/// final class SerialLine: ByteTransport {
///   func receive(upTo count: Int) async throws(LineError) -> [UInt8]? { try await port.read(upTo: count) }
///   func send(_ bytes: [UInt8]) async throws(LineError) { try await port.write(bytes) }
///   func closeOutput() async throws(LineError) { try await port.hangUp() }
/// }
/// ```
///
/// A stream calls each of the three one at a time, but receives while it sends. It never cancels a call of its own accord
/// but in ``TLSStream/abort()``, when it is dropped, and in receiving when TLS has failed or was closed in the handshake, so
/// that nothing that comes could matter any more; what the call throws then is no failure. A reader or writer that is
/// cancelled leaves the transport's call to end in its time, so that no byte is lost and none is sent half.
///
/// A dropped stream cancels what is under way, sends what still waits without waiting for room, and calls
/// ``closeOutput()``. It lets go of the transport as soon as these calls have returned.
public protocol ByteTransport: Sendable {
  /// How this transport fails.
  associatedtype Failure: Error

  /// Waits for bytes.
  ///
  /// - Parameter count: bytes at most, 1 or more. A stream that reads exactly asks for no more than TLS needs next; what
  ///   the transport has beyond them it keeps for the next call.
  /// - Returns: at least one byte, in the order of the stream; `nil` at the end of the stream. An empty array brings the next
  ///   call at once; more than 64 of them in a row end the stream by ``TLSStreamError/Code/emptyReceives``.
  /// - Throws: what ended the transport. A call that is cancelled throws too, if it can: `nil` says that the peer sent all.
  func receive(upTo count: Int) async throws(Failure) -> [UInt8]?

  /// Sends bytes, all of them, behind those of earlier calls. Returning later than it could is the back-pressure.
  ///
  /// - Parameter bytes: at least one byte, at most 64 KiB.
  /// - Throws: what ended the transport. A call that is cancelled sends what there is room for and throws instead of waiting
  ///   for more, if it can.
  func send(_ bytes: [UInt8]) async throws(Failure)

  /// Ends this direction: behind what was sent the other end reads the end of the stream. Receiving goes on.
  ///
  /// - Throws: what ended the transport.
  func closeOutput() async throws(Failure)
}
