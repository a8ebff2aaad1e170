public import NIOCore
internal import SansIOTLS

/// The channel's calls. Each examines the phase and leaves the work to the other files.
extension TLSHandler: ChannelDuplexHandler {
  /// Ciphertext.
  public typealias InboundIn = ByteBuffer
  /// Plaintext.
  public typealias InboundOut = ByteBuffer
  /// Plaintext.
  public typealias OutboundIn = ByteBuffer
  /// Ciphertext.
  public typealias OutboundOut = ByteBuffer

  /// Starts the handshake if the channel is already active.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive { begin(context) }
  }

  /// Fails pending promises.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    if phase != .unwrapped { phase = .ended }
    failWaiting(by: failure ?? ChannelError.ioOnClosedChannel)
    closingEnded()
    // This also completes a removal that waited for the end of TLS.
    if let removalToken = removalToken.take() { context.leavePipeline(removalToken: removalToken) }
  }

  // MARK: Inbound

  /// Starts the handshake.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func channelActive(context: ChannelHandlerContext) {
    // First, because the next step may already fail and close the channel.
    context.fireChannelActive()
    begin(context)
  }

  /// Reports a truncation, unless close_notify was received or this side closed the channel.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func channelInactive(context: ChannelHandlerContext) {
    // NIO closes the channel within a failing write, and an application within any event. Input before the end is still
    // to be delivered.
    if isAdvancing || isCompletingUnwrap { isInactiveDue = true } else { becomeInactive(context) }
  }

  /// Reports that the channel was unregistered, after `channelInactive`.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func channelUnregistered(context: ChannelHandlerContext) {
    if isInactiveDue { isUnregisteredDue = true } else { context.fireChannelUnregistered() }
  }

  /// Decrypts ciphertext and delivers its plaintext.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - data: a `ByteBuffer` of ciphertext, cut anywhere.
  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch phase {
    case .unwrapped: context.fireChannelRead(data)
    case .idle, .ended: break
    case .live:
      append(unwrapInboundIn(data))
      if unwrapTimer != nil { startUnwrapTimer(context) }
      if !isInputClosed { advance(context) }
    }
  }

  /// Ends a read that delivered data. Requests another if the application or the handshake needs more.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func channelReadComplete(context: ChannelHandlerContext) {
    if phase == .unwrapped { context.fireChannelReadComplete() } else { completeRead(context) }
  }

  /// Encrypts pending writes if the channel is writable again.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable, isOnlySending { startCloseTimer(context) }
    encrypt(context)
    context.fireChannelWritabilityChanged()
  }

  /// Handles the transport's half-closure, which without close_notify is a truncation, and hibernates an idle
  /// connection.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - event: `ChannelEvent.inputClosed` is consumed; others pass.
  public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if phase != .unwrapped, let event = event as? ChannelEvent, event == .inputClosed { return inputEnded(context) }
    if let event = event as? IdleStateHandler.IdleStateEvent, event != .read {
      engine.reportIdle()
      if event == .all { hibernate() }
    }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: Outbound

  /// Requests a read, unless its input could not be accepted now.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func read(context: ChannelHandlerContext) {
    isReadPending = true
    if !holdsReads { context.read() }
  }

  /// Buffers plaintext until it is flushed.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - data: a `ByteBuffer` of plaintext.
  ///   - promise: fulfilled after the ciphertext of the last byte was written.
  public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch phase {
    case .unwrapped: context.write(data, promise: promise)
    case .ended: promise?.fail(failure ?? ChannelError.ioOnClosedChannel)
    case .idle, .live:
      if closeNotify == .notRequested {
        pendingWrites.append(unwrapOutboundIn(data), promise: promise)
      } else {
        promise?.fail(isClosing ? ChannelError.ioOnClosedChannel : ChannelError.outputClosed)
      }
    }
  }

  /// Encrypts pending writes.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func flush(context: ChannelHandlerContext) {
    if phase == .unwrapped { return context.flush() }
    hasFlushedWrites = pendingWrites.markFlushed()
    encrypt(context)
  }

  /// Closes the output, or the channel, as ``TLSHandler`` describes.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - mode: `.all` or `.output`; `.input` alone cannot be closed in TLS.
  ///   - promise: fulfilled after close_notify was sent, or the channel is closed.
  public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    switch (phase, mode) {
    case (.unwrapped, _): context.close(mode: mode, promise: promise)
    case (_, .input): promise?.fail(ChannelError.operationUnsupported)
    case (.idle, .output), (.live, .output): closeOutput(context, promise: promise)
    case (.live, .all): closeAll(context, promise: promise)
    case (.ended, _) where closeTimer != nil: closePromise.setOrCascade(to: promise)
    case (.idle, _), (.ended, _):
      phase = .ended
      failWaiting(by: failure ?? ChannelError.ioOnClosedChannel)
      context.close(mode: mode, promise: promise)
    }
  }

  /// Ends TLS, or writes early.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - event: ``TLSUnwrap`` or ``TLSEarlyWrite``; others pass.
  ///   - promise: fulfilled after TLS has ended on both sides, or the ciphertext was written.
  public func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    let early = event as? TLSEarlyWrite
    guard early != nil || event is TLSUnwrap, phase != .unwrapped else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    switch phase {
    case .idle, .live:
      if let early { writeEarly(early.bytes, promise: promise, context) } else { unwrap(context, promise: promise) }
    case .ended, .unwrapped: promise?.fail(failure ?? ChannelError.ioOnClosedChannel)
    }
  }
}

extension TLSHandler: RemovableChannelHandler {
  /// Unwraps before the removal, so that no ciphertext reaches a handler that expects none.
  ///
  /// After a failure the handler stays until the channel is closed, so that no unprotected data bypasses it.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - removalToken: used after the peer's close_notify was received, or the channel is closed.
  public func removeHandler(context: ChannelHandlerContext, removalToken: ChannelHandlerContext.RemovalToken) {
    switch phase {
    case .live:
      self.removalToken = removalToken
      unwrap(context, promise: nil)
    case .ended where context.channel.isActive: self.removalToken = removalToken
    case .unwrapped where isCompletingUnwrap: self.removalToken = removalToken
    // Outside the pipeline the handler could not report the channel's end.
    case .ended where hasUnreportedEnd, .unwrapped where hasUnreportedEnd: self.removalToken = removalToken
    case .idle, .ended, .unwrapped: context.leavePipeline(removalToken: removalToken)
    }
  }
}
