import Testing

@testable import SansIOTLS

/// The rules of early data as a table.
struct EarlyDataStateTests {
  private static func state(_ change: (inout EarlyDataState) -> Void) -> EarlyDataState {
    var state = EarlyDataState()
    change(&state)
    return state
  }

  private static let never = EarlyDataState()
  private static let offered = state { $0.offered() }
  private static let sent = state {
    $0.offered()
    $0.sendingEnded()
  }
  private static let expected = state { $0.expected() }
  private static let written = state {
    $0.expected()
    $0.flightWritten()
  }
  private static let received = state {
    $0.expected()
    $0.flightWritten()
    $0.receivingEnded()
  }
  private static let held = state {
    $0.expected()
    $0.isHeld = true
    $0.receivingEnded()
  }
  private static let completed = state {
    $0.expected()
    $0.isHeld = true
    $0.flightWritten()
    $0.handshakeCompleted()
  }

  private static let phases: [EngineState.Phase] = [.handshaking, .asking, .open]

  /// The columns are the phases handshaking, asking and open.
  @Test(arguments: [
    (never, [EarlyDataState.Action.done, .done, .done]), (offered, [.proceed, .needsAnswer, .done]),
    (sent, [.done, .done, .done]), (expected, [.needsFeed, .needsAnswer, .done]),
    (written, [.proceed, .needsAnswer, .done]), (received, [.proceed, .needsAnswer, .done]),
    (completed, [.done, .done, .done]),
  ])
  func `writing`(state: EarlyDataState, actions: [EarlyDataState.Action]) {
    #expect(Self.phases.map { state.writing(in: $0) } == actions)
    #expect(state.writing(in: .failed) == .failed)
    #expect(state.writing(in: .abandoned) == .misuse(.abandoned))
  }

  @Test(arguments: [
    (never, [EarlyDataState.Action.done, .done, .done]), (offered, [.done, .done, .done]),
    (expected, [.needsFeed, .needsAnswer, .done]), (written, [.needsFeed, .needsAnswer, .done]),
    (received, [.done, .done, .done]), (held, [.needsFeed, .needsAnswer, .done]),
    (completed, [.done, .done, .done]),
  ])
  func `reading what has not arrived`(state: EarlyDataState, actions: [EarlyDataState.Action]) {
    #expect(Self.phases.map { state.reading(in: $0, hasReceived: false) } == actions)
    #expect(state.reading(in: .failed, hasReceived: false) == .failed)
    #expect(state.reading(in: .abandoned, hasReceived: false) == .misuse(.abandoned))
  }

  @Test func `what has arrived is delivered, unless it is held or the connection was abandoned`() {
    for phase in [EngineState.Phase.handshaking, .asking, .open, .failed] {
      #expect(Self.written.reading(in: phase, hasReceived: true) == .proceed)
    }
    #expect(Self.written.reading(in: .abandoned, hasReceived: true) == .misuse(.abandoned))
    #expect(Self.held.reading(in: .handshaking, hasReceived: true) == .needsFeed)
    #expect(Self.held.reading(in: .asking, hasReceived: true) == .needsAnswer)
    #expect(Self.held.reading(in: .failed, hasReceived: true) == .failed)
    #expect(Self.completed.reading(in: .open, hasReceived: true) == .proceed)
  }
}

extension EarlyDataState {
  typealias Action = EngineState.Action
}
