internal import NIOCore
internal import SansIOTLS

/// From plaintext to ciphertext.
extension TLSHandler {
  /// Hands the channel what the engine has for the peer by itself: handshake flights, answers, alerts, close_notify.
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

  /// Seals what was flushed, as long as the channel is writable, and says goodbye behind it if that is due.
  func seal(_ context: ChannelHandlerContext) {
    // A failure that is not told yet waits for the data before it.
    guard phase == .live, isHandshakeDone, engine.failure == nil else { return }
    var hasWritten = false
    while phase == .live, pendingWrites.hasFlushed, context.channel.isWritable {
      let allocator = context.channel.allocator
      var batch = PendingWrites.Batch(ciphertext: allocator.buffer(capacity: pendingWrites.batchCapacity))
      let outcome = pendingWrites.seal(by: &engine, into: &batch)
      // No record carries a write of nothing, but its promise is kept behind those of the writes before it.
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
    sendGoodbyeIfDue(context)
  }
}
