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
    engine.feedEOF()
    advance(context)
  }

  /// While an answer is awaited, and behind close_notify, nothing could be done with what comes: it stays in the
  /// transport.
  var holdsReads: Bool { phase == .live && (isAsking || isInputClosed) }

  /// Reads for the handshake, which is the handler's own affair, and for an application that was promised a read.
  func readOn(_ context: ChannelHandlerContext) {
    if phase == .live, !holdsReads, isReadPending || !isHandshakeDone { context.read() }
  }

  /// Brings everything to rest. A call from within, by an application that is told something, only makes it go on.
  func advance(_ context: ChannelHandlerContext) {
    isTurnDue = true
    if isAdvancing { return }
    isAdvancing = true
    defer { isAdvancing = false }
    while isTurnDue, phase == .live, !isInputClosed {
      isTurnDue = false
      turn(context)
    }
  }

  private func turn(_ context: ChannelHandlerContext) {
    var plaintext = ByteBuffer()
    // A record that began earlier may yield more than what came now.
    let room = unfed.readableBytes + (endsInsideRecord ? TLSEngine.recordSize : 0)
    let outcome = engine.decrypt(&unfed, into: &plaintext, room: room, allocator: context.channel.allocator)
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
    while let event = engine.nextEvent() {
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

  private func answered(_ result: Result<Answer, any Error>, _ context: ChannelHandlerContext) {
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
    readOn(context)
  }
}
