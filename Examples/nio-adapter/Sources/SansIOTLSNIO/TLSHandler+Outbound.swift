internal import NIOCore
internal import SansIOTLS

/// The path from plaintext to ciphertext.
extension TLSHandler {
  /// Writes and flushes the engine's pending output: handshake flights, KeyUpdate responses, alerts, close_notify.
  func sendCiphertext(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>? = nil) {
    if engine.pendingOutputByteCount == 0, promise == nil { return }
    writeCiphertext(context, promise: promise)
    context.flush()
  }

  func writeCiphertext(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    var ciphertext = context.channel.allocator.buffer(capacity: engine.pendingOutputByteCount)
    engine.drain { ciphertext.writeBytes($0) }
    context.write(wrapOutboundOut(ciphertext), promise: promise)
  }

  /// Encrypts flushed data while the channel is writable, and sends a pending close_notify after it.
  func encrypt(_ context: ChannelHandlerContext) {
    // An unreported failure follows the data before it.
    guard phase == .live, isHandshakeDone, engine.failure == nil else { return }
    var hasWritten = false
    while phase == .live, pendingWrites.hasFlushed, context.channel.isWritable {
      let allocator = context.channel.allocator
      var batch = PendingWrites.Batch(ciphertext: allocator.buffer(capacity: pendingWrites.batchCapacity))
      let outcome = pendingWrites.encrypt(with: &engine, into: &batch)
      // No record carries an empty write, but its promise follows those of the writes before it.
      if batch.ciphertext.readableBytes > 0 || batch.promise != nil {
        hasWritten = true
        context.write(wrapOutboundOut(batch.ciphertext), promise: batch.promise)
      }
      switch outcome {
      case .success(true): continue
      case .success(false): break
      case .failure(let error): return fail(error, context)
      }
      break
    }
    if hasWritten { context.flush() }
    writeCloseNotifyIfDue(context)
  }
}
