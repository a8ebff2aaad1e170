internal import SansIOTLS

extension Ladder {
  /// What a side came to by what passed, as its engine's step calls it.
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

  /// What is known of one side.
  struct Observer: Sendable {
    /// Its engine was noted.
    var isNoted = false
    /// It told a message, sent or received.
    private(set) var toldMessages = false
    /// It told a message that it received.
    private(set) var heardPeer = false
    /// It failed, or saw the end of what the other side sends: nothing that comes later will be read.
    var isOver = false
    var needs: TLSEngine.Needs?
    var agreement: Agreement?
    var failure: Failure?
    private var sent = Assembler()
    private var received = Assembler()
    private var isDone = false
    /// The lowest line of the call that has not come to rest.
    private var lowest: Int?

    mutating func assemble(_ message: TLSTracedMessage) -> [Sight] {
      toldMessages = true
      switch message.direction {
      case .sent: return sent.take(message)
      case .received:
        heardPeer = true
        return received.take(message)
      }
    }

    /// Something passed in this call that is in the line of this number.
    mutating func passed(in number: Int) { lowest = max(number, lowest ?? number) }

    /// A call came to rest.
    ///
    /// - Parameters:
    ///   - rest: how.
    ///   - direction: of the message that tells it.
    /// - Returns: the line to show it at and what to show, `nil` where it goes without saying.
    mutating func came(to rest: TLSTracedMessage.Rest, by direction: TLSTracedMessage.Direction) -> (
      number: Int, step: Step
    )? {
      let step: Step
      switch rest {
      case .done where isDone:
        // What is sent after the handshake is done with as soon as it is sent.
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

  /// Whether a side's own account is in the ladder. That its tap told nothing may be because nothing came to it; but an
  /// engine that came to an agreement, or that its peer heard of, has no tap.
  func isTapped(_ side: TLSRole) -> Bool {
    let observer = observers[side]
    return observer.toldMessages
      || observer.isNoted && observer.agreement == nil && !observers[side.peer].heardPeer
  }
}
