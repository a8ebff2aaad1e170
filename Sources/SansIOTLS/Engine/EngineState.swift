/// Everything that decides what a call may do: no C, no bytes, no libssl. `EngineStateTests` walk it as a table.
///
/// A connection has a phase and two directions. The directions close independently (half-close), and only in the phase
/// `.open`; `.failed` and `.abandoned` are final.
struct EngineState: Equatable, Sendable {
  enum Phase: Equatable, Sendable {
    case handshaking
    /// The handshake waits for an answer of the application.
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
    case feed, handshake, read, write, closeWriting, keyUpdate, answer
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

  var isHandshaking: Bool { phase == .handshaking }

  /// The action of `call` in this state.
  func action(for call: Call) -> Action {
    if phase == .failed { return .failed }
    switch call {
    case .feed:
      return inputEnded ? .misuse(.inputAfterEOF) : phase == .abandoned ? .misuse(.abandoned) : .proceed
    case .closeWriting:
      if phase == .abandoned || sending == .closed { return .done }
      return .proceed
    case .answer:
      return phase == .asking ? .proceed : .misuse(.noQuestion)
    case .handshake:
      return phase == .open ? .done : actionBeforeOpen(.proceed)
    case .read:
      if phase != .open { return actionBeforeOpen(.needsFeed) }
      return receiving == .closed ? .endOfStream : .proceed
    case .write, .keyUpdate:
      if phase != .open { return actionBeforeOpen(.needsFeed) }
      return sending == .open ? .proceed : .misuse(.closed)
    }
  }

  private func actionBeforeOpen(_ whileHandshaking: Action) -> Action {
    switch phase {
    case .asking: .needsAnswer
    case .abandoned: .misuse(.abandoned)
    case .failed: .failed
    case .handshaking, .open: whileHandshaking
    }
  }

  // MARK: What happened

  mutating func handshakeCompleted() {
    precondition(phase == .handshaking)
    phase = .open
    isHandshakeDone = true
  }

  mutating func asked() {
    precondition(phase == .handshaking)
    phase = .asking
  }

  mutating func answered() {
    precondition(phase == .asking)
    phase = .handshaking
  }

  mutating func failed() { phase = .failed }

  mutating func inputDidEnd() { inputEnded = true }

  mutating func peerClosed() { receiving = .closed }

  /// `closeWriting()` was called. In mid-handshake it abandons the connection.
  ///
  /// - Returns: whether a close_notify is due.
  mutating func closeRequested() -> Bool {
    switch phase {
    case .handshaking, .asking:
      phase = .abandoned
      return false
    case .open:
      if sending == .open { sending = .closing }
      return sending == .closing
    case .abandoned, .failed:
      return false
    }
  }

  mutating func closeNotifySent() { sending = .closed }
}
