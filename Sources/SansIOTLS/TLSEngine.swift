/// A TLS connection without I/O: one `SSL` of libssl on a BIO pair, whose other half the caller empties and fills.
///
/// # Theory of operation
///
/// `SSL_connect(3)` has three answers: 1, the handshake is done; 0, it was refused in a controlled way; negative, it
/// failed, or "satisfy the BIO's needs and repeat the call". With a BIO pair, satisfying the needs is moving bytes in or
/// out of the pair. The engine turns that contract into types: a ``Step`` says how far a call came, ``needs`` says what
/// it waits for, and whatever cannot be continued is thrown once and for ever.
///
/// Ciphertext comes in by `feed` and goes out by `drain`. Between the two, every call runs libssl **to rest**: when it
/// returns, nothing more can happen without new ciphertext, a `read`, a `write`, a `close` or an answer. During the
/// handshake `feed` itself drives libssl; afterwards `feed` only fills the ring and `read` decrypts from it, straight into
/// the caller's memory. Before libssl writes more than the outbound ring can take, the ring is emptied into a queue, so no
/// handshake flight, alert or close_notify is ever cut short and no write is ever left half done.
///
/// The engine has one owner at a time: it is noncopyable, so the compiler proves that no two threads are inside it.
///
/// ```swift
/// var request = request[...], input: ArraySlice<UInt8> = [], response: [UInt8] = []
/// func flush() throws { while tls.pendingOutputByteCount > 0 { try tls.drain { try transport.send($0) } } }
/// defer { try? flush() }  // the alert after an error, close_notify at the end
/// while true {
///   if case .done(let count) = try tls.write(request) { request = request.dropFirst(count) }
///   try flush()  // 1. drain first, all of it: the transport may take a part
///   switch try tls.read(upTo: 16_384) {  // 2. read until it needs more
///   case .done(let plaintext): response += plaintext
///   case .needsFeed:  // 3. feed what came, or the end of the transport
///     if input.isEmpty { if let bytes = try transport.receive() { input = bytes[...] } else { tls.feedEOF() } }
///     if !input.isEmpty { input = input.dropFirst(try tls.feed(input)) }
///   case .needsAnswer: if let question = tls.question { try tls.answer(decide(question)) }  // 4. answer a question
///   case .endOfStream where request.isEmpty: _ = try tls.close(); return response  // the peer sent everything
///   case .endOfStream, .needsDrain: continue  // write the rest of the request
///   }
/// }
/// ```
///
/// Corresponds to `SSL`, `SSL_connect(3)`, `SSL_accept(3)` and `BIO_s_bio(3)`.
public struct TLSEngine: ~Copyable, Sendable {
  /// The bounds that this engine keeps.
  public let limits: Limits
  /// The error that ended the connection; every call throws it again.
  public private(set) var failure: TLSError?

  var handle: SSLHandle
  private(set) var state: EngineState
  private var events: EventQueue
  /// The contexts in use: their callbacks' data must live as long as the connection.
  private let context: TLSContext
  private var servingContext: TLSContext?
  private var opening: PlaintextDetection
  private var handshakeBytes: Int
  /// The connection ended, by the peer's close or by a failure, and no call has told so yet.
  private var hasUnreportedEnd: Bool
  /// Records in a row without application data, less those that this side asked for.
  private var controlRecords: Int

  /// Makes an engine and takes its first step: a client's ClientHello is there to be drained.
  ///
  /// - Parameters:
  ///   - endpoint: which end this is, and for a client whom it means to reach.
  ///   - context: made for the same side; kept for the life of the engine.
  ///   - limits: the bounds of everything that can grow.
  ///   - session: a session to resume, on a client; it is copied.
  /// - Throws: ``TLSError`` with code `.wrongRole`, `.invalidServerName`, `.invalidArgument` (limits, a session on a
  ///   server) or `.library`.
  ///
  /// Corresponds to `SSL_new(3)`, `SSL_set_connect_state(3)`, `BIO_new_bio_pair(3)`.
  public init(
    _ endpoint: Endpoint, context: TLSContext, limits: Limits = .default, session: TLSSession? = nil
  ) throws(TLSError) {
    try self.init(endpoint, context: context, limits: limits, session: session, keepsMessages: false)
  }

  /// Makes an engine that keeps messages from the first one on, though its context does not tap them: for the test kit. From
  /// libssl 3.2 on a tap that starts later misses the headers of records that are not encrypted.
  package init(
    _ endpoint: Endpoint, context: TLSContext, limits: Limits, session: TLSSession?, keepsMessages: Bool
  ) throws(TLSError) {
    try Self.check(endpoint, context: context, limits: limits, session: session)
    var handle = try SSLHandle.make(
      endpoint, context: context, limits: limits, session: session, keepsMessages: keepsMessages)
    let firstStep = handle.handshake()
    if case .failed(let failure) = firstStep {
      throw TLSError(failure, on: handle, opening: PlaintextDetection(), inputEnded: false, isHandshakeDone: false)
    }
    self.init(handle, context: context, limits: limits)
    settle(firstStep)
  }

  private static func check(
    _ endpoint: Endpoint, context: TLSContext, limits: Limits, session: TLSSession?
  ) throws(TLSError) {
    if let defect = limits.defect { throw TLSError(.invalidArgument, .misuse, hint: defect) }
    let isServer = endpoint == .server
    if isServer != (context.role == .server) {
      throw TLSError(
        .wrongRole, .misuse,
        hint: "a \(isServer ? "server" : "client") needs a context made from a configuration of its own side")
    }
    if isServer, session != nil {
      throw TLSError(.invalidArgument, .misuse, hint: "a session is resumed by the client; a server takes none")
    }
  }

  private init(_ handle: consuming SSLHandle, context: TLSContext, limits: Limits) {
    self.handle = handle
    self.limits = limits
    self.context = context
    servingContext = nil
    events = EventQueue()
    failure = nil
    state = EngineState()
    opening = PlaintextDetection()
    handshakeBytes = 0
    controlRecords = 0
    hasUnreportedEnd = false
  }

  // MARK: Ciphertext

  /// Takes ciphertext that came from the peer. During the handshake it drives it; afterwards it waits for `read`.
  ///
  /// - Parameter ciphertext: bytes in the order of the stream, cut anywhere. They are copied once.
  /// - Returns: how many bytes were accepted. Fewer than given is the back-pressure signal: `read` (or answer the
  ///   question, or take the trailing input), then feed the rest.
  /// - Throws: ``TLSError``: what ended the connection; `.inputAfterEOF` or `.abandoned` if it was not to be fed.
  ///
  /// Corresponds to `BIO_nwrite(3)` and, during the handshake, `SSL_do_handshake(3)`.
  public mutating func feed(_ ciphertext: RawSpan) throws(TLSError) -> Int {
    try admit(.feed)
    if state.isHandshakeDone { return handle.put(ciphertext) }
    return try feedHandshake(ciphertext)
  }

  private mutating func feedHandshake(_ ciphertext: RawSpan) throws(TLSError) -> Int {
    opening.append(ciphertext)
    var accepted = 0
    while accepted < ciphertext.byteCount {
      var rest = ciphertext.extracting(droppingFirst: accepted)
      if !state.isHandshakeDone {
        if handshakeBytes == limits.handshakeInputByteCount, state.isHandshaking {
          fail(
            TLSError(
              .limitExceeded, .peer,
              hint:
                "the handshake took more than limits.handshakeInputByteCount, \(limits.handshakeInputByteCount) bytes"))
          try throwFailure()
        }
        rest = rest.extracting(first: min(rest.byteCount, limits.handshakeInputByteCount - handshakeBytes))
      }
      let count = handle.put(rest)
      if count == 0 { break }
      accepted += count
      if !state.isHandshakeDone { handshakeBytes += count }
      if state.isHandshaking {
        advanceHandshake()
        try throwFailure()
      }
    }
    return accepted
  }

  /// Tells that the transport ended: no more ciphertext will come. Whether that is a truncation shows at the next
  /// `read` or `handshake`, after all that arrived before it was delivered. Repeating it changes nothing.
  ///
  /// Corresponds to `BIO_shutdown_wr(3)`.
  public mutating func feedEOF() {
    if state.inputEnded { return }
    state.inputDidEnd()
    handle.endInput()
    if state.isHandshaking { advanceHandshake() }
  }

  /// Ciphertext bytes that wait to be drained.
  public var pendingOutputByteCount: Int { handle.pendingOutputByteCount }

  /// Lends the waiting ciphertext, segment by segment, where it lies: nothing is copied. Works after errors too, so that
  /// the alert leaves.
  ///
  /// - Parameter body: takes a segment and returns how many of its bytes it took, 0 to all. It is called again while it
  ///   takes all and more is waiting.
  /// - Throws: what `body` throws; the segment it was lent stays.
  ///
  /// Corresponds to `BIO_nread0(3)` and `BIO_nread(3)`.
  public mutating func drain<E: Error>(_ body: (RawSpan) throws(E) -> Int) throws(E) {
    try handle.drain(body)
  }

  // MARK: Plaintext

  /// Goes on with the handshake as far as it comes. `feed` does so by itself: this tells how things stand.
  ///
  /// - Returns: `.done`, `.needsFeed` or `.needsAnswer`.
  /// - Throws: ``TLSError``: what ended the connection; `.abandoned` after `close()` in mid-handshake.
  ///
  /// Corresponds to `SSL_do_handshake(3)`.
  public mutating func handshake() throws(TLSError) -> Step<Void> {
    switch try admit(.handshake) {
    case .done: return .done(())
    case .needsAnswer: return .needsAnswer
    default: return .needsFeed
    }
  }

  /// Seals plaintext into records. What is accepted is sealed in this very call: a later call can never find a write
  /// half done, and there is no "retry with the same buffer".
  ///
  /// - Parameter plaintext: bytes to send. They are encrypted from where they lie.
  /// - Returns: `.done` with how many bytes were accepted: all of them, or as many whole records as fit under
  ///   ``Limits-swift.struct/pendingOutputByteCount``, at least one; `.needsDrain` if it is met already; `.needsFeed` or `.needsAnswer` before the handshake is done, or while a
  ///   message that the peer began to send keeps libssl from writing.
  /// - Throws: ``TLSError``: what ended the connection; `.closed` after `close()`; `.abandoned`.
  ///
  /// Corresponds to `SSL_write_ex(3)`.
  public mutating func write(_ plaintext: RawSpan) throws(TLSError) -> Step<Int> {
    switch try admit(.write) {
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    default: break
    }
    let count = plaintext.byteCount
    if count == 0 { return .done(0) }
    if try !isBetweenMessages() { return .needsFeed }
    let room = limits.pendingOutputByteCount - handle.pendingOutputByteCount
    if room <= 0 { return .needsDrain }
    // Whole records rather than crumbs near the limit: it may be passed by one record.
    let acceptable = max(room / Self.recordSize * Self.recordSize, Self.recordSize)
    let (outcome, sealed) = handle.write(plaintext, count: min(count, acceptable))
    if sealed > 0 {
      // What was sealed before it counts; the failure is told by the next call.
      if case .failed = outcome { end(outcome) }
      return .done(sealed)
    }
    switch outcome {
    case .success: return .done(0)
    case .wantsRead: return .needsFeed
    default:
      end(outcome)
      try throwFailure()
      return .needsFeed
    }
  }

  /// The plaintext of one record at most (RFC 8446, section 5.1).
  private static let recordSize = 16_384

  /// Decrypts into the caller's memory as many records as have arrived and fit. Data comes before the end or the error
  /// behind it.
  ///
  /// - Parameter output: takes the plaintext; what was in it stays.
  /// - Returns: `.done` with the number of bytes, `.needsFeed`, `.needsAnswer`, or `.endOfStream`, which repeats.
  /// - Throws: ``TLSError``: what ended the connection, `.truncated` if the transport ended without close_notify;
  ///   `.abandoned`.
  ///
  /// Corresponds to `SSL_read_ex(3)`.
  public mutating func read(into output: inout OutputRawSpan) throws(TLSError) -> Step<Int> {
    switch try admit(.read) {
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    case .endOfStream:
      hasUnreportedEnd = false
      return .endOfStream
    default: break
    }
    let start = output.byteCount
    reading: while output.freeCapacity > 0, !handle.isAtRest {
      if handle.isInsideMessage {
        continueHandshakeMessage()
        if handle.isInsideMessage || failure != nil || state.receiving == .closed { break reading }
        continue
      }
      let outcome = handle.read(into: &output)
      switch outcome {
      case .success:
        // Each control record may have been answered: while nobody drains, data between them excuses nothing.
        if controlRecords > 0, handle.pendingOutputByteCount < limits.pendingOutputByteCount { controlRecords = 0 }
      case .wantsRead:
        guard handle.endedAtControlRecord else { break reading }
        controlRecordPassed()
        if failure != nil { break reading }
      default:
        end(outcome)
        break reading
      }
    }
    let count = output.byteCount - start
    if handle.hasPendingEvents {
      collectEvents()
      handle.rest(count > 0 ? .done : state.receiving == .closed ? .endOfStream : .needsFeed)
    }
    if count > 0 { return .done(count) }
    try throwFailure()
    if state.receiving == .closed {
      hasUnreportedEnd = false
      return .endOfStream
    }
    return output.freeCapacity == 0 ? .done(0) : .needsFeed
  }

  /// Ends this direction by close_notify, behind everything written before. Reading goes on until the peer's own end;
  /// nothing waits for the peer. In mid-handshake it abandons the connection: nothing is sent but what was queued.
  ///
  /// - Returns: `.done`, also when repeated; `.needsFeed` while a message that the peer began to send keeps libssl from
  ///   writing: close_notify follows by itself when the rest of it was read.
  /// - Throws: ``TLSError``: what ended the connection.
  ///
  /// Corresponds to `SSL_shutdown(3)`, called once.
  public mutating func close() throws(TLSError) -> Step<Void> {
    if case .done = try admit(.close) { return .done(()) }
    if !state.closeRequested() { return .done(()) }
    sendCloseNotify()
    try throwFailure()
    return state.sending == .closed ? .done(()) : .needsFeed
  }

  /// Changes this side's sending keys (TLS 1.3), at once and visibly: the message is there to be drained.
  ///
  /// - Parameter requestingPeer: whether the peer is asked to change its own too.
  /// - Returns: `.done`; `.needsFeed` or `.needsAnswer` before the handshake is done.
  /// - Throws: ``TLSError``: what ended the connection; `.unsupported` in TLS 1.2; `.closed` after `close()`.
  ///
  /// Corresponds to `SSL_key_update(3)`, RFC 8446, section 4.6.3.
  public mutating func keyUpdate(requestingPeer: Bool) throws(TLSError) -> Step<Void> {
    switch try admit(.keyUpdate) {
    case .needsFeed: return .needsFeed
    case .needsAnswer: return .needsAnswer
    default: break
    }
    guard handle.negotiated.version == .tls13 else {
      throw TLSError(.unsupported, .misuse, hint: "TLS 1.2 has no KeyUpdate")
    }
    // libssl takes no KeyUpdate while a message is half read or another update is due.
    if try !isBetweenMessages() { return .needsFeed }
    if handle.hasPendingKeyUpdate { flushPendingKeyUpdate() }
    try throwFailure()
    let scheduled = handle.scheduleKeyUpdate(requestingPeer: requestingPeer)
    if case .success = scheduled { flushPendingKeyUpdate() } else { end(scheduled) }
    try throwFailure()
    // The peer's answer is not of its own making.
    if requestingPeer { controlRecords -= 1 }
    return .done(())
  }

  /// The bytes that were fed behind the peer's close_notify, or that a failed connection never read: exactly these, for
  /// a protocol that goes on in clear. Empty before. Room is made for more to be fed.
  ///
  /// - Returns: the bytes, a copy.
  public mutating func takeTrailingInput() -> [UInt8] {
    guard state.receiving == .closed || state.phase == .failed || state.phase == .abandoned else { return [] }
    return handle.takeInbound()
  }

  /// Gives back what an idle connection does not need: libssl's record buffers and both rings, about 70 KB. The next
  /// call that needs them brings them back by itself.
  ///
  /// - Returns: whether the engine hibernates now; it cannot while there is something to drain or to read.
  ///
  /// Corresponds to `SSL_free_buffers(3)` and `SSL_set_bio(3)` without BIO.
  @discardableResult
  public mutating func hibernate() -> Bool { handle.hibernate() }

  // MARK: What is wanted

  /// What the engine waits for: all that an event loop must know.
  public var needs: Needs {
    var needs: Needs = handle.pendingOutputByteCount > 0 ? .drain : []
    switch state.phase {
    case .failed: if hasUnreportedEnd { needs.insert(.read) }
    case .abandoned: break
    case .asking: needs.insert(.answer)
    case .handshaking: if !state.inputEnded { needs.insert(.feed) }
    case .open:
      if state.receiving == .closed {
        if hasUnreportedEnd { needs.insert(.read) }
      } else {
        needs.insert(handle.isAtRest ? .feed : .read)
      }
    }
    return needs
  }

  /// How many ciphertext bytes until the next step can be made: a transport that must not read ahead (a serial line, a
  /// protocol that goes on in clear) reads exactly so many. 0 when none are waited for.
  ///
  /// Corresponds to `BIO_ctrl_get_read_request(3)`.
  public var bytesNeeded: Int { needs.contains(.feed) ? handle.bytesNeeded : 0 }

  /// The next thing that happened, oldest first.
  ///
  /// - Returns: the event, or `nil` if there is none.
  public mutating func nextEvent() -> Event? { events.next() }

  /// The next record or message that passed, oldest first, on a context that taps them
  /// (``TLSContext/Configuration/tracesMessages``). Works after errors too.
  ///
  /// - Returns: the message, without its contents, or `nil` if there is none.
  ///
  /// Corresponds to `SSL_CTX_set_msg_callback(3)`.
  public mutating func nextTracedMessage() -> TLSTracedMessage? { handle.tap?.next() }

  /// The question that the engine stopped at, `nil` if it did not.
  public var question: Question? {
    guard state.phase == .asking else { return nil }
    if let hello = handle.askedClientHello { return .clientHello(hello) }
    return handle.askedPeerCertificate.map(Question.peerCertificate)
  }

  /// Answers the question and goes on with the handshake, with what was fed meanwhile.
  ///
  /// - Parameter answer: one that fits the question; see ``Answer``.
  /// - Throws: ``TLSError``: `.wrongAnswer` if there is no question, or the answer is to another, or names an alert that
  ///   libssl cannot send as a reason; `.wrongRole` for a client's context; then what ends the connection. After a misuse the
  ///   question stands.
  public mutating func answer(_ answer: Answer) throws(TLSError) {
    try admit(.answer)
    guard let question, answer.fits(question) else {
      throw TLSError(.wrongAnswer, .misuse, hint: "this answer is to another question")
    }
    switch question {
    case .clientHello: try answerClientHello(answer)
    case .peerCertificate: try answerPeerCertificate(answer)
    }
    state.answered()
    advanceHandshake()
    try throwFailure()
  }

  private mutating func answerClientHello(_ answer: Answer) throws(TLSError) {
    switch answer {
    case .use(let context):
      guard context.role == .server else {
        throw TLSError(.wrongRole, .misuse, hint: "a ClientHello is served by a context of the server's side")
      }
      // libssl points into it from here on, also if it does not take all of it.
      servingContext = context
      do throws(TLSError) { try handle.adopt(context, after: self.context) } catch {
        try refuseClientHello(because: error)
      }
      handle.answerClientHello(.proceed)
    case .reject(let alert):
      guard SSLHandle.canRefuseClientHello(with: alert) else {
        throw TLSError(
          .wrongAnswer, .misuse,
          hint: "libssl does not send \(alert) as it is; unrecognized_name, access_denied or handshake_failure it does")
      }
      handle.answerClientHello(.reject(alert))
    case .proceed, .accept:
      if !handle.setGroups(of: context) {
        try refuseClientHello(because: TLSError(.library, .local, hint: "libssl does not take the context's groups"))
      }
      handle.answerClientHello(.proceed)
    }
  }

  /// Ends the connection for a reason of this side's, by the alert internal_error.
  private mutating func refuseClientHello(because error: TLSError) throws(TLSError) {
    handle.answerClientHello(.reject(.internalError))
    _ = handle.handshake()
    fail(TLSError(error.code, error.blame, hint: error.hint, alertSent: handle.alertSent, library: error.library))
    try throwFailure()
  }

  private mutating func answerPeerCertificate(_ answer: Answer) throws(TLSError) {
    switch answer {
    case .accept: handle.answerPeerCertificate(.accept)
    case .reject(let alert):
      guard SSLHandle.canRefuseCertificate(with: alert) else {
        throw TLSError(
          .wrongAnswer, .misuse,
          hint: "a certificate is refused by bad_certificate, unsupported_certificate, certificate_revoked, "
            + "certificate_expired, certificate_unknown, unknown_ca or handshake_failure, not by \(alert)")
      }
      handle.answerPeerCertificate(.reject(alert))
    case .proceed, .use: handle.answerPeerCertificate(.proceed)
    }
  }

  // MARK: Inside

  /// Asks the state machine, and throws where it says so.
  @inline(__always) @discardableResult
  private mutating func admit(_ call: EngineState.Call) throws(TLSError) -> EngineState.Action {
    let action = state.action(for: call)
    switch action {
    case .failed: try throwFailure()
    case .misuse(let misuse): throw Self.error(for: misuse)
    default: break
    }
    return action
  }

  @inline(__always)
  private mutating func throwFailure() throws(TLSError) {
    if let failure {
      hasUnreportedEnd = false
      throw failure
    }
  }

  private static func error(for misuse: EngineState.Misuse) -> TLSError {
    switch misuse {
    case .closed: TLSError(.closed, .misuse, hint: "close() was called; nothing can be sent any more")
    case .abandoned: TLSError(.abandoned, .misuse, hint: "close() was called in mid-handshake; the connection is over")
    case .inputAfterEOF: TLSError(.inputAfterEOF, .misuse, hint: "feedEOF() was called; nothing can follow it")
    case .noQuestion: TLSError(.wrongAnswer, .misuse, hint: "there is no question to answer")
    }
  }

  /// Runs the handshake to rest.
  private mutating func advanceHandshake() { settle(handle.handshake()) }

  private mutating func settle(_ outcome: SSLHandle.Outcome) {
    if case .success = outcome, selectionWasNotOffered {
      // Before the news: a session of this connection is of no use either.
      fail(
        TLSError(
          .protocolViolation, .peer, hint: "the server selected an application protocol (ALPN) that was not offered"))
      return
    }
    if case .success = outcome, !handle.proof(for: servingContext ?? context).isSufficient {
      fail(
        TLSError(
          .certificateRejected, .peer,
          hint: "the handshake was done without an acceptable certificate of the peer, and one is required"))
      return
    }
    collectEvents()
    switch outcome {
    case .success:
      state.handshakeCompleted()
      events.append(.handshakeCompleted, limits)
      handle.rest(.done)
    case .wantsRead: handle.rest(.needsFeed)
    case .asksClientHello, .asksPeerCertificate:
      state.asked()
      handle.rest(.needsAnswer)
    case .peerClosed, .failed: end(outcome)
    }
  }

  /// A client's libssl looks by itself whether the server selected what was offered (RFC 7301, section 3.2) only since the
  /// middle of 2024, and then refuses by an alert. Before, it has finished its handshake when the engine looks, and cannot
  /// be made to send one.
  private var selectionWasNotOffered: Bool {
    guard context.role == .client, let selected = handle.selectedApplicationProtocol else { return false }
    return !context.configuration.offers(selected)
  }

  /// What a call left that was neither success nor a want.
  private mutating func end(_ outcome: SSLHandle.Outcome) {
    collectEvents()
    if failure != nil { return }
    switch outcome {
    case .peerClosed where state.isHandshakeDone && handle.isInsideMessage:
      // RFC 8446, section 5.1. libssl takes it for an end, and could neither write nor close behind it.
      fail(
        TLSError(
          .protocolViolation, .peer, hint: "the peer closed the connection in the middle of a handshake message"))
    case .peerClosed where state.isHandshakeDone:
      state.peerClosed()
      hasUnreportedEnd = true
      events.append(.peerClosed, limits)
    case .peerClosed:
      fail(
        TLSError(
          .alertReceived, .peer, hint: "the peer closed the connection in the middle of the handshake",
          alertReceived: .closeNotify))
    case .failed(let failure):
      fail(
        TLSError(
          failure, on: handle, opening: opening, inputEnded: state.inputEnded, isHandshakeDone: state.isHandshakeDone))
    case .success, .wantsRead: break
    case .asksClientHello, .asksPeerCertificate:
      fail(TLSError(.library, .local, hint: "libssl asked a question outside of a handshake"))
    }
  }

  /// Ends the connection. The first error stays.
  private mutating func fail(_ error: TLSError) {
    if failure != nil { return }
    failure = error
    handle.rest(.failed(error.code))
    hasUnreportedEnd = true
    state.failed()
  }

  /// A KeyUpdate or a session ticket was read. libssl answers a KeyUpdate only when it writes next: it is made to.
  private mutating func controlRecordPassed() {
    collectEvents()
    if failure != nil { return }
    controlRecords += 1
    if controlRecords > limits.controlRecordCount {
      fail(
        TLSError(
          .limitExceeded, .peer,
          hint:
            "more than limits.controlRecordCount, \(limits.controlRecordCount), records came without application data"))
      return
    }
    if state.sending == .closing {
      sendCloseNotify()
    } else if state.sending == .open, handle.hasPendingKeyUpdate {
      flushPendingKeyUpdate()
    }
  }

  /// libssl is inside a message that the peer began to send: it goes on with that and with nothing else, so that each that
  /// ends is counted and answered. Whatever else were asked of libssl would finish it unseen.
  private mutating func continueHandshakeMessage() {
    let outcome = handle.finishMessage()
    switch outcome {
    case .success: controlRecordPassed()
    case .wantsRead: break
    default: end(outcome)
    }
  }

  /// Goes on with a message that is half read. libssl writes nothing before its end.
  private mutating func isBetweenMessages() throws(TLSError) -> Bool {
    if handle.isInsideMessage {
      continueHandshakeMessage()
      try throwFailure()
    }
    return !handle.isInsideMessage
  }

  private mutating func flushPendingKeyUpdate() {
    let outcome = handle.flush()
    switch outcome {
    case .success, .wantsRead: break
    default: end(outcome)
    }
  }

  /// Sends close_notify, unless libssl is inside a message whose rest has not come: it could not write then.
  private mutating func sendCloseNotify() {
    // At the end of the message this is called again.
    if handle.isInsideMessage { return continueHandshakeMessage() }
    if handle.hasPendingKeyUpdate { flushPendingKeyUpdate() }
    if failure != nil { return }
    let outcome = handle.shutdown()
    if case .success = outcome { state.closeNotifySent() } else { end(outcome) }
  }

  private mutating func collectEvents() {
    guard handle.hasPendingEvents else { return }
    handle.takePendingEvents { events.append($0, limits) }
    if failure == nil, handle.declinedRenegotiations > limits.declinedRenegotiationCount {
      fail(
        TLSError(
          .limitExceeded, .peer,
          hint:
            "more than limits.declinedRenegotiationCount, \(limits.declinedRenegotiationCount), renegotiations were asked for"
        ))
    }
  }
}
