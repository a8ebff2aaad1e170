/// An existing asynchronous transport: a stream of bytes in each direction, to which ``TLSStream`` adds TLS.
///
/// ```swift
/// final class SerialLine: ByteTransport {
///   func receive(upTo count: Int) async throws(LineError) -> [UInt8]? { try await port.read(upTo: count) }
///   func send(_ bytes: [UInt8]) async throws(LineError) { try await port.write(bytes) }
///   func closeOutput() async throws(LineError) { try await port.hangUp() }
/// }
/// ```
///
/// A stream calls each of the three one at a time, but receives while it sends. It cancels a call only from
/// ``TLSStream/abort()``, when it is released, or, for a pending receive, after TLS failed or closed during the
/// handshake; an error that the call throws then is no failure. Cancelling a reader or writer does not cancel the
/// transport's call, so that no byte is lost and none is sent in part.
///
/// A transport whose calls can return at once, like those of a descriptor, is a ``NonblockingByteTransport`` too, which
/// costs a stream much less.
///
/// A released stream cancels its pending calls, sends what still waits without waiting for room, and calls
/// ``closeOutput()``. It releases the transport as soon as these calls have returned.
public protocol ByteTransport: Sendable {
  /// The error of this transport.
  associatedtype Failure: Error

  /// Waits for bytes.
  ///
  /// - Parameter count: Bytes at most, 1 or more. A stream that does not read ahead requests no more than TLS needs
  ///   next; the transport keeps what it has beyond that for the next call.
  /// - Returns: At least one byte, in the order of the stream; `nil` at the end of the stream. After an empty array the
  ///   stream repeats the call at once; more than 64 of them in a row end it by ``TLSStreamError/Code/emptyReceives``.
  /// - Throws: The error that ended the transport. A call that is cancelled should throw too: `nil` means that the peer
  ///   has sent everything.
  func receive(upTo count: Int) async throws(Failure) -> [UInt8]?

  /// Sends all bytes, after those of earlier calls. Returning later applies back-pressure.
  ///
  /// - Parameter bytes: At least one byte, at most 64 KiB.
  /// - Throws: The error that ended the transport. A call that is cancelled should send what there is room for and
  ///   throw instead of waiting for more.
  func send(_ bytes: [UInt8]) async throws(Failure)

  /// Ends this direction: after the bytes sent, the other end reads the end of the stream. Receiving continues.
  ///
  /// - Throws: The error that ended the transport.
  func closeOutput() async throws(Failure)
}
