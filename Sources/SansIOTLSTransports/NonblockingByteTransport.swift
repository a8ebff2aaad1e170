/// A transport with calls that return at once: they use the caller's memory, and a stream needs no task for them.
///
/// ``TLSStream`` prefers these calls. It receives into the engine's buffer and sends from it, and it requests a
/// notification only if a call would have to wait. ``MemoryTransport`` and ``FileDescriptorTransport`` have them.
///
/// A stream calls ``receive(into:)`` and ``send(_:)`` under its lock. So neither they nor ``notify(when:_:)`` may
/// block, call a notification, or resume a task: what they cause at the other end is done in ``finishTransfers()``.
/// Receiving and sending may be called at the same time.
public protocol NonblockingByteTransport: ByteTransport, AnyObject {
  /// Whether no call blocks. If `false`, a stream uses the asynchronous calls alone. Constant.
  var isNonblocking: Bool { get }

  /// Receives what is available, as much as fits.
  ///
  /// - Parameter buffer: The buffer to append to, with room for at least one byte.
  /// - Returns: The result. After `.endOfStream` the call is not repeated.
  /// - Throws: The error that ended the transport.
  func receive(into buffer: inout OutputRawSpan) throws(Failure) -> TransportReading

  /// Sends what there is room for, after the bytes of earlier calls.
  ///
  /// - Parameter bytes: At least one byte.
  /// - Returns: The number of bytes that were accepted, from the first; 0 if there is no room now.
  /// - Throws: The error that ended the transport.
  func send(_ bytes: RawSpan) throws(Failure) -> Int

  /// Requests one notification, at the latest when a call that would have to wait can proceed or fails.
  ///
  /// - Parameters:
  ///   - direction: The call: receiving or sending. A request replaces an earlier one for the same direction.
  ///   - notification: Called once, on any thread, without a lock of the transport. It may be called early. It is not
  ///     called if the transport is released before.
  /// - Throws: The error that ended the transport.
  func notify(when direction: TransportDirection, _ notification: @escaping @Sendable () -> Void) throws(Failure)

  /// Completes preceding calls of ``receive(into:)``, ``send(_:)`` and ``notify(when:_:)``: calls the notifications
  /// that are due, of both ends. Called without a lock. By default it does nothing: for descriptors the kernel and
  /// another thread do this.
  func finishTransfers()

  /// Ends this direction, without waiting: after the bytes sent, the other end reads the end of the stream. Receiving
  /// continues. Called without a lock.
  ///
  /// - Throws: The error that ended the transport.
  func closeOutput() throws(Failure)
}

extension NonblockingByteTransport {
  /// Does nothing.
  public func finishTransfers() {}
}
