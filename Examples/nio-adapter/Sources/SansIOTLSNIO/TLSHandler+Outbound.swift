internal import NIOCore
internal import SansIOTLS

/// The path from plaintext to ciphertext.
extension TLSHandler {
  /// Writes the engine's pending output: handshake flights, KeyUpdate responses, alerts, close_notify.
  func writePendingOutput(_ context: ChannelHandlerContext) {
    if engine.pendingOutputByteCount > 0 { writeCiphertext(context, promise: nil) }
  }

  /// Sends what the application has made the engine write.
  func sendEngineOutput() {
    guard let context, phase == .live, !isFailureDue else { return }
    writePendingOutput(context)
    // Within a read, its own flush follows.
    if !isAdvancing { flushWritten(context) }
  }

  /// Writes the engine's pending output, even if there is none, for the sake of the promise.
  func writeCiphertext(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    let ciphertext = engine.takeOutput(allocator: context.channel.allocator)
    needsFlush = true
    context.write(wrapOutboundOut(ciphertext), promise: promise)
  }

  /// Flushes what was written to the channel.
  func flushWritten(_ context: ChannelHandlerContext) {
    guard needsFlush else { return }
    // First, because the flush may call this handler.
    needsFlush = false
    context.flush()
  }

  /// Encrypts flushed data while the channel is writable, and sends a pending close_notify after it.
  func encrypt(_ context: ChannelHandlerContext) {
    guard hasFlushedWrites || closeNotify == .pending else { return }
    // An unreported failure follows the data before it.
    guard phase == .live, isHandshakeDone, !isFailureDue else { return }
    let channel = context.channel
    while phase == .live, hasFlushedWrites, channel.isWritable {
      var batch = PendingWrites.Batch(ciphertext: .emptied(&sentBuffer))
      let outcome = pendingWrites.encrypt(with: &engine, into: &batch) { channel.allocator.buffer(capacity: $0) }
      hasFlushedWrites = pendingWrites.hasFlushed
      if batch.ciphertext.capacity <= TLSEngine.largestKeptBuffer { sentBuffer = batch.ciphertext }
      // No record carries an empty write, but its promise follows those of the writes before it.
      if batch.ciphertext.readableBytes > 0 || batch.promise != nil {
        needsFlush = true
        context.write(wrapOutboundOut(batch.ciphertext), promise: batch.promise)
      }
      switch outcome {
      case .success(true): continue
      case .success(false): break
      case .failure(let error): return fail(error, context)
      }
      break
    }
    flushWritten(context)
    writeCloseNotifyIfDue(context)
  }
}
