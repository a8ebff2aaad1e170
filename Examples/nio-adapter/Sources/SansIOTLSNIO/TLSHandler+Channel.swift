public import NIOCore

/// The channel's calls. Each looks at the phase and leaves the work to the other files.
extension TLSHandler: ChannelDuplexHandler {
  /// Ciphertext.
  public typealias InboundIn = ByteBuffer
  /// Plaintext.
  public typealias InboundOut = ByteBuffer
  /// Plaintext.
  public typealias OutboundIn = ByteBuffer
  /// Ciphertext.
  public typealias OutboundOut = ByteBuffer

  /// Begins, if the channel is active already.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { begin(context) }
  }

  /// Fails what will never be done.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func handlerRemoved(context: ChannelHandlerContext) {
    if phase != .left { phase = .ended }
    failWaiting(by: failure ?? ChannelError.ioOnClosedChannel)
    closingEnded()
    // A removal that waited for the end of TLS has come to its own.
    if let removalToken = removalToken.take() { context.leavePipeline(removalToken: removalToken) }
  }

  // MARK: Inbound

  /// Begins.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func channelActive(context: ChannelHandlerContext) {
    // First, as the next step may already fail and close the channel.
    context.fireChannelActive()
    begin(context)
  }

  /// Tells a truncation, unless the end was agreed upon or is this side's own.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func channelInactive(context: ChannelHandlerContext) {
    // NIO closes within a write that fails, and the application where it is told something: what came before is still to be
    // told.
    if isAdvancing || isLeaving { isInactiveDue = true } else { becomeInactive(context) }
  }

  /// Follows the channel's end.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func channelUnregistered(context: ChannelHandlerContext) {
    if isInactiveDue { isUnregisteredDue = true } else { context.fireChannelUnregistered() }
  }

  /// Takes ciphertext, and passes on the plaintext that it yields.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - data: a `ByteBuffer` of ciphertext, cut anywhere.
  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch phase {
    case .left: context.fireChannelRead(data)
    case .idle, .ended: break
    case .live:
      var ciphertext = unwrapInboundIn(data)
      if unfed.readableBytes == 0 { unfed = ciphertext } else { unfed.writeBuffer(&ciphertext) }
      if unwrapTimer != nil { startUnwrapTimer(context) }
      if !isInputClosed { advance(context) }
    }
  }

  /// Passes it on behind data. Asks for more where what came was not enough for the application, or for the handshake.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func channelReadComplete(context: ChannelHandlerContext) {
    if phase == .left { context.fireChannelReadComplete() } else { completeRead(context) }
  }

  /// Goes on sealing.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable, isOnlySending { startCloseTimer(context) }
    seal(context)
    context.fireChannelWritabilityChanged()
  }

  /// Takes the transport's half-closure for what it is: a truncation, unless close_notify came before it. Hibernates where
  /// the connection is idle.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - event: `ChannelEvent.inputClosed` ends here; others pass.
  public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if phase != .left, let event = event as? ChannelEvent, event == .inputClosed { return inputEnded(context) }
    if let event = event as? IdleStateHandler.IdleStateEvent, event == .all { hibernate() }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: Outbound

  /// Passes the wish on, unless what would come could not be taken.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func read(context: ChannelHandlerContext) {
    isReadPending = true
    if !holdsReads { context.read() }
  }

  /// Keeps plaintext until it is flushed.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - data: a `ByteBuffer` of plaintext.
  ///   - promise: fulfilled when the ciphertext of the last byte was written.
  public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch phase {
    case .left: context.write(data, promise: promise)
    case .ended: promise?.fail(failure ?? ChannelError.ioOnClosedChannel)
    case .idle, .live:
      if goodbye == .unsaid {
        pendingWrites.append(unwrapOutboundIn(data), promise: promise)
      } else {
        promise?.fail(isClosing ? ChannelError.ioOnClosedChannel : ChannelError.outputClosed)
      }
    }
  }

  /// Seals what was written.
  ///
  /// - Parameter context: the handler's place in the pipeline.
  public func flush(context: ChannelHandlerContext) {
    if phase == .left { return context.flush() }
    pendingWrites.markFlushed()
    seal(context)
  }

  /// Closes as ``TLSHandler`` says.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - mode: `.all` or `.output`; `.input` alone cannot be closed in TLS.
  ///   - promise: fulfilled when close_notify has left, or the channel is closed.
  public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    switch (phase, mode) {
    case (.left, _): context.close(mode: mode, promise: promise)
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

  /// Unwraps, where that is the event.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - event: ``TLSUnwrap``; others pass.
  ///   - promise: fulfilled when TLS is over on both sides.
  public func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard event is TLSUnwrap, phase != .left else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    switch phase {
    case .idle, .live: unwrap(context, promise: promise)
    case .ended, .left: promise?.fail(failure ?? ChannelError.ioOnClosedChannel)
    }
  }
}

extension TLSHandler: RemovableChannelHandler {
  /// Unwraps first, so that no ciphertext reaches a handler that expects none. A handler whose connection failed stays until
  /// the channel is closed, so that nothing passes it by.
  ///
  /// - Parameters:
  ///   - context: the handler's place in the pipeline.
  ///   - removalToken: used when the peer's close_notify is here, or the channel is closed.
  public func removeHandler(context: ChannelHandlerContext, removalToken: ChannelHandlerContext.RemovalToken) {
    switch phase {
    case .live:
      self.removalToken = removalToken
      unwrap(context, promise: nil)
    case .ended where context.channel.isActive: self.removalToken = removalToken
    case .left where isLeaving: self.removalToken = removalToken
    // Without its place in the pipeline it could not tell the channel's end.
    case .ended where isEndUntold, .left where isEndUntold: self.removalToken = removalToken
    case .idle, .ended, .left: context.leavePipeline(removalToken: removalToken)
    }
  }
}
