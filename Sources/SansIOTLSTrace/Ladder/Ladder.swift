public import SansIOTLS

/// A diagram of a conversation: two lifelines, and every message as an arrow from the side that sent it to the side
/// that received it.
///
/// A ladder is built from the traced messages of one or both engines and holds no contents but the identities of
/// pre-shared keys, so it may be logged. If both engines trace, a message sent by one side and received by the other is
/// one arrow; a message that did not arrive, or that no side sent, is marked. The diagram includes names, sizes, steps,
/// the negotiated parameters and failures; ``text()`` draws it as text and ``svg(_:)`` as SVG.
///
/// ```swift
/// var ladder = Ladder(title: "handshake")
/// ladder.note(.client, &client)             // after each call of an engine
/// ladder.note("the link drops 12 bytes")    // a line of the caller's own
/// print(ladder.text())
/// ```
///
/// The contexts of the engines have to enable tracing: ``/SansIOTLS/TLSContext/Configuration/tracesMessages``. (The
/// test kit's pairs and transports enable it in their engines automatically.) Memory is limited: of a long conversation
/// the first and the latest 2,048 lines are kept, and consecutive application data in one direction is one line,
/// whatever its amount.
public struct Ladder: Sendable {

  /// The title of the diagram; empty for none.
  public let title: String
  private(set) var log = EntryLog()
  private(set) var sides = PerSide(client: SideState(), server: SideState())
  /// One for each direction, by the side that sends.
  private var pairings = PerSide(client: DirectionPairing(), server: DirectionPairing())

  /// Creates an empty ladder.
  ///
  /// - Parameter title: The title of the diagram; empty for none.
  public init(title: String = "") { self.title = Printable.escape(title, limit: 400) }

  /// Notes what an engine did since it was noted last: its traced messages, which are removed from it, and once each
  /// its negotiated parameters and its failure, and each question. To be called after every call of the engine, so that
  /// the lines of both sides are in order.
  ///
  /// - Parameters:
  ///   - side: The role of the engine.
  ///   - engine: An engine whose context traces messages; of one that does not, the ladder shows only the negotiated
  ///     parameters and the failure.
  public mutating func note(_ side: TLSRole, _ engine: inout TLSEngine) {
    while let message = engine.nextTracedMessage() { note(side, message) }
    sides[side].isNoted = true
    sides[side].needs = engine.needs
    note(side, asking: engine.needs.contains(.answer) ? engine.question : nil)
    if sides[side].agreement == nil, let negotiated = engine.negotiated {
      note(side, Agreement(negotiated, earlyData: engine.earlyData))
    }
    if sides[side].failure == nil, let failure = engine.failure { note(side, Failure(failure)) }
  }

  /// Notes one message that was recorded before.
  ///
  /// - Parameters:
  ///   - side: The side that traced it.
  ///   - message: The message.
  public mutating func note(_ side: TLSRole, _ message: TLSTracedMessage) {
    for observation in sides[side].assemble(message) {
      let sender = message.direction == .sent ? side : side.peer
      let number = pairings[sender].note(observation, end: message.direction, from: sender, in: &log)
      sides[side].passed(in: number)
    }
    if let outcome = message.callOutcome, let (number, step) = sides[side].endCall(outcome, by: message.direction) {
      log[exchange: number]?.steps[side] = step
    }
  }

  /// Notes a line of the caller's own, for example an action of a simulated link.
  ///
  /// - Parameter remark: The line. Scalars that cannot be printed in one column are escaped; it is cut after 400
  ///   characters.
  public mutating func note(_ remark: String) { log.append(.remark(Printable.escape(remark, limit: 400))) }

  /// Notes an answer of the application, before the call that passes it to the engine.
  ///
  /// - Parameters:
  ///   - side: The side whose engine asked.
  ///   - answer: The answer in words.
  public mutating func note(_ side: TLSRole, answer: String) { note("the \(side)'s application answers: \(answer)") }

  private mutating func note(_ side: TLSRole, asking question: TLSEngine.Question?) {
    if let question, question != sides[side].question { note("the \(side) asks: \(Self.words(question))") }
    sides[side].question = question
  }

  private static func words(_ question: TLSEngine.Question) -> String {
    switch question {
    case .clientHello(let hello): "which context serves \(hello.serverName ?? "a client that names no server")?"
    case .peerCertificates(let presented):
      "are the certificates of \(presented.chain.first.map { "\($0.subject)" } ?? "no one") acceptable? "
        + "verification: \(presented.verification)"
    case .certificateRequest: "which identity is presented?"
    @unknown default: "another question"
    }
  }

  mutating func note(_ side: TLSRole, _ agreement: Agreement) {
    sides[side].agreement = agreement
    // Usually both sides have the same parameters, which are one line.
    if sides[side.peer].agreement != agreement { log.append(.agreement(side, agreement)) }
  }

  mutating func note(_ side: TLSRole, _ failure: Failure) {
    sides[side].failure = failure
    sides[side].isOver = true
    log.append(.failure(side, failure))
  }
}
