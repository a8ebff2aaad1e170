internal import NIOCore
internal import NIOTLS
internal import SansIOTLS

/// The ways in which a connection ends.
extension TLSHandler {
  func closeOutput(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    if goodbye == .sent { promise?.succeed() } else { goodbyePromise.setOrCascade(to: promise) }
    sayGoodbye(context)
    if isOnlySending, closeTimer == nil { startCloseTimer(context) }
  }

  func closeAll(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    closePromise.setOrCascade(to: promise)
    if isClosing { return }
    isClosing = true
    guard isHandshakeDone else {
      _ = try? engine.close()
      return closeChannel(context)
    }
    startCloseTimer(context)
    sayGoodbye(context)
    settle(context)
  }

  func unwrap(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    unwrapPromise.setOrCascade(to: promise)
    isUnwrapping = true
    // What was never said needs no goodbye.
    if phase == .idle { return leave(context) }
    startUnwrapTimer(context)
    sayGoodbye(context)
    settle(context)
    readOn(context)
  }

  /// Nothing is written any more; close_notify follows what was flushed.
  func sayGoodbye(_ context: ChannelHandlerContext) {
    guard goodbye == .unsaid else { return }
    goodbye = .wanted
    let error = isClosing ? ChannelError.ioOnClosedChannel : ChannelError.outputClosed
    for promise in pendingWrites.takeUnflushed() { promise.fail(error) }
    seal(context)
  }

  func sendGoodbyeIfDue(_ context: ChannelHandlerContext) {
    guard phase == .live, goodbye == .wanted, !pendingWrites.hasFlushed else { return }
    do throws(TLSError) {
      // While the peer's message is half read, it follows by itself when the rest was.
      guard case .done = try engine.close() else { return }
    } catch { return fail(error, context) }
    goodbye = .said
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { self.goodbyeLeft($0, context) }
    sendCiphertext(context, promise: promise)
  }

  private func goodbyeLeft(_ result: Result<Void, any Error>, _ context: ChannelHandlerContext) {
    goodbyePromise?.completeWith(result)
    goodbyePromise = nil
    switch result {
    case .success:
      goodbye = .sent
      settle(context)
    case .failure:
      // It never leaves. Whoever waits for more than the close is told by the channel's end.
      if isClosing, phase == .live { closeChannel(context) }
    }
  }

  /// What follows from the directions that are closed.
  func settle(_ context: ChannelHandlerContext) {
    guard phase == .live, goodbye == .sent else { return }
    if isInputClosed, isUnwrapping, !isClosing { return leave(context) }
    guard isInputClosed || isClosing else { return }
    phase = .ended
    if isInputClosed { context.fireUserInboundEventTriggered(TLSUserEvent.shutdownCompleted) }
    closeChannel(context)
  }

  /// TLS is over on both sides: what came behind it goes on as it is, and so does all that follows.
  private func leave(_ context: ChannelHandlerContext) {
    phase = .left
    isLeaving = true
    cancelTimers()
    var trailing = ByteBuffer(bytes: engine.takeTrailingInput())
    trailing.writeBuffer(&unfed)
    // First, so that an application that waits for it can make room for what follows.
    unwrapPromise?.succeed()
    unwrapPromise = nil
    if trailing.readableBytes > 0 {
      isReadPending = false
      hasDelivered = false
      context.fireChannelRead(wrapInboundOut(trailing))
      context.fireChannelReadComplete()
    }
    if isReadPending { context.read() }
    isLeaving = false
    // Nobody could be told from outside of the pipeline.
    if isInactiveDue { becomeInactive(context) }
    if let removalToken = removalToken.take() {
      context.leavePipeline(removalToken: removalToken)
    } else {
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
  }

  /// Tells the error once, and closes the channel behind the alert.
  func fail(_ error: any Error, _ context: ChannelHandlerContext) {
    guard phase == .live else { return }
    phase = .ended
    failure = error
    failWaiting(by: error)
    guard context.channel.isActive else { return context.fireErrorCaught(error) }
    cancelTimers()
    startCloseTimer(context)
    let promise = context.eventLoop.makePromise(of: Void.self)
    writeCiphertext(context, promise: promise)
    // Before the flush, within which a channel that is broken ends.
    context.fireErrorCaught(error)
    context.flush()
    promise.futureResult.assumeIsolated().whenComplete { _ in self.closeChannel(context) }
  }

  /// Fails the promises that wait, each once. That of the channel's close is the channel's own.
  func failWaiting(by error: any Error) {
    let waiting = pendingWrites.takeAll() + [goodbyePromise, unwrapPromise].compactMap(\.self)
    goodbyePromise = nil
    unwrapPromise = nil
    for promise in waiting { promise.fail(error) }
  }

  /// Both sides have closed, and what was flushed waits for a peer that may read no more. A close or an unwrapping that the
  /// application asked for has a timer of its own.
  var isOnlySending: Bool {
    phase == .live && isInputClosed && goodbye != .unsaid && !isClosing && !isUnwrapping
  }

  /// Closes the channel after `closeTimeout`, whatever still waits.
  func startCloseTimer(_ context: ChannelHandlerContext) {
    closeTimer?.cancel()
    closeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: closeTimeout) { self.closeChannel(context) }
  }

  /// Waits for the peer's close_notify no longer than `closeTimeout` from the last bytes that came.
  func startUnwrapTimer(_ context: ChannelHandlerContext) {
    unwrapTimer?.cancel()
    unwrapTimer = context.eventLoop.assumeIsolated().scheduleTask(in: closeTimeout) {
      guard self.phase == .live else { return }
      self.failure = TLSUnwrap.TimedOut()
      self.closeChannel(context)
    }
  }

  /// There is nothing more to wait for.
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

  /// The promise of the close is kept when the channel is inactive.
  private func closeChannel(_ context: ChannelHandlerContext) {
    phase = .ended
    cancelTimers()
    failWaiting(by: failure ?? ChannelError.ioOnClosedChannel)
    context.close(mode: .all, promise: nil)
  }
}
