internal import NIOCore
internal import NIOTLS
internal import SansIOTLS

/// From ciphertext to plaintext, events and questions.
extension TLSHandler {
  /// The channel is active: sends a client's ClientHello, and waits for the peer's.
  func begin(_ context: ChannelHandlerContext) {
    guard phase == .idle else { return }
    phase = .live
    sendCiphertext(context)
    context.read()
  }

  /// The transport ended.
  func inputEnded(_ context: ChannelHandlerContext) {
    guard phase == .live, !isInputClosed else { return }
    hasInputEnded = true
    advance(context)
  }

  /// While an answer is awaited, and behind close_notify, nothing could be done with what comes: it stays in the
  /// transport.
  var holdsReads: Bool { phase == .live && (isAsking || isInputClosed) }

  /// Reads for the handshake and for the peer's close_notify, which are the handler's own affair, and for an application that
  /// was promised a read.
  func readOn(_ context: ChannelHandlerContext) {
    if wantsRead { context.read() }
  }

  private var wantsRead: Bool {
    phase == .live && !holdsReads && (isReadPending || !isHandshakeDone || isUnwrapping)
  }

  /// Tells the application that this was all for now, if there was something, and reads on.
  func completeRead(_ context: ChannelHandlerContext) {
    // An application that is told so reads by itself.
    let isReadDue = wantsRead
    if hasDelivered {
      hasDelivered = false
      context.fireChannelReadComplete()
    }
    if isReadDue { readOn(context) }
  }

  /// The channel has ended: tells a truncation, unless the end was agreed upon or is this side's own.
  func becomeInactive(_ context: ChannelHandlerContext) {
    isInactiveDue = false
    isTellingEnd = true
    if !isClosing { inputEnded(context) }
    if phase == .live || phase == .idle {
      phase = .ended
      // An answer that comes later will find nobody to go on with.
      if isAsking { context.fireErrorCaught(ChannelError.eof) }
      failWaiting(by: ChannelError.ioOnClosedChannel)
    }
    if hasDelivered { completeRead(context) }
    closingEnded()
    context.fireChannelInactive()
    if isUnregisteredDue { context.fireChannelUnregistered() }
    isTellingEnd = false
    if let removalToken = removalToken.take() { context.leavePipeline(removalToken: removalToken) }
  }

  /// The handlers behind do not know yet that the channel has ended.
  var isEndUntold: Bool { isInactiveDue || isTellingEnd }

  /// Brings everything to rest. A call from within, by an application that is told something, only makes it go on.
  func advance(_ context: ChannelHandlerContext) {
    isTurnDue = true
    if isAdvancing { return }
    isAdvancing = true
    while isTurnDue, phase == .live, !isInputClosed {
      isTurnDue = false
      turn(context)
    }
    isAdvancing = false
    if isInactiveDue { becomeInactive(context) }
  }

  private func turn(_ context: ChannelHandlerContext) {
    var plaintext = ByteBuffer()
    // A record that began earlier may yield more than what came now.
    let room = unfed.readableBytes + (endsInsideRecord ? TLSEngine.recordSize : 0)
    let outcome = engine.decrypt(
      &unfed, isEnd: hasInputEnded, into: &plaintext, room: room, allocator: context.channel.allocator)
    // The alert of a failure is sent by `fail`, which waits for it.
    if engine.failure == nil { sendCiphertext(context) }
    tellEvents(context)
    deliver(plaintext, context)
    switch outcome {
    case .failure(let error): fail(error, context)
    case .success(.endOfStream): peerClosed(context)
    case .success(.needsAnswer): ask(context)
    case .success(.done): isTurnDue = true
    case .success: endsInsideRecord = isHandshakeDone && engine.endsInsideRecord
    }
    seal(context)
  }

  private func tellEvents(_ context: ChannelHandlerContext) {
    while phase == .live, let event = engine.nextEvent() {
      switch event {
      case .handshakeCompleted:
        isHandshakeDone = true
        let negotiatedProtocol = engine.negotiated?.applicationProtocol
        context.fireUserInboundEventTriggered(
          TLSUserEvent.handshakeCompleted(negotiatedProtocol: negotiatedProtocol))
      case .peerClosed: break  // told after the data before it
      case .alertReceived, .sessionTicket: context.fireUserInboundEventTriggered(event)
      }
    }
  }

  private func deliver(_ plaintext: ByteBuffer, _ context: ChannelHandlerContext) {
    guard plaintext.readableBytes > 0, phase == .live, !isClosing else { return }
    isReadPending = false
    hasDelivered = true
    context.fireChannelRead(wrapInboundOut(plaintext))
  }

  private func peerClosed(_ context: ChannelHandlerContext) {
    guard phase == .live else { return }
    isInputClosed = true
    if goodbye == .unsaid, !isUnwrapping, allowsHalfClosure(context) {
      isReadPending = false
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    } else {
      sayGoodbye(context)
      settle(context)
      if isOnlySending { startCloseTimer(context) }
    }
  }

  private func allowsHalfClosure(_ context: ChannelHandlerContext) -> Bool {
    (try? context.channel.syncOptions?.getOption(.allowRemoteHalfClosure)) ?? false
  }

  // MARK: Questions

  private func ask(_ context: ChannelHandlerContext) {
    guard phase == .live, !isAsking, let question = engine.question else { return }
    isAsking = true
    let eventLoop = context.eventLoop
    guard let answer else { return answered(.success(.proceed), context) }
    answer(question, eventLoop).hop(to: eventLoop).assumeIsolated().whenComplete { self.answered($0, context) }
  }

  private func answered(_ result: Result<TLSEngine.Answer, any Error>, _ context: ChannelHandlerContext) {
    guard phase == .live else { return }
    isAsking = false
    do {
      try engine.answer(result.get())
    } catch {
      // Not the engine's failure but the application's: the question stands, and the peer is refused.
      if engine.failure == nil { try? engine.answer(.reject(.handshakeFailure)) }
      return fail(error, context)
    }
    advance(context)
    // Within a read its own end follows.
    if !isAdvancing { completeRead(context) }
  }
}
