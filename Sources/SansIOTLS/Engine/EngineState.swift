/// Everything that decides what a call may do and what is needed next: no C, no bytes, no libssl. `EngineStateTests`
/// check it as a table.
///
/// A connection has a phase and two directions. The directions close independently (half-close), and only in the phase
/// `.open`; `.failed` and `.abandoned` are final.
struct EngineState: Equatable, Sendable {
  enum Phase: Equatable, Sendable {
    case handshaking
    /// The handshake, or what the peer sent after it, waits for an answer of the application.
    case asking
    case open
    /// Closed by its owner during the handshake.
    case abandoned
    case failed
  }

  enum Sending: Equatable, Sendable {
    case open
    /// `closeWriting()` was called, and the close_notify waits for the rest of a message that the peer began.
    case closing
    case closed
  }

  enum Receiving: Equatable, Sendable {
    case open
    /// The peer's close_notify was read.
    case closed
  }

  enum Call: CaseIterable, Sendable {
    /// `handshakeMessage` is each call that sends one after the handshake: a KeyUpdate, tickets, a certificate request.
    case feed, handshake, read, write, closeWriting, handshakeMessage, answer
  }

  /// The action of a call.
  enum Action: Equatable, Sendable {
    /// Continue to libssl (for `feed`: to the buffer).
    case proceed
    /// Nothing is left to do.
    case done
    case needsFeed
    case needsAnswer
    case endOfStream
    /// Continue the message that the peer began to send, and then proceed; need more input if its rest has not been
    /// received.
    case continueMessage
    /// Throw the stored failure.
    case failed
    /// Throw a misuse error of this kind; nothing changes.
    case misuse(Misuse)
  }

  enum Misuse: Equatable, Sendable {
    case closed, abandoned, inputAfterEOF, noQuestion
  }

  private(set) var phase: Phase = .handshaking
  private(set) var sending: Sending = .open
  private(set) var receiving: Receiving = .open
  /// `feedEOF()` was called.
  private(set) var inputEnded = false
  /// Stays true through a later failure: what was negotiated remains known.
  private(set) var isHandshakeDone = false
  /// The connection ended, by the peer's close or by a failure, and no call has reported it yet.
  private(set) var hasUnreportedEnd = false
  /// libssl is inside a handshake message that the peer began to send: after the handshake it only continues that
  /// message.
  var isInsideMessage = false

  var isHandshaking: Bool { phase == .handshaking }
  /// The rest of the input is left over: libssl does not read it.
  var hasTrailingInput: Bool { receiving == .closed || phase == .failed || phase == .abandoned }

  /// The action of `call` in this state.
  @inline(__always)
  func action(for call: Call) -> Action {
    if phase == .failed { return .failed }
    switch call {
    case .feed:
      return inputEnded ? .misuse(.inputAfterEOF) : phase == .abandoned ? .misuse(.abandoned) : .proceed
    case .closeWriting:
      if phase == .abandoned || sending == .closed { return .done }
      return phase == .open ? proceedBetweenMessages : .proceed
    case .answer:
      return phase == .asking ? .proceed : .misuse(.noQuestion)
    case .handshake:
      return phase == .open ? .done : actionBeforeOpen(.proceed)
    case .read:
      if phase != .open { return actionBeforeOpen(.needsFeed) }
      return receiving == .closed ? .endOfStream : proceedBetweenMessages
    case .write, .handshakeMessage:
      if phase == .asking, sending != .open { return .misuse(.closed) }
      if phase != .open { return actionBeforeOpen(.needsFeed) }
      return sending == .open ? proceedBetweenMessages : .misuse(.closed)
    }
  }

  private var proceedBetweenMessages: Action { isInsideMessage ? .continueMessage : .proceed }

  private func actionBeforeOpen(_ whileHandshaking: Action) -> Action {
    switch phase {
    case .asking: .needsAnswer
    case .abandoned: .misuse(.abandoned)
    case .failed: .failed
    case .handshaking, .open: whileHandshaking
    }
  }

  /// The stage of the connection, as ``TLSEngine/phase`` reports it.
  var reportedPhase: TLSEngine.Phase {
    switch (phase, sending, receiving) {
    case (.handshaking, _, _): .handshaking
    case (.asking, _, _): .waitingForAnswer
    case (.open, .open, .open): .open
    case (.open, _, .open): .writingClosed
    case (.open, .open, .closed): .readingClosed
    case (.open, _, .closed): .closed
    case (.abandoned, _, _): .abandoned
    case (.failed, _, _): .failed
    }
  }

  /// The conditions that the engine waits for, as ``TLSEngine/needs`` reports it.
  ///
  /// - Parameters:
  ///   - hasOutput: ciphertext waits to be drained.
  ///   - hasInput: a read could find something: received bytes, decrypted or not, or the end of input.
  func needs(hasOutput: Bool, hasInput: Bool) -> TLSEngine.Needs {
    var needs: TLSEngine.Needs = hasOutput ? .drain : []
    switch phase {
    case .failed: if hasUnreportedEnd { needs.insert(.read) }
    case .abandoned: break
    case .asking: needs.insert(.answer)
    case .handshaking: if !inputEnded { needs.insert(.feed) }
    case .open:
      if receiving == .closed {
        if hasUnreportedEnd { needs.insert(.read) }
      } else {
        needs.insert(hasInput ? .read : .feed)
      }
    }
    return needs
  }

  /// The response that is due after libssl has read a whole message after the handshake.
  enum Response: Equatable, Sendable {
    case nothing
    /// The close_notify that waited for the end of the message.
    case closeNotify
    /// The KeyUpdate that the peer asked for. libssl sends it only when it writes next.
    case keyUpdate
  }

  /// - Parameter hasPendingKeyUpdate: libssl has not yet sent the answer to a KeyUpdate.
  func response(hasPendingKeyUpdate: @autoclosure () -> Bool) -> Response {
    switch sending {
    case .closing: .closeNotify
    case .open: hasPendingKeyUpdate() ? .keyUpdate : .nothing
    case .closed: .nothing
    }
  }

  // MARK: What happened

  mutating func handshakeCompleted() {
    precondition(phase == .handshaking)
    phase = .open
    isHandshakeDone = true
  }

  mutating func asked() {
    precondition(phase == .handshaking || phase == .open)
    phase = .asking
  }

  mutating func answered() {
    precondition(phase == .asking)
    phase = isHandshakeDone ? .open : .handshaking
  }

  mutating func failed() {
    phase = .failed
    hasUnreportedEnd = true
  }

  mutating func inputDidEnd() { inputEnded = true }

  mutating func peerClosed() {
    receiving = .closed
    hasUnreportedEnd = true
  }

  /// A call returned or threw the end.
  mutating func endReported() { hasUnreportedEnd = false }

  /// `closeWriting()` was called. In mid-handshake it abandons the connection; at a question after the handshake the
  /// close_notify waits for the answer.
  ///
  /// - Returns: whether a close_notify is due.
  mutating func closeRequested() -> Bool {
    switch phase {
    case .handshaking,
      .asking where !isHandshakeDone:
      phase = .abandoned
      return false
    case .asking, .open:
      if sending == .open { sending = .closing }
      return sending == .closing
    case .abandoned, .failed:
      return false
    }
  }

  mutating func closeNotifySent() { sending = .closed }
}
