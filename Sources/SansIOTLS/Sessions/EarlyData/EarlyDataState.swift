/// The rules of early data: what a call may do before the handshake is done. No C, no bytes; `EarlyDataStateTests`
/// check it as a table.
struct EarlyDataState: Equatable, Sendable {
  enum Sending: Equatable, Sendable {
    /// It was not asked for, or is not possible.
    case never
    /// A server that has not written its first flight.
    case beforeFlight
    /// A client before its first step; a server after its first flight.
    case open
    case over
  }

  enum Receiving: Equatable, Sendable {
    case never
    case open
    case over
  }

  private(set) var sending: Sending = .never
  private(set) var receiving: Receiving = .never
  /// Received data is not delivered before the application has accepted the client.
  var isHeld = false

  /// The action of `writeEarly`. `.done` says that early data cannot be sent any more, or never.
  func writing(in phase: EngineState.Phase) -> EngineState.Action {
    switch (phase, sending) {
    case (.failed, _): .failed
    case (.abandoned, _): .misuse(.abandoned)
    case (.open, _), (_, .never), (_, .over): .done
    case (.asking, _): .needsAnswer
    case (.handshaking, .beforeFlight): .needsFeed
    case (.handshaking, .open): .proceed
    }
  }

  /// The action of `readEarly`. `.proceed` says that what waits is delivered; `.done` that there will be no more.
  func reading(in phase: EngineState.Phase, hasReceived: Bool) -> EngineState.Action {
    if phase == .abandoned { return .misuse(.abandoned) }
    // Also before the failure of what followed it.
    if hasReceived, !isHeld { return .proceed }
    return switch phase {
    case .failed: .failed
    case .asking: receiving == .open || isHeld ? .needsAnswer : .done
    case .handshaking: receiving == .open || isHeld ? .needsFeed : .done
    case .open, .abandoned: .done
    }
  }

  // MARK: What happened

  /// A client has sent a ClientHello with early data.
  mutating func offered() { sending = .open }

  /// A server will look for early data.
  mutating func expected() {
    sending = .beforeFlight
    receiving = .open
  }

  /// A server has written its first flight, in a version with early data and to a client that it need not
  /// authenticate.
  mutating func flightWritten() { if sending == .beforeFlight { sending = .open } }

  mutating func sendingEnded() { if sending != .never { sending = .over } }

  mutating func receivingEnded() { if receiving != .never { receiving = .over } }

  /// The handshake is done: the client is accepted.
  mutating func handshakeCompleted() {
    sendingEnded()
    receivingEnded()
    isHeld = false
  }
}
