internal import NIOCore
internal import NIOTLS
internal import SansIOTLS
internal import SansIOTLSTransports

/// The closing of a connection.
extension TLSHandler {
  func closeOutput(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    if closeNotify == .sent { promise?.succeed() } else { closeNotifyPromise.setOrCascade(to: promise) }
    sendCloseNotify(context)
    if isOnlySending, closeTimer == nil { startCloseTimer(context) }
  }

  func closeAll(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    closePromise.setOrCascade(to: promise)
    if isClosing { return }
    isClosing = true
    guard isHandshakeDone else {
      _ = try? engine.closeWriting()
      return closeChannel(context)
    }
    startCloseTimer(context)
    sendCloseNotify(context)
    settle(context)
  }

  func unwrap(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    unwrapPromise.setOrCascade(to: promise)
    isUnwrapping = true
    // Without a handshake there is nothing to close.
    if phase == .idle { return completeUnwrap(context) }
    startUnwrapTimer(context)
    sendCloseNotify(context)
    settle(context)
    readIfNeeded(context)
  }

  /// Sends close_notify after flushed data, and accepts no further writes.
  func sendCloseNotify(_ context: ChannelHandlerContext) {
    guard closeNotify == .notRequested else { return }
    closeNotify = .pending
    let error = isClosing ? ChannelError.ioOnClosedChannel : ChannelError.outputClosed
    for promise in pendingWrites.removeUnflushed() { promise.fail(error) }
    encrypt(context)
  }

  func writeCloseNotifyIfDue(_ context: ChannelHandlerContext) {
    guard phase == .live, closeNotify == .pending, !hasFlushedWrites else { return }
    do throws(TLSError) {
      // Inside a message of the peer, the engine sends it after the remainder was read.
      guard case .done = try engine.closeWriting() else { return }
    } catch { return fail(error, context) }
    closeNotify = .written
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { self.closeNotifyWritten($0, context) }
    writeCiphertext(context, promise: promise)
    flushWritten(context)
  }

  private func closeNotifyWritten(_ result: Result<Void, any Error>, _ context: ChannelHandlerContext) {
    closeNotifyPromise?.completeWith(result)
    closeNotifyPromise = nil
    switch result {
    case .success:
      closeNotify = .sent
      settle(context)
    case .failure:
      // It is never sent. Promises that wait for more than the close fail at the channel's end.
      if isClosing, phase == .live { closeChannel(context) }
    }
  }

  /// Ends the connection, or TLS, if both directions are closed.
  func settle(_ context: ChannelHandlerContext) {
    guard phase == .live, closeNotify == .sent else { return }
    if isInputClosed, isUnwrapping, !isClosing { return completeUnwrap(context) }
    guard isInputClosed || isClosing else { return }
    phase = .ended
    if isInputClosed { context.fireUserInboundEventTriggered(TLSUserEvent.shutdownCompleted) }
    closeChannel(context)
  }

  /// Completes an unwrap: delivers the input after TLS unchanged, and leaves the pipeline.
  private func completeUnwrap(_ context: ChannelHandlerContext) {
    phase = .unwrapped
    isCompletingUnwrap = true
    cancelTimers()
    var trailing = ByteBuffer(bytes: engine.takeTrailingInput())
    if var rest = unfed.take() { trailing.writeBuffer(&rest) }
    // First, so that an application that waits for it can add its handlers before the input.
    unwrapPromise?.succeed()
    unwrapPromise = nil
    if trailing.readableBytes > 0 {
      isReadPending = false
      hasDelivered = false
      context.fireChannelRead(wrapInboundOut(trailing))
      context.fireChannelReadComplete()
    }
    if isReadPending { context.read() }
    isCompletingUnwrap = false
    // Outside the pipeline the handler could not report the channel's end.
    if isInactiveDue { becomeInactive(context) }
    if let removalToken = removalToken.take() {
      context.leavePipeline(removalToken: removalToken)
    } else {
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
  }

  /// Reports the error once, and closes the channel after the alert.
  func fail(_ error: any Error, _ context: ChannelHandlerContext) {
    guard phase == .live else { return }
    phase = .ended
    failure = error
    sessions?.note(engine)
    failWaiting(by: error)
    guard context.channel.isActive else { return context.fireErrorCaught(error) }
    cancelTimers()
    startCloseTimer(context)
    let promise = context.eventLoop.makePromise(of: Void.self)
    writeCiphertext(context, promise: promise)
    // Before the flush, within which a broken channel becomes inactive.
    context.fireErrorCaught(error)
    flushWritten(context)
    promise.futureResult.assumeIsolated().whenComplete { _ in self.closeChannel(context) }
  }

  /// Fails the pending promises, each once. The channel itself completes the promise of its close.
  func failWaiting(by error: any Error) {
    let waiting =
      earlyWrites.compactMap(\.promise) + pendingWrites.removeAll()
      + [closeNotifyPromise, unwrapPromise].compactMap(\.self)
    earlyWrites = []
    hasFlushedWrites = false
    closeNotifyPromise = nil
    unwrapPromise = nil
    for promise in waiting { promise.fail(error) }
  }

  /// Whether both sides have closed, and flushed data waits for a peer that may have stopped reading. A close or an
  /// unwrap that the application requested has a timer of its own.
  var isOnlySending: Bool {
    phase == .live && isInputClosed && closeNotify != .notRequested && !isClosing && !isUnwrapping
  }

  /// Closes the channel after `closeTimeout`, regardless of pending data.
  func startCloseTimer(_ context: ChannelHandlerContext) {
    closeTimer?.cancel()
    closeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: closeTimeout) { self.closeChannel(context) }
  }

  /// Limits the wait for the peer's close_notify to `closeTimeout` after the last bytes received.
  func startUnwrapTimer(_ context: ChannelHandlerContext) {
    unwrapTimer?.cancel()
    unwrapTimer = context.eventLoop.assumeIsolated().scheduleTask(in: closeTimeout) {
      guard self.phase == .live else { return }
      self.failure = TLSUnwrap.TimedOut()
      self.closeChannel(context)
    }
  }

  /// Completes a close after the channel has ended.
  func closingEnded() {
    cancelTimers()
    closePromise?.succeed()
    closePromise = nil
  }

  private func cancelTimers() {
    closeTimer?.cancel()
    closeTimer = nil
    unwrapTimer?.cancel()
    unwrapTimer = nil
  }

  /// Closes the channel. The promise of the close is fulfilled when the channel is inactive.
  private func closeChannel(_ context: ChannelHandlerContext) {
    phase = .ended
    cancelTimers()
    failWaiting(by: failure ?? ChannelError.ioOnClosedChannel)
    flushWritten(context)
    context.close(mode: .all, promise: nil)
  }
}
