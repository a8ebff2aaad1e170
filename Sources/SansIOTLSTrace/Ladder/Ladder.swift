public import SansIOTLS

/// The picture of a conversation: two lifelines, and every message as an arrow from the side that sent it to the side
/// that received it.
///
/// A ladder is written from the message taps of one or both engines and holds no contents, so it may be logged. With both
/// engines tapped, what one side sent and the other received is one arrow: a message that did not arrive, or that nobody
/// sent, shows as such. Names, sizes, steps, what was agreed on and what failed are in the picture; it is drawn as text
/// by ``text()`` and as SVG by ``svg(_:)``.
///
/// ```swift
/// var ladder = Ladder(title: "handshake")
/// ladder.note(.client, &client)             // after each call of an engine
/// ladder.note("the link drops 12 bytes")    // what else is worth a line
/// print(ladder.text())
/// ```
///
/// The contexts of the engines have to ask for the tap: ``TLSContext/Configuration/tracesMessages``. (The test kit's pairs and
/// transports tap the engines that they join by themselves.) Memory is bounded: of
/// a long conversation the first and the latest 2,048 lines are kept, and application data in one direction is one line
/// however much it was.
public struct Ladder: Sendable {

  /// What the picture is called; empty for none.
  public let title: String
  private(set) var chronicle = Chronicle()
  private(set) var observers = PerSide(client: Observer(), server: Observer())
  /// One for each direction, by the side that sends.
  private var ways = PerSide(client: Way(), server: Way())

  /// Makes an empty ladder.
  ///
  /// - Parameter title: what the picture is called; empty for none.
  public init(title: String = "") { self.title = Printable.escape(title, limit: 400) }

  /// Notes what an engine did since it was noted last: the messages of its tap, which are taken from it, and once each
  /// what it agreed on and how it failed. To be called after every call of the engine, so that the lines of both sides
  /// come in order.
  ///
  /// - Parameters:
  ///   - side: which end the engine is.
  ///   - engine: an engine whose context taps messages; of one that does not, only what was agreed on and the failure
  ///     show.
  public mutating func note(_ side: TLSRole, _ engine: inout TLSEngine) {
    while let message = engine.nextTracedMessage() { note(side, message) }
    observers[side].isNoted = true
    observers[side].needs = engine.needs
    if observers[side].agreement == nil, let negotiated = engine.negotiated { note(side, Agreement(negotiated)) }
    if observers[side].failure == nil, let failure = engine.failure { note(side, Failure(failure)) }
  }

  /// Notes one message, for who has recorded them.
  ///
  /// - Parameters:
  ///   - side: the side whose tap told it.
  ///   - message: the message.
  public mutating func note(_ side: TLSRole, _ message: TLSTracedMessage) {
    for sight in observers[side].assemble(message) {
      let sender = message.direction == .sent ? side : side.peer
      let number = ways[sender].note(sight, end: message.direction, from: sender, in: &chronicle)
      observers[side].passed(in: number)
    }
    if let rest = message.rest, let (number, step) = observers[side].came(to: rest, by: message.direction) {
      chronicle[passage: number]?.steps[side] = step
    }
  }

  /// Notes a line of one's own, for example what a simulated link did.
  ///
  /// - Parameter remark: the line; what cannot be printed in one column is escaped, and beyond 400 characters it is cut.
  public mutating func note(_ remark: String) { chronicle.append(.remark(Printable.escape(remark, limit: 400))) }

  mutating func note(_ side: TLSRole, _ agreement: Agreement) {
    observers[side].agreement = agreement
    // Both sides agree as a rule: one line says so.
    if observers[side.peer].agreement != agreement { chronicle.append(.agreement(side, agreement)) }
  }

  mutating func note(_ side: TLSRole, _ failure: Failure) {
    observers[side].failure = failure
    observers[side].isOver = true
    chronicle.append(.failure(side, failure))
  }
}
