internal import NIOCore
internal import SansIOTLS

/// From plaintext to ciphertext.
extension TLSHandler {
  /// Hands the channel what the engine has for the peer by itself: handshake flights, answers, alerts, close_notify.
  func sendCiphertext(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>? = nil) {
    let count = engine.outboundCount
    if count == 0, promise == nil { return }
    var ciphertext = context.channel.allocator.buffer(capacity: count)
    engine.drain { ciphertext.writeBytes($0) }
    context.writeAndFlush(wrapOutboundOut(ciphertext), promise: promise)
  }

  /// Seals what was flushed, as long as the channel is writable, and says goodbye behind it if that is due.
  func seal(_ context: ChannelHandlerContext) {
    // A failure that is not told yet waits for the data before it.
    guard phase == .live, isHandshakeDone, engine.failure == nil else { return }
    var hasWritten = false
    while phase == .live, pendingWrites.hasFlushed, context.channel.isWritable {
      var batch = Batch(ciphertext: context.channel.allocator.buffer(capacity: batchCapacity))
      let outcome = seal(into: &batch)
      if batch.ciphertext.readableBytes > 0 {
        hasWritten = true
        context.write(wrapOutboundOut(batch.ciphertext), promise: batch.promise)
      } else {
        // Writes of nothing: no record carries them.
        batch.promise?.succeed()
      }
      switch outcome {
      case .success(true): continue
      case .success(false): break
      case .failure(let error): return fail(error, context)
      }
      break
    }
    if hasWritten { context.flush() }
    sendGoodbyeIfDue(context)
  }

  private struct Batch {
    var ciphertext: ByteBuffer
    /// Fulfilled with the write of the ciphertext; the promises of the other writes follow it.
    var promise: EventLoopPromise<Void>?
  }

  /// Plaintext that leaves as one buffer. With what TLS adds to three of the largest records it fits 64 KiB: buffers of
  /// 128 KiB and more would come from the kernel anew each time, and cost more than the encryption.
  private static var batchSize: Int { 3 * recordSize }

  private var batchCapacity: Int {
    let bytes = min(pendingWrites.byteCount, Self.batchSize)
    // An AEAD record adds 22 bytes in TLS 1.3 and 29 in TLS 1.2; what adds more makes the buffer grow.
    return bytes + 32 * (bytes / Self.recordSize + min(pendingWrites.count, bytes))
  }

  /// Seals record by record, and takes each from the engine at once: it leaves from the ring and is never queued.
  ///
  /// - Returns: whether to go on with another batch.
  private func seal(into batch: inout Batch) -> Result<Bool, TLSError> {
    var sealed = 0
    do throws(TLSError) {
      while pendingWrites.hasFlushed {
        if sealed >= Self.batchSize { return .success(true) }
        let (wentOn, promise) = try pendingWrites.sealFirst { (plaintext: RawSpan) throws(TLSError) in
          let record = plaintext.extracting(first: min(plaintext.byteCount, Self.recordSize))
          // Without a count, libssl is inside a message of the peer's: it writes when the rest of that was read.
          guard case .done(let count) = try engine.write(record) else { return nil }
          sealed += count
          return count
        }
        engine.drain { batch.ciphertext.writeBytes($0) }
        batch.promise.setOrCascade(to: promise)
        if !wentOn { return .success(false) }
      }
      return .success(false)
    } catch { return .failure(error) }
  }
}
