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
    let outcome = decrypt(into: &plaintext, allocator: context.channel.allocator)
    // The alert of a failure is sent by `fail`, which waits for it.
    if engine.failure == nil { sendCiphertext(context) }
    tellEvents(context)
    deliver(plaintext, context)
    switch outcome {
    case .failure(let error): fail(error, context)
    case .success(.endOfStream): peerClosed(context)
    case .success(.needsAnswer): ask(context)
    case .success(.done): isTurnDue = true
    case .success: break
    }
    seal(context)
  }

  /// Feeds what came and decrypts what that gave, until there is nothing left to do, or `.done` when a buffer is full.
  private func decrypt(
    into plaintext: inout ByteBuffer, allocator: ByteBufferAllocator
  ) -> Result<Step<Int>, TLSError> {
    let room = unfed.readableBytes + (endsInsideRecord ? Self.recordSize : 0)
    do throws(TLSError) {
      while true {
        let accepted = try feed()
        let needs = engine.needs
        if needs.contains(.answer) { return .success(.needsAnswer) }
        if needs.contains(.read) {
          if plaintext.capacity == 0 { plaintext = allocator.buffer(capacity: min(max(room, 1), Self.largestDelivery)) }
          if plaintext.writableBytes == 0, plaintext.capacity >= Self.largestDelivery {
            return .success(.done(plaintext.readableBytes))
          }
          if case .endOfStream = try read(into: &plaintext) { return .success(.endOfStream) }
        } else if accepted == 0 {
          endsInsideRecord = isHandshakeDone && engine.bytesNeeded != Self.recordHeaderSize
          return .success(.needsFeed)
        }
      }
    } catch { return .failure(error) }
  }

  /// Plaintext that is delivered as one buffer; see `batchSize` for the reason.
  private static var largestDelivery: Int { 65_536 }
  /// The plaintext of one record at most (RFC 8446, section 5.1).
  static var recordSize: Int { 16_384 }
  /// What libssl asks for between two records (RFC 8446, section 5.1).
  private static var recordHeaderSize: Int { 5 }

  private func feed() throws(TLSError) -> Int {
    if unfed.readableBytes == 0 { return 0 }
    let ciphertext = unfed
    let accepted = try engine.feed(ciphertext.readableBytesSpan)
    // An empty buffer lets the channel use the memory of the one that is done.
    if accepted == ciphertext.readableBytes { unfed = ByteBuffer() } else { unfed.moveReaderIndex(forwardBy: accepted) }
    return accepted
  }

  private func read(into plaintext: inout ByteBuffer) throws(TLSError) -> Step<Int> {
    var step = Step<Int>.needsFeed
    try plaintext.writeWithOutputRawSpan(minimumWritableBytes: 1) { (output: inout OutputRawSpan) throws(TLSError) in
      step = try engine.read(into: &output)
    }
    return step
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
