internal import NIOCore
internal import NIOTLS
internal import SansIOTLS
internal import SansIOTLSTransports

/// The path from ciphertext to plaintext, events and questions.
extension TLSHandler {
  /// Sends a client's ClientHello, and reads.
  func begin(_ context: ChannelHandlerContext) {
    guard phase == .idle else { return }
    phase = .live
    writePendingOutput(context)
    encryptEarly(context)
    flushWritten(context)
    context.read()
  }

  /// Ends the input: the transport has ended.
  func inputEnded(_ context: ChannelHandlerContext) {
    guard phase == .live, !isInputClosed else { return }
    hasInputEnded = true
    advance(context)
  }

  /// Whether input stays in the transport: during a pending answer, and after close_notify, the engine accepts none.
  var holdsReads: Bool { phase == .live && (isAwaitingAnswer || isInputClosed) }

  /// Reads if the handshake, the peer's close_notify or the application's pending read needs input.
  func readIfNeeded(_ context: ChannelHandlerContext) {
    if needsRead { context.read() }
  }

  private var needsRead: Bool {
    phase == .live && !holdsReads && (isReadPending || !isHandshakeDone || isUnwrapping)
  }

  /// Reports the end of a read that delivered data, and reads again if needed.
  func completeRead(_ context: ChannelHandlerContext) {
    // Before the call, within which the application may itself request a read.
    let isReadDue = needsRead
    if hasDelivered {
      hasDelivered = false
      context.fireChannelReadComplete()
    }
    if isReadDue { readIfNeeded(context) }
  }

  /// Reports the channel's end. A truncation precedes it, unless close_notify was received or this side closed.
  func becomeInactive(_ context: ChannelHandlerContext) {
    isInactiveDue = false
    isReportingEnd = true
    if !isClosing { inputEnded(context) }
    if phase == .live || phase == .idle {
      phase = .ended
      // A later answer has no connection to continue.
      if isAwaitingAnswer { context.fireErrorCaught(ChannelError.eof) }
      failWaiting(by: ChannelError.ioOnClosedChannel)
    }
    if hasDelivered { completeRead(context) }
    closingEnded()
    context.fireChannelInactive()
    if isUnregisteredDue { context.fireChannelUnregistered() }
    isReportingEnd = false
    if let removalToken = removalToken.take() { context.leavePipeline(removalToken: removalToken) }
  }

  /// Whether the handlers after this one have not yet received `channelInactive`.
  var hasUnreportedEnd: Bool { isInactiveDue || isReportingEnd }

  /// Appends received ciphertext to what the engine has not accepted.
  func append(_ ciphertext: ByteBuffer) {
    guard var rest = unfed.take() else { return unfed = ciphertext }
    var ciphertext = ciphertext
    rest.writeBuffer(&ciphertext)
    unfed = rest
  }

  /// Processes input until no more progress is possible. A reentrant call from the application only requests another
  /// pass.
  func advance(_ context: ChannelHandlerContext) {
    needsProcessing = true
    if isAdvancing { return }
    isAdvancing = true
    while needsProcessing, phase == .live, !isInputClosed {
      needsProcessing = false
      processInput(context)
    }
    isAdvancing = false
    if isInactiveDue { becomeInactive(context) }
  }

  private func processInput(_ context: ChannelHandlerContext) {
    var ciphertext = unfed.take() ?? ByteBuffer()
    // A record that began earlier may yield more plaintext than there is new ciphertext.
    let room = ciphertext.readableBytes + (endsInsideRecord ? TLSEngine.recordSize : 0)
    var plaintext = ByteBuffer.emptied(&deliveredBuffer)
    let result = engine.decrypt(&ciphertext, isEnd: hasInputEnded, into: &plaintext, room: room) { capacity in
      context.channel.allocator.buffer(capacity: capacity)
    }
    if ciphertext.readableBytes > 0 { unfed = ciphertext }
    if plaintext.capacity <= TLSEngine.largestKeptBuffer { deliveredBuffer = plaintext }
    isFailureDue = result.hasFailed
    // The alert of a failure is sent by `fail`, which waits for it.
    if result.hasOutput, !isFailureDue { writePendingOutput(context) }
    // Later nothing is early, and each message would pay for the question.
    if !isHandshakeDone {
      encryptEarly(context)
      deliverEarlyData(context)
    }
    deliver(result.events, context)
    deliver(plaintext, context)
    switch result.outcome {
    case .failure(let error): fail(error, context)
    case .success(.endOfStream): peerClosed(context)
    case .success(.needsAnswer): ask(context)
    case .success(.done): needsProcessing = true
    case .success: endsInsideRecord = isHandshakeDone && result.endsInsideRecord
    }
    encrypt(context)
    // Not earlier: what the application wrote meanwhile leaves in the same call.
    flushWritten(context)
  }

  private func deliver(_ events: [TLSEngine.Event], _ context: ChannelHandlerContext) {
    for event in events where phase == .live {
      switch event {
      case .handshakeCompleted:
        isHandshakeDone = true
        sessions?.note(engine)
        let negotiatedProtocol = engine.negotiated?.applicationProtocol
        context.fireUserInboundEventTriggered(
          TLSUserEvent.handshakeCompleted(negotiatedProtocol: negotiatedProtocol))
      case .sessionTicket where sessions != nil: sessions?.note(event, engine)
      case .peerClosed: break  // reported after the data before it
      case .alertReceived, .earlyData, .sessionTicket, .sessionToStore, .clientCertificateReceived, .renegotiated:
        context.fireUserInboundEventTriggered(event)
      @unknown default: context.fireUserInboundEventTriggered(event)
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
    if closeNotify == .notRequested, !isUnwrapping, allowsHalfClosure(context) {
      isReadPending = false
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    } else {
      sendCloseNotify(context)
      settle(context)
      if isOnlySending { startCloseTimer(context) }
    }
  }

  private func allowsHalfClosure(_ context: ChannelHandlerContext) -> Bool {
    (try? context.channel.syncOptions?.getOption(.allowRemoteHalfClosure)) ?? false
  }

  // MARK: Questions

  private func ask(_ context: ChannelHandlerContext) {
    guard phase == .live, !isAwaitingAnswer, let question = engine.question else { return }
    isAwaitingAnswer = true
    let eventLoop = context.eventLoop
    guard let delegate else { return answered(context) { try $0.answerAsConfigured() } }
    switch question {
    case .clientHello(let hello):
      delegate.answerClientHello(hello, on: eventLoop).hop(to: eventLoop).assumeIsolated().whenComplete { result in
        self.answered(context) { try $0.answer(result.get()) }
      }
    case .peerCertificates(let certificates):
      delegate.answerPeerCertificates(certificates, on: eventLoop).hop(to: eventLoop).assumeIsolated()
        .whenComplete { result in self.answered(context) { try $0.answer(result.get()) } }
    case .certificateRequest(let request):
      delegate.answerCertificateRequest(request, on: eventLoop).hop(to: eventLoop).assumeIsolated()
        .whenComplete { result in self.answered(context) { try $0.answer(result.get()) } }
    @unknown default: answered(context) { try $0.answerAsConfigured() }
    }
  }

  private func refuse() {
    switch engine.question {
    case .clientHello?: try? engine.answer(TLSEngine.ClientHello.Answer.refuse(.handshakeFailure))
    case .peerCertificates?: try? engine.answer(TLSEngine.PeerCertificates.Answer.distrust(.handshakeFailure))
    // A client can refuse nothing here: it leaves.
    case .certificateRequest?: _ = try? engine.closeWriting()
    default: break
    }
  }

  private func answered(_ context: ChannelHandlerContext, _ answer: (inout TLSEngine) throws -> Void) {
    guard phase == .live else { return }
    isAwaitingAnswer = false
    do {
      try answer(&engine)
    } catch {
      // The application failed, not the engine: the question is still pending, and the peer is rejected.
      if engine.failure == nil { refuse() }
      return fail(error, context)
    }
    advance(context)
    // Within a read, the read's own completion follows.
    if !isAdvancing { completeRead(context) }
  }
}
