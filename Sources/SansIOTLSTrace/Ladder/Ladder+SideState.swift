internal import SansIOTLS

extension Ladder {
  /// The step of an engine's call.
  enum Step: String, Sendable {
    /// The handshake is done.
    case done
    /// Application data was read.
    case read
    case needsFeed
    case needsAnswer
    case endOfStream
    case failed
  }

  /// The state of one side.
  struct SideState: Sendable {
    /// Whether its engine was noted.
    var isNoted = false
    /// Whether it reported a message, sent or received.
    private(set) var hasReported = false
    /// Whether it reported a message that it received.
    private(set) var hasReceived = false
    /// Whether it failed, or received the end of the other side's data: it reads nothing that arrives later.
    var isOver = false
    var needs: TLSEngine.Needs?
    /// The question that waits for an answer.
    var question: TLSEngine.Question?
    var agreement: Agreement?
    var failure: Failure?
    private var sent = Assembler()
    private var received = Assembler()
    private var isDone = false
    /// The lowest line of the call that has not ended.
    private var lowest: Int?

    mutating func assemble(_ message: TLSTracedMessage) -> [Observation] {
      hasReported = true
      switch message.direction {
      case .sent: return sent.add(message)
      case .received:
        hasReceived = true
        return received.add(message)
      }
    }

    /// Notes that the current call has reported what is in this line.
    mutating func passed(in number: Int) { lowest = max(number, lowest ?? number) }

    /// Ends the current call.
    ///
    /// - Parameters:
    ///   - outcome: The outcome of the call.
    ///   - direction: The direction of the message that reports it.
    /// - Returns: The line and the step to show there; `nil` if there is nothing to show.
    mutating func endCall(_ outcome: TLSTracedMessage.CallOutcome, by direction: TLSTracedMessage.Direction) -> (
      number: Int, step: Step
    )? {
      let step: Step
      switch outcome {
      case .done where isDone:
        // After the handshake, sending completes the call.
        if direction == .sent {
          lowest = nil
          return nil
        }
        step = .read
      case .done: step = .done
      case .needsFeed: step = .needsFeed
      case .needsAnswer: step = .needsAnswer
      case .endOfStream: step = .endOfStream
      case .failed: step = .failed
      }
      if step == .done { isDone = true }
      if step == .failed || step == .endOfStream { isOver = true }
      defer { lowest = nil }
      return lowest.map { ($0, step) }
    }
  }

  /// Whether the ladder has a side's own reports. A side without any may have received nothing; but an engine that
  /// completed its handshake, or whose peer has received something, does not trace.
  func isTraced(_ side: TLSRole) -> Bool {
    let state = sides[side]
    return state.hasReported || state.isNoted && state.agreement == nil && !sides[side.peer].hasReceived
  }
}
