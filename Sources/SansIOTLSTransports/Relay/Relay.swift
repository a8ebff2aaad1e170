public import SansIOTLS

#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// Moves bytes between a program and a network: plaintext on one side, ciphertext on the other, a ``TLSEngine`` between
/// them. One thread, one `poll(2)` loop, memory that does not depend on the amount of data.
///
/// ```swift
/// var relay = Relay(engine, ciphertext: network)
/// if relay.handshake() {                       // optional: to look at what was agreed on before plaintext moves
///   relay.attach(plaintext: program)
/// }
/// let report = relay.run()
/// ```
///
/// The rules:
/// - **Each direction ends by itself.** The end of the program's data becomes a close_notify, behind all of that data,
///   and reading goes on; the peer's close_notify closes the program's input, and writing goes on. The ciphertext
///   output stays open until both have ended, because many a carrier gives up both directions when one of them ends.
/// - **Only what can be taken is read.** Ciphertext is read when all plaintext opened so far was delivered; plaintext
///   is read when little ciphertext waits to be sent. A slow reader on either side stops the writer on the other.
/// - **What arrived is delivered.** Plaintext opened before a failure goes out before the relay returns, and so does
///   the alert that tells the peer. The alert alone is not waited for longer than five seconds in which nothing leaves.
///   What the peer sends meanwhile is dropped: it may read only when all of it was taken.
/// - **A broken ciphertext output** ends sending; what the peer sent is still read and delivered. In the handshake, which
///   cannot be completed then, what the peer says about it is waited for five seconds at most.
/// - **A clean end has sent everything.** A peer may send close_notify and leave while the program still writes. What was
///   read from the program and did not leave, or was left in the pipe or the TCP connection by whoever was to read it, is
///   counted and makes the end a failure. So is what the program writes in the second after it.
/// - **A program that failed is not called complete.** See ``attach(plaintext:judgingEnd:)``.
/// - **A program that no longer reads** (EPIPE) ends delivery: what comes is counted and dropped. What the program
///   still writes is sent; when it is through, the relay closes and does not wait for the peer, who may never end.
/// - **A socket is not closed over unread bytes**, which on TCP would reset the connection and discard what is on its
///   way to the peer: behind this side's end, what a peer still sends is dropped until its own end, five seconds at most.
///
/// A context that asks questions is answered `.proceed`: nobody is there to decide.
public struct Relay: ~Copyable {
  private var engine: TLSEngine
  private var ciphertext: NonblockingDescriptorPair
  private var plaintext: NonblockingDescriptorPair?
  private let observer: (any RelayObserver)?
  /// Ciphertext read and not yet fed.
  private var inbound = RelayBuffer()
  /// Plaintext read and not yet sealed.
  private var outgoing = RelayBuffer()
  /// Plaintext opened and not yet written.
  private var delivery = RelayBuffer()

  private var failure: TLSError?
  private var closeNotifyMade = false
  private var peerClosed = false
  private var sourceError: TransportError?
  private var sinkError: TransportError?
  private var sinkLostData = false
  private var programError: TransportError?
  /// Why moving was given up here, without the peer's doing.
  private var abandonment: (side: RelayReport.Endpoint, error: TransportError)?
  /// Until when the last bytes of a failed connection are waited for, unless more than `sent` bytes have left by then.
  private var patience: (sent: Int, end: ContinuousClock.Instant)?
  /// Until when an unfinished handshake is waited for.
  private var handshakeDeadline: ContinuousClock.Instant?
  /// Where in the outbound stream the last record of application data ends.
  private var dataEnd = 0
  /// The records of application data that have not left whole: where each ends in the outbound stream, and how much
  /// plaintext it holds.
  private var unsentRecords: [(end: Int, plaintext: Int)] = []
  /// Decides what the end of the program's data means; `nil` if it means that all of it is there.
  private var judgeEnd: (() -> PlaintextEnd)?
  /// Until when that decision is waited for; `nil` before it is asked for.
  private var judgement: ContinuousClock.Instant?
  private var isIncomplete = false
  /// How much of the outbound stream the flights account for.
  private var accounted = 0

  /// What was moved so far; complete when ``run(progress:)`` has returned.
  public private(set) var report = RelayReport()

  /// Plaintext is not read from the program while more ciphertext than this waits to be sent, in bytes.
  private static let outboundMark = 64 * 1024
  /// Plaintext is sealed in pieces of one record, so that ciphertext leaves straight from the engine's ring.
  private static let recordSize = 16 * 1024
  /// How long the last bytes of a failed connection may wait for a peer that does not read, and a socket for the end of
  /// a peer that still sends, in milliseconds.
  private static let lingering: Int32 = 5000
  /// How long a program whose data has ended may take to decide what that means, in milliseconds.
  private static let judging: Int32 = 1000
  /// How often it is asked, in milliseconds.
  private static let judgingInterval: Int32 = 2
  /// How long a program that is cut off may take to show that it has more to send, in milliseconds.
  private static let lastWord: Int32 = 1000

  /// Makes a relay. Nothing moves before ``handshake()`` or ``run(progress:)``.
  ///
  /// - Parameters:
  ///   - engine: the engine, before its handshake.
  ///   - ciphertext: the transport to the peer.
  ///   - observer: watches it, if anybody is to.
  public init(
    _ engine: consuming TLSEngine, ciphertext: consuming NonblockingDescriptorPair, observer: (any RelayObserver)? = nil
  ) {
    self.engine = engine
    self.ciphertext = ciphertext
    self.observer = observer
    accountForFlight()
  }

  /// The peer's certificates, leaf first, once it sent them.
  public var peerCertificates: [TLSCertificate] { engine.peerCertificates }

  /// What the end of the program's data means.
  public enum PlaintextEnd: Sendable {
    /// All of it was there: close_notify is sent.
    case complete
    /// The program failed. No close_notify is sent, so that the peer does not take the part for the whole.
    case incomplete
    /// It is not known yet.
    case undecided
  }

  /// Gives the relay the program's side. Before this, no application data is read from the engine.
  ///
  /// - Parameters:
  ///   - plaintext: read for what is to be sent, written with what was received.
  ///   - judgingEnd: asked on the relay's thread when the program's data has ended, and again every few milliseconds while
  ///     it answers ``PlaintextEnd/undecided``, for example because the program has closed its output and has not exited.
  ///     Meanwhile received data is delivered. After one second without a decision the data is taken for complete, since a
  ///     program may close its output and live on. `nil` takes the end of the data for complete at once.
  public mutating func attach(
    plaintext: consuming NonblockingDescriptorPair, judgingEnd: (() -> PlaintextEnd)? = nil
  ) {
    self.plaintext = consume plaintext
    judgeEnd = judgingEnd
  }

  /// Moves ciphertext until the handshake is done or has failed. Blocks the calling thread.
  ///
  /// - Parameter deadline: when an unfinished handshake is given up; without one a silent peer is waited for without end.
  ///   The outcome is then a failure of the ciphertext transport: operation `.poll`, error number `ETIMEDOUT`.
  /// - Returns: whether it is done: ``report`` then says what was agreed on. If not, ``run(progress:)`` moves nothing
  ///   more and ends the transports, and its report says why.
  ///
  /// Corresponds to `SSL_do_handshake(3)`.
  public mutating func handshake(until deadline: ContinuousClock.Instant? = nil) -> Bool {
    handshakeDeadline = deadline
    move(while: { relay in relay.report.negotiated == nil && !relay.hasEnded }, progress: { _ in })
    return report.negotiated != nil
  }

  /// Moves bytes until both directions have ended or the connection has failed, then closes the transports. Blocks the
  /// calling thread.
  ///
  /// - Parameter progress: called in each turn of the loop, several times for each 64 KiB moved. Delays the transfer as
  ///   long as it takes.
  /// - Returns: what happened. Calling this again changes nothing and returns it again.
  ///
  /// Corresponds to `poll(2)`.
  public mutating func run(progress: (borrowing RelayReport) -> Void = { _ in }) -> RelayReport {
    guard case .running = report.outcome else { return report }
    if handshake() {
      precondition(plaintext != nil, "attach(plaintext:) comes before run()")
      move(while: { relay in !relay.hasEnded }, progress: progress)
    }
    conclude()
    return report
  }

  // MARK: The loop

  private mutating func move(while goesOn: (borrowing Relay) -> Bool, progress: (borrowing RelayReport) -> Void) {
    while true {
      advance()
      observer?.turned(&engine)
      progress(report)
      guard goesOn(self) else { return }
      wait()
    }
  }

  /// Moves between memory and descriptors whatever can move now.
  private mutating func advance() {
    deliver()
    do throws(TLSError) {
      if failure == nil {
        try feed()
        if report.negotiated != nil && plaintext != nil { try seal() }
      }
    } catch {
      fail(error)
    }
    flush()
  }

  private var sendingHasEnded: Bool {
    ciphertext.writingDescriptor == nil || (closeNotifyMade && engine.pendingOutputByteCount == 0)
  }

  private var hasEnded: Bool {
    if abandonment != nil { return true }
    if failure != nil {
      return delivery.isEmpty && (ciphertext.writingDescriptor == nil || engine.pendingOutputByteCount == 0)
    }
    if isIncomplete { return ciphertext.writingDescriptor == nil || engine.pendingOutputByteCount == 0 }
    return sendingHasEnded && delivery.isEmpty && (peerClosed || programError != nil)
  }

  // MARK: Inward

  /// Feeds what was read, and opens it as far as it can be delivered.
  private mutating func feed() throws(TLSError) {
    repeat {
      if report.negotiated == nil {
        try stepHandshake()
        if report.negotiated == nil && inbound.isEmpty { return }
      } else {
        guard plaintext != nil else { return }
        try open()
      }
    } while try feedOnce()
  }

  /// - Returns: whether anything was fed.
  private mutating func feedOnce() throws(TLSError) -> Bool {
    guard failure == nil, !peerClosed, delivery.isEmpty, !inbound.isEmpty else { return false }
    // In the handshake record by record, so that the flights are told apart from what follows them.
    let isHandshaking = report.negotiated == nil
    let limit = isHandshaking ? max(1, engine.bytesNeeded) : .max
    let fed = try inbound.take(upTo: limit) { piece throws(TLSError) in try engine.feed(piece) }
    if isHandshaking { report.record(.received, fed) }
    return fed > 0
  }

  private mutating func stepHandshake() throws(TLSError) {
    defer { accountForFlight() }
    while true {
      switch try engine.handshake() {
      case .done: report.negotiated = engine.negotiated
      // The answer goes on with what was fed, which may be all: asked again, since the peer need not send more.
      case .needsAnswer:
        try engine.answer(.proceed)
        continue
      case .needsFeed, .needsDrain, .endOfStream: break
      }
      return
    }
  }

  private mutating func open() throws(TLSError) {
    while !peerClosed && delivery.isEmpty {
      switch try delivery.refill({ output throws(TLSError) in try engine.read(into: &output) }) {
      case .done: deliver()
      case .endOfStream:
        peerClosed = true
        plaintext?.closeOutput()
      case .needsAnswer: try engine.answer(.proceed)
      case .needsFeed, .needsDrain: return
      }
    }
  }

  /// Writes opened plaintext to the program.
  private mutating func deliver() {
    do throws(TransportError) {
      while !delivery.isEmpty, plaintext?.writingDescriptor != nil {
        let written = try delivery.take { piece throws(TransportError) in try plaintext!.write(piece) }
        if written == 0 { return }
        report.plaintextReceived += written
      }
    } catch {
      programError = error
      plaintext?.closeOutput()
    }
    if !delivery.isEmpty && programError != nil {
      report.plaintextDropped += delivery.count
      delivery.removeAll()
    }
  }

  // MARK: Outward

  /// Seals the program's plaintext and sends it, as far as there is room.
  private mutating func seal() throws(TLSError) {
    while !outgoing.isEmpty && ciphertext.writingDescriptor != nil {
      var waitsForPeer = false
      let sealed = try outgoing.take(upTo: Self.recordSize) { piece throws(TLSError) in
        let step = try engine.write(piece)
        if case .needsFeed = step { waitsForPeer = true }
        return step.value ?? 0
      }
      if sealed > 0 {
        dataEnd = report.ciphertextSent + engine.pendingOutputByteCount
        unsentRecords.append((dataEnd, sealed))
      }
      flush()
      if waitsForPeer || (sealed == 0 && engine.pendingOutputByteCount > 0) { return }
    }
    if outgoing.isEmpty && plaintext?.readingDescriptor == nil && !closeNotifyMade && isComplete() {
      if case .done = try engine.close() { closeNotifyMade = true }
    }
  }

  /// Whether the program's data, which has ended, is complete as far as is known.
  private mutating func isComplete() -> Bool {
    guard let judgeEnd, sinkError == nil else { return true }
    let end = judgement ?? .now + .milliseconds(Self.judging)
    judgement = end
    switch judgeEnd() {
    case .complete: return true
    case .incomplete: isIncomplete = true
    case .undecided: return .now >= end
    }
    return false
  }

  /// Sends ciphertext, as far as there is room.
  private mutating func flush() {
    guard ciphertext.writingDescriptor != nil else { return dropOutbound() }
    do throws(TransportError) {
      var sent = 0
      defer {
        report.ciphertextSent += sent
        if sent > 0 { countSentRecords() }
      }
      try engine.drain { segment throws(TransportError) in
        let count = try ciphertext.write(segment)
        sent += count
        if count > 0 { observer?.passed(segment.extracting(first: count), .sent) }
        return count
      }
    } catch {
      breakSink(error)
    }
  }

  private mutating func countSentRecords() {
    let count = unsentRecords.firstIndex { $0.end > report.ciphertextSent } ?? unsentRecords.count
    for index in 0..<count { report.plaintextSent += unsentRecords[index].plaintext }
    unsentRecords.removeFirst(count)
  }

  private mutating func breakSink(_ error: TransportError) {
    sinkError = error
    if peerClosed { readLastWord() }
    countUnread(ciphertext.unreadCount)
    // A program that is cut off before its end, by a peer that has not closed, may have had more to send.
    sinkLostData =
      sinkLostData || !outgoing.isEmpty || !unsentRecords.isEmpty || !(peerClosed || closeNotifyMade)
    endOutput()
    dropOutbound()
    // Nobody will get what the program writes: let it know.
    dropOutgoing()
    plaintext?.closeInput()
  }

  private mutating func dropOutgoing() {
    report.plaintextUnsent += outgoing.count
    outgoing.removeAll()
  }

  /// Looks whether a program that is cut off has more to send: whoever writes all the time may have nothing in its pipe at
  /// one moment.
  private mutating func readLastWord() {
    guard outgoing.isEmpty, !closeNotifyMade, let number = plaintext?.readingDescriptor else { return }
    if Self.poll(number, Int16(POLLIN), until: .now + .milliseconds(Self.lastWord)) { readPlaintext() }
  }

  /// Counts what whoever carries the ciphertext has left behind. Its end is no data: close_notify.
  private mutating func countUnread(_ unread: Int?) {
    guard let unread, unread > report.ciphertextSent - dataEnd else { return }
    report.ciphertextUnread = unread
    sinkLostData = true
  }

  /// Waits until everything that was sent has been taken by whoever is to read it, where the kernel says so, and finds out
  /// if that one leaves without it. A peer that still had to close has taken it all by then; one that closed before may
  /// have left.
  private mutating func awaitReader() {
    guard peerClosed, closeNotifyMade, sinkError == nil, failure == nil else { return }
    let deadline = ContinuousClock.now + .milliseconds(Self.lingering)
    var interval = 1
    while let number = ciphertext.writingDescriptor, let unread = ciphertext.unreadCount,
      unread > report.ciphertextSent - dataEnd, .now < deadline
    {
      if Self.poll(number, 0, until: min(deadline, .now + .milliseconds(interval))) {
        // It has gone. It may have taken everything just before.
        countUnread(ciphertext.unreadCount)
        if sinkLostData { sinkError = TransportError(.write, number: EPIPE) }
        return
      }
      interval = min(2 * interval, 50)
    }
  }

  private mutating func endOutput() {
    if ciphertext.writingDescriptor != nil { observer?.ended(.sent) }
    ciphertext.closeOutput()
  }

  private mutating func dropOutbound() {
    if engine.pendingOutputByteCount > 0 { engine.drain { $0.byteCount } }
  }

  private mutating func accountForFlight() {
    let produced = report.ciphertextSent + engine.pendingOutputByteCount
    report.record(.sent, produced - accounted)
    accounted = produced
  }

  // MARK: The end

  private mutating func fail(_ error: TLSError) {
    failure = error
    inbound.removeAll()
    dropOutgoing()
  }

  private mutating func conclude() {
    awaitReader()
    report.plaintextUnsent += unsentRecords.reduce(outgoing.count) { $0 + $1.plaintext }
    report.plaintextDropped += delivery.count
    report.localEnding =
      if let alert = failure?.alertSent, sinkError == nil {
        .alert(alert)
      } else if let sinkError {
        .failed(sinkError)
      } else {
        closeNotifyMade && engine.pendingOutputByteCount == 0 ? .closeNotify : .open
      }
    report.remoteEnding =
      if peerClosed {
        .closeNotify
      } else if let sourceError {
        .failed(sourceError)
      } else if let alert = failure?.alertReceived {
        .alert(alert)
      } else {
        ciphertext.readingDescriptor == nil ? .endOfTransport : .open
      }
    report.outcome = outcome
    plaintext = nil
    endOutput()
    // A handshake that was given up has waited long enough, and left nothing that the peer must still read.
    let isGivenUp = abandonment != nil && report.negotiated == nil
    if ciphertext.readsSocket && sinkError == nil && !isGivenUp { dropInput() }
    ciphertext.closeInput()
  }

  /// Reads and drops what a peer still sends, to its end, behind the end of this side.
  private mutating func dropInput() {
    // Who has ended TLS sends nothing more: what is there goes, and a transport that stays open is not waited for.
    let waits = !peerClosed && failure?.alertReceived == nil
    let deadline = ContinuousClock.now + .milliseconds(Self.lingering)
    while let number = ciphertext.readingDescriptor {
      guard .now < deadline, Self.poll(number, Int16(POLLIN), until: waits ? deadline : .now) else { return }
      dropCiphertext()
    }
  }

  /// Waits for one descriptor.
  ///
  /// - Returns: whether it is ready or has ended; not if the time has come.
  private static func poll(_ number: Int32, _ events: Int16, until end: ContinuousClock.Instant) -> Bool {
    while true {
      var entry = pollfd(fd: number, events: events, revents: 0)
      // Sound: one entry, which lives through the call.
      let ready = unsafe pollDescriptors(&entry, 1, milliseconds(until: end))
      if ready >= 0 || errno != EINTR { return ready > 0 }
    }
  }

  private static func milliseconds(until end: ContinuousClock.Instant) -> Int32 {
    // A deadline weeks away is looked at again when poll(2) has waited as long as it can.
    Int32(min(max((end - .now) / .milliseconds(1), 0).rounded(.up), Double(Int32.max)))
  }

  private var outcome: RelayReport.Outcome {
    if let abandonment { return .transportFailure(abandonment.side, abandonment.error) }
    if let sourceError { return .transportFailure(.ciphertext, sourceError) }
    if let failure { return failure.code == .truncated ? .truncated(failure) : .tlsFailure(failure) }
    if let sinkError, sinkLostData || !peerClosed { return .transportFailure(.ciphertext, sinkError) }
    if isIncomplete { return .incomplete }
    if let programError { return .transportFailure(.plaintext, programError) }
    return .clean
  }

  // MARK: Waiting

  /// Waits until one of the descriptors that are of use now is ready, and reads from those that are.
  private mutating func wait() {
    let hasPlaintextRoom = outgoing.isEmpty && engine.pendingOutputByteCount < Self.outboundMark
    let reading = !peerClosed && inbound.isEmpty && delivery.isEmpty
    let sealing = failure == nil && report.negotiated != nil && hasPlaintextRoom
    // The ciphertext output is watched even when nothing waits for it: that its reader has gone is news, unless
    // everything was said already. But a peer that leaves may have said why: what it sent is read first.
    let watching = !sendingHasEnded && (engine.pendingOutputByteCount > 0 || reading || peerClosed)
    // poll(2) ignores a negative descriptor.
    var polled = [
      pollfd(fd: reading ? ciphertext.readingDescriptor ?? -1 : -1, events: Int16(POLLIN), revents: 0),
      pollfd(
        fd: watching ? ciphertext.writingDescriptor ?? -1 : -1,
        events: engine.pendingOutputByteCount > 0 ? Int16(POLLOUT) : 0, revents: 0),
      pollfd(fd: sealing ? plaintext?.readingDescriptor ?? -1 : -1, events: Int16(POLLIN), revents: 0),
      pollfd(fd: delivery.isEmpty ? -1 : plaintext?.writingDescriptor ?? -1, events: Int16(POLLOUT), revents: 0),
    ]
    let cannotShakeHands = sinkError != nil && report.negotiated == nil
    let isLingering = (failure != nil || cannotShakeHands) && delivery.isEmpty
    if isLingering, patience?.sent != report.ciphertextSent {
      patience = (report.ciphertextSent, .now + .milliseconds(Self.lingering))
    }
    let isShakingHands = failure == nil && report.negotiated == nil
    let isJudging = judgement != nil && !closeNotifyMade && !isIncomplete && failure == nil
    let ends = [isLingering ? patience?.end : nil, isShakingHands ? handshakeDeadline : nil]
    let end = ends.compactMap(\.self).min()
    let rest = end.map(Self.milliseconds)
    // Sound: the array lives through the call and has the length that is given.
    let ready = unsafe pollDescriptors(
      &polled, nfds_t(polled.count), rest ?? (isJudging ? Self.judgingInterval : -1))
    if ready < 0 {
      let error = TransportError.last(.poll)
      if error.number != EINTR { abandonment = (.ciphertext, error) }
      return
    }
    // A peer that sends on without an end, and reads nothing, is ready all the time.
    if let end, ready == 0 || rest == 0 && (isShakingHands || polled[1].revents == 0) {
      if .now < end { return }
      if isShakingHands {
        abandonment = (.ciphertext, sinkError ?? TransportError(.poll, number: ETIMEDOUT))
      } else {
        breakSink(TransportError(.write, number: ETIMEDOUT))
      }
      return
    }
    if polled[1].revents != 0 && engine.pendingOutputByteCount == 0 && polled[0].revents == 0 {
      breakSink(TransportError(.write, number: EPIPE))
    }
    if polled[0].revents != 0 { if failure == nil { readCiphertext() } else { dropCiphertext() } }
    if polled[2].revents != 0 { readPlaintext() }
  }

  private mutating func readCiphertext() {
    do throws(TransportError) {
      switch try inbound.refill({ output throws(TransportError) in try ciphertext.read(into: &output) }) {
      case .bytes(let count):
        report.ciphertextReceived += count
        if let observer { inbound.lend { observer.passed($0, .received) } }
      case .wouldBlock: break
      case .endOfFile: endInput()
      }
    } catch {
      sourceError = error
      endInput()
    }
  }

  private mutating func dropCiphertext() {
    inbound.removeAll()
    let reading = try? inbound.refill { output throws(TransportError) in try ciphertext.read(into: &output) }
    inbound.removeAll()
    if reading == nil || reading == .endOfFile { ciphertext.closeInput() }
  }

  private mutating func endInput() {
    ciphertext.closeInput()
    observer?.ended(.received)
    engine.feedEOF()
  }

  private mutating func readPlaintext() {
    do throws(TransportError) {
      switch try outgoing.refill({ output throws(TransportError) in try plaintext!.read(into: &output) }) {
      case .bytes, .wouldBlock: break
      case .endOfFile: plaintext?.closeInput()
      }
    } catch {
      // What the program meant to send is incomplete: say so, but not by a close_notify that would call it complete.
      abandonment = (.plaintext, error)
    }
  }
}

// The method of this name hides the function.
private func pollDescriptors(_ entries: UnsafeMutablePointer<pollfd>, _ count: nfds_t, _ milliseconds: Int32) -> Int32 {
  unsafe poll(entries, count, milliseconds)
}
