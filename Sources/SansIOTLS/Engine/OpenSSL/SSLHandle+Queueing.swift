internal import CSansIOTLSOpenSSL

/// The handshake, and writes that are larger than the outbound buffer. libssl's records are copied once, into the
/// queue, and not into the buffer and from there into the queue.
extension SSLHandle {
  /// The BIO that appends to the queue, made when it is first needed.
  mutating func outboundQueue() throws(TLSError) -> OpaquePointer {
    if let queue = unsafe callbackState.pointee.queue { return unsafe queue }
    guard let queue = unsafe QueueBIO.make(for: callbackState) else {
      throw TLSError(.openSSLFailure, .local, hint: "no memory for a BIO", openSSLErrors: ErrorQueue.take())
    }
    unsafe callbackState.pointee.queue = queue
    return unsafe queue
  }

  /// Connects libssl's output to the queue, after what the outbound buffer holds. Without memory for it nothing
  /// changes: `perform` moves the buffer's contents each time it is full. Corresponds to `SSL_set0_wbio(3)`.
  @inline(never)
  mutating func beginQueueing() {
    wake()
    guard let queue = unsafe try? outboundQueue() else { return }
    unsafe callbackState.pointee.spill()
    unsafe BIO_up_ref(queue)
    unsafe SSL_set0_wbio(ssl, queue)
  }

  /// Connects libssl's output to the outbound buffer again.
  @inline(never)
  mutating func endQueueing() {
    if alwaysQueues { return }
    let inner = unsafe SSL_get_rbio(ssl)
    unsafe BIO_up_ref(inner)
    unsafe SSL_set0_wbio(ssl, inner)
  }

  /// Releases the memory of the empty queue.
  mutating func releaseQueue() {
    unsafe callbackState.pointee.spilled.release()
    unsafe BIO_free(callbackState.pointee.queue)
    unsafe callbackState.pointee.queue = nil
  }
}

/// A BIO that accepts every byte, and appends it to the queue of a connection.
private enum QueueBIO {
  /// - Returns: the BIO, owned by the caller, who frees it before the state; `nil` without memory.
  static func make(for callbackState: UnsafeMutablePointer<CallbackState>) -> OpaquePointer? {
    guard unsafe method != nil, let bio = unsafe BIO_new(method) else { return nil }
    unsafe BIO_set_data(bio, callbackState)
    unsafe BIO_set_init(bio, 1)
    return unsafe bio
  }

  /// Created once, and not changed afterwards.
  private nonisolated(unsafe) static let method: OpaquePointer? = {
    let name: StaticString = "queue"
    let made = unsafe name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) {
      unsafe BIO_meth_new(BIO_TYPE_SOURCE_SINK, $0)
    }
    guard let method = unsafe made else { return nil }
    unsafe BIO_meth_set_write_ex(method, write)
    unsafe BIO_meth_set_ctrl(method, control)
    return unsafe method
  }()

  private static let write:
    @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, Int, UnsafeMutablePointer<Int>?) -> Int32 =
      { bio, bytes, count, written in
        guard let data = unsafe BIO_get_data(bio), let written = unsafe written else { return 0 }
        let callbackState = unsafe data.assumingMemoryBound(to: CallbackState.self)
        unsafe callbackState.pointee.spilled.append(UnsafeRawBufferPointer(start: bytes, count: count))
        unsafe written.pointee = count
        return 1
      }

  /// Flushing succeeds, because nothing is held back; nothing else is supported.
  private static let control: @convention(c) (OpaquePointer?, Int32, Int, UnsafeMutableRawPointer?) -> Int = {
    _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0
  }
}
