import Testing

@testable import SansIOTLS

/// The state machine as a table: every state that can be reached, every call in it, every transition out of it. Nothing
/// of libssl takes part.
struct EngineStateTests {
  /// The steps that reach a state from a fresh one.
  enum Change: CaseIterable {
    case completeHandshake, ask, answer, fail, endInput, peerClose, requestClose, sendCloseNotify
    case beginMessage, endMessage, reportEnd

    func apply(to state: inout EngineState) {
      switch self {
      case .completeHandshake: state.handshakeCompleted()
      case .ask: state.asked()
      case .answer: state.answered()
      case .fail: state.failed()
      case .endInput: state.inputDidEnd()
      case .peerClose: state.peerClosed()
      case .requestClose: _ = state.closeRequested()
      case .sendCloseNotify: state.closeNotifySent()
      case .beginMessage: state.isInsideMessage = true
      case .endMessage: state.isInsideMessage = false
      case .reportEnd: state.endReported()
      }
    }

    /// Whether the engine performs this change in that state.
    func isLegal(in state: EngineState) -> Bool {
      switch self {
      case .completeHandshake: state.phase == .handshaking
      // After the handshake a message of the peer asks: inside of it a client, whose answer after close_notify would be
      // discarded; at its end a server.
      case .ask:
        state.phase == .handshaking
          || state.phase == .open
            && (state.isInsideMessage ? state.sending != .closed : state.receiving == .open)
      case .answer: state.phase == .asking
      case .fail: state.phase != .failed
      case .endInput, .requestClose: true
      // In the middle of a message a close is a failure, and nothing can be written.
      case .peerClose: state.phase == .open && state.receiving == .open && !state.isInsideMessage
      case .sendCloseNotify: state.phase == .open && state.sending == .closing && !state.isInsideMessage
      case .beginMessage: state.phase == .open && state.receiving == .open
      case .endMessage: state.isInsideMessage && state.phase == .open
      case .reportEnd: state.hasUnreportedEnd
      }
    }
  }

  struct Row: CustomTestStringConvertible {
    let name: String
    let path: [Change]
    /// In the order of `EngineState.Call.allCases`.
    let rulings: [EngineState.Action]

    var testDescription: String { name }

    var state: EngineState {
      var state = EngineState()
      for change in path { change.apply(to: &state) }
      return state
    }
  }

  private static let noQuestion = EngineState.Action.misuse(.noQuestion)
  private static let inputAfterEOF = EngineState.Action.misuse(.inputAfterEOF)
  private static let closed = EngineState.Action.misuse(.closed)
  private static let abandoned = EngineState.Action.misuse(.abandoned)

  /// The columns: feed, handshake, read, write, close, handshakeMessage, answer.
  static let table: [Row] =
    betweenMessages + betweenMessages.compactMap(insideMessage) + betweenMessages.compactMap(reported)
    + askingAfterHandshake + askingBetweenMessages

  private static let askingAfterHandshake: [Row] = [
    Row(
      name: "asking after the handshake", path: [.completeHandshake, .beginMessage, .ask],
      rulings: [.proceed, .needsAnswer, .needsAnswer, .needsAnswer, .proceed, .needsAnswer, .proceed]),
    Row(
      name: "asking after the handshake, input ended", path: [.completeHandshake, .beginMessage, .ask, .endInput],
      rulings: [inputAfterEOF, .needsAnswer, .needsAnswer, .needsAnswer, .proceed, .needsAnswer, .proceed]),
    Row(
      name: "asking after the handshake, closing", path: [.completeHandshake, .beginMessage, .ask, .requestClose],
      rulings: [.proceed, .needsAnswer, .needsAnswer, closed, .proceed, closed, .proceed]),
    Row(
      name: "asking after the handshake, closing, input ended",
      path: [.completeHandshake, .beginMessage, .ask, .requestClose, .endInput],
      rulings: [inputAfterEOF, .needsAnswer, .needsAnswer, closed, .proceed, closed, .proceed]),
  ]

  /// A server's question about a client that it asked after the handshake.
  private static let askingBetweenMessages: [Row] =
    askingAfterHandshake.map { row in
      Row(
        name: row.name + ", between messages", path: row.path.filter { $0 != .beginMessage }, rulings: row.rulings)
    } + [
      Row(
        name: "asking after the handshake, closed", path: [.completeHandshake, .requestClose, .sendCloseNotify, .ask],
        rulings: [.proceed, .needsAnswer, .needsAnswer, closed, .done, closed, .proceed]),
      Row(
        name: "asking after the handshake, closed, input ended",
        path: [.completeHandshake, .requestClose, .sendCloseNotify, .ask, .endInput],
        rulings: [inputAfterEOF, .needsAnswer, .needsAnswer, closed, .done, closed, .proceed]),
    ]

  /// The peer began a message: what needs libssl between messages continues it first.
  private static func insideMessage(_ row: Row) -> Row? {
    guard row.path.contains(.completeHandshake), !row.path.contains(.peerClose) else { return nil }
    var rulings = row.rulings
    for call in [2, 3, 4, 5] where rulings[call] == .proceed { rulings[call] = .continueMessage }
    return Row(name: row.name + ", inside a message", path: row.path + [.beginMessage], rulings: rulings)
  }

  /// The end of the stream was returned: nothing changes but what the engine needs.
  private static func reported(_ row: Row) -> Row? {
    guard row.path.contains(.peerClose) else { return nil }
    return Row(name: row.name + ", reported", path: row.path + [.reportEnd], rulings: row.rulings)
  }

  private static let betweenMessages: [Row] = [
    Row(
      name: "handshaking", path: [],
      rulings: [.proceed, .proceed, .needsFeed, .needsFeed, .proceed, .needsFeed, noQuestion]),
    Row(
      name: "handshaking, input ended", path: [.endInput],
      rulings: [inputAfterEOF, .proceed, .needsFeed, .needsFeed, .proceed, .needsFeed, noQuestion]),
    Row(
      name: "asking", path: [.ask],
      rulings: [.proceed, .needsAnswer, .needsAnswer, .needsAnswer, .proceed, .needsAnswer, .proceed]),
    Row(
      name: "asking, input ended", path: [.ask, .endInput],
      rulings: [inputAfterEOF, .needsAnswer, .needsAnswer, .needsAnswer, .proceed, .needsAnswer, .proceed]),
    Row(
      name: "open", path: [.completeHandshake],
      rulings: [.proceed, .done, .proceed, .proceed, .proceed, .proceed, noQuestion]),
    Row(
      name: "open, input ended", path: [.completeHandshake, .endInput],
      rulings: [inputAfterEOF, .done, .proceed, .proceed, .proceed, .proceed, noQuestion]),
    Row(
      name: "open, peer closed", path: [.completeHandshake, .peerClose],
      rulings: [.proceed, .done, .endOfStream, .proceed, .proceed, .proceed, noQuestion]),
    Row(
      name: "open, peer closed, input ended", path: [.completeHandshake, .peerClose, .endInput],
      rulings: [inputAfterEOF, .done, .endOfStream, .proceed, .proceed, .proceed, noQuestion]),
    Row(
      name: "closing", path: [.completeHandshake, .requestClose],
      rulings: [.proceed, .done, .proceed, closed, .proceed, closed, noQuestion]),
    Row(
      name: "closing, input ended", path: [.completeHandshake, .requestClose, .endInput],
      rulings: [inputAfterEOF, .done, .proceed, closed, .proceed, closed, noQuestion]),
    Row(
      name: "closing, peer closed", path: [.completeHandshake, .requestClose, .peerClose],
      rulings: [.proceed, .done, .endOfStream, closed, .proceed, closed, noQuestion]),
    Row(
      name: "closing, peer closed, input ended", path: [.completeHandshake, .requestClose, .peerClose, .endInput],
      rulings: [inputAfterEOF, .done, .endOfStream, closed, .proceed, closed, noQuestion]),
    Row(
      name: "closed", path: [.completeHandshake, .requestClose, .sendCloseNotify],
      rulings: [.proceed, .done, .proceed, closed, .done, closed, noQuestion]),
    Row(
      name: "closed, input ended", path: [.completeHandshake, .requestClose, .sendCloseNotify, .endInput],
      rulings: [inputAfterEOF, .done, .proceed, closed, .done, closed, noQuestion]),
    Row(
      name: "closed both ways", path: [.completeHandshake, .requestClose, .sendCloseNotify, .peerClose],
      rulings: [.proceed, .done, .endOfStream, closed, .done, closed, noQuestion]),
    Row(
      name: "closed both ways, input ended",
      path: [.completeHandshake, .requestClose, .sendCloseNotify, .peerClose, .endInput],
      rulings: [inputAfterEOF, .done, .endOfStream, closed, .done, closed, noQuestion]),
    Row(
      name: "abandoned", path: [.requestClose],
      rulings: [abandoned, abandoned, abandoned, abandoned, .done, abandoned, noQuestion]),
    Row(
      name: "abandoned, input ended", path: [.requestClose, .endInput],
      rulings: [inputAfterEOF, abandoned, abandoned, abandoned, .done, abandoned, noQuestion]),
  ]

  @Test(arguments: table)
  func `each call has its action in each state`(row: Row) {
    for (call, expected) in zip(EngineState.Call.allCases, row.rulings) {
      #expect(row.state.action(for: call) == expected, "\(call)")
    }
    #expect(row.rulings.count == EngineState.Call.allCases.count)
  }

  /// By the state alone, and by the contents of the buffers.
  @Test(arguments: table)
  func `what the engine needs follows from its state`(row: Row) {
    let state = row.state
    let hasReportedEnd = row.path.contains(.reportEnd)
    for hasInput in [false, true] {
      let expected: TLSEngine.Needs =
        switch state.phase {
        case .handshaking: state.inputEnded ? [] : .feed
        case .asking: .answer
        case .open where row.path.contains(.peerClose): hasReportedEnd ? [] : .read
        case .open: hasInput ? .read : .feed
        case .abandoned, .failed: []
        }
      #expect(state.needs(hasOutput: false, hasInput: hasInput) == expected)
      #expect(state.needs(hasOutput: true, hasInput: hasInput) == expected.union(.drain))
    }
  }

  /// The stage that an embedder sees is that of the path.
  @Test(arguments: table)
  func `the reported phase follows from the state`(row: Row) {
    let isWritingClosed = row.path.contains(.requestClose)
    let expected: TLSEngine.Phase =
      switch row.state.phase {
      case .handshaking: .handshaking
      case .asking: .waitingForAnswer
      case .open where row.path.contains(.peerClose): isWritingClosed ? .closed : .readingClosed
      case .open: isWritingClosed ? .writingClosed : .open
      case .abandoned: .abandoned
      case .failed: .failed
      }
    #expect(row.state.reportedPhase == expected)
    var failed = row.state
    failed.failed()
    #expect(failed.reportedPhase == .failed)
  }

  @Test(arguments: table)
  func `a failure needs a read until it was reported`(row: Row) {
    var state = row.state
    state.failed()
    #expect(state.needs(hasOutput: false, hasInput: false) == .read)
    #expect(state.needs(hasOutput: true, hasInput: true) == [.read, .drain])
    state.endReported()
    #expect(state.needs(hasOutput: false, hasInput: true) == [])
  }

  @Test(arguments: table)
  func `input is left over only after the end`(row: Row) {
    #expect(row.state.hasTrailingInput == (row.state.phase == .abandoned || row.path.contains(.peerClose)))
    var failed = row.state
    failed.failed()
    #expect(failed.hasTrailingInput)
  }

  @Test(arguments: table)
  func `a message is answered by what is due`(row: Row) {
    let state = row.state
    let (answered, unanswered): (EngineState.Response, EngineState.Response) =
      switch state.sending {
      case .open: (.keyUpdate, .nothing)
      case .closing: (.closeNotify, .closeNotify)
      case .closed: (.nothing, .nothing)
      }
    #expect(state.response(hasPendingKeyUpdate: true) == answered)
    #expect(state.response(hasPendingKeyUpdate: false) == unanswered)
  }

  @Test(arguments: table)
  func `after a failure every call throws it, from whatever state`(row: Row) {
    var state = row.state
    let wasDone = state.isHandshakeDone
    state.failed()
    for call in EngineState.Call.allCases { #expect(state.action(for: call) == .failed, "\(call)") }
    #expect(state.phase == .failed)
    #expect(state.isHandshakeDone == wasDone)
  }

  @Test func `the table contains every reachable state without failure`() {
    let known = Self.table.map(\.state)
    for state in Self.reachable where state.phase != .failed {
      #expect(known.contains(state), "\(state)")
    }
    #expect(Self.reachable.filter { $0.phase != .failed }.count == known.count)
  }

  /// All states that legal changes lead to.
  private static let reachable: [EngineState] = {
    var found = [EngineState()]
    var next = 0
    while next < found.count {
      for change in Change.allCases where change.isLegal(in: found[next]) {
        var state = found[next]
        change.apply(to: &state)
        if !found.contains(state) { found.append(state) }
      }
      next += 1
    }
    return found
  }()

  @Test func `the directions close independently`() {
    var state = EngineState()
    state.handshakeCompleted()
    state.peerClosed()
    #expect(state.sending == .open)
    #expect(state.receiving == .closed)
    #expect(state.closeRequested() == true)
    #expect(state.sending == .closing)
    state.closeNotifySent()
    #expect(state.sending == .closed)
    #expect(state.phase == .open)
  }

  @Test func `a close during the handshake abandons it and leaves no output due`() {
    var handshaking = EngineState()
    #expect(handshaking.closeRequested() == false)
    #expect(handshaking.phase == .abandoned)
    #expect(handshaking.closeRequested() == false)

    var asking = EngineState()
    asking.asked()
    #expect(asking.closeRequested() == false)
    #expect(asking.phase == .abandoned)
  }

  @Test func `close_notify is due once`() {
    var state = EngineState()
    state.handshakeCompleted()
    #expect(state.closeRequested() == true)
    #expect(state.closeRequested() == true)
    state.closeNotifySent()
    #expect(state.closeRequested() == false)
    #expect(state.sending == .closed)
  }

  @Test func `a failed connection has no close_notify due`() {
    var state = EngineState()
    state.handshakeCompleted()
    state.failed()
    #expect(state.closeRequested() == false)
    #expect(state.phase == .failed)
  }

  @Test func `an answer resumes the handshake, and another question may follow`() {
    var state = EngineState()
    for _ in 0..<2 {
      state.asked()
      #expect(state.phase == .asking)
      #expect(!state.isHandshaking)
      state.answered()
      #expect(state.isHandshaking)
    }
    state.handshakeCompleted()
    #expect(state.phase == .open)
    #expect(state.isHandshakeDone)
  }

  @Test func `the end of input changes only whether input is accepted`() {
    for row in Self.table {
      var state = row.state
      state.inputDidEnd()
      #expect(state.inputEnded)
      #expect(state.phase == row.state.phase)
      #expect(state.sending == row.state.sending)
      #expect(state.receiving == row.state.receiving)
      for call in EngineState.Call.allCases where call != .feed {
        #expect(state.action(for: call) == row.state.action(for: call), "\(row.name), \(call)")
      }
    }
  }

  @Test func `negotiated parameters remain available permanently`() {
    for state in Self.reachable where state.isHandshakeDone {
      for change in Change.allCases where change.isLegal(in: state) {
        var later = state
        change.apply(to: &later)
        #expect(later.isHandshakeDone)
      }
    }
  }
}
