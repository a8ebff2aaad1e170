internal import NIOCore
internal import SansIOTLS

/// Data before the handshake is done.
extension TLSHandler {
  /// Sends plaintext early, as soon as that is possible.
  func writeEarly(_ plaintext: ByteBuffer, promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
    guard closeNotify == .notRequested, !isClosing else {
      promise?.fail(isClosing ? ChannelError.ioOnClosedChannel : ChannelError.outputClosed)
      return
    }
    earlyWrites.append(PendingEarlyWrite(plaintext: plaintext, promise: promise))
    if phase == .live { encryptEarly(context) }
    // Within a read, its own flush follows.
    if !isAdvancing { flushWritten(context) }
  }

  /// Encrypts what waits to be sent early, or reports that it cannot be.
  func encryptEarly(_ context: ChannelHandlerContext) {
    // An unreported failure follows the data before it.
    while phase == .live, !isFailureDue, let write = earlyWrites.first {
      let encryption: PendingEarlyWrite.Encryption
      do throws(TLSError) {
        encryption = try write.encrypt(with: &engine, room: earlyDataRoom) {
          context.channel.allocator.buffer(capacity: $0)
        }
      } catch { return fail(error, context) }
      if case .waits = encryption { return }
      // Before the calls, within which the application may write more.
      earlyWrites.removeFirst()
      switch encryption {
      case .waits: break
      case .unavailable(let reason): write.promise?.fail(TLSEarlyWrite.Unavailable(reason))
      case .done(let ciphertext):
        needsFlush = true
        context.write(wrapOutboundOut(ciphertext), promise: write.promise)
      }
    }
  }

  /// Delivers the client's early data.
  func deliverEarlyData(_ context: ChannelHandlerContext) {
    // An early write may have ended the connection.
    guard phase == .live, let plaintext = engine.takeEarlyData(allocator: context.channel.allocator) else { return }
    hasDelivered = true
    context.fireUserInboundEventTriggered(TLSEarlyData(plaintext))
  }
}
