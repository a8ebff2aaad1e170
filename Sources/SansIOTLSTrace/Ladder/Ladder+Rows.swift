internal import SansIOTLS

extension Ladder {
  /// A row of the picture, in words: what both drawings draw.
  enum Row: Sendable, Equatable {
    case arrow(Arrow)
    /// What a flight came to.
    case total(String)
    /// Between flights.
    case gap
    case remark(String)
    /// What was agreed on, in parts that stay whole.
    case agreement([String])
    /// Who failed, and paragraphs: the code, the hint, the alerts.
    case failure(TLSRole, [String])
    /// What each side waits for in the end, empty where that is not known.
    case standing(client: String, server: String)
  }

  /// A message, or application data in a row.
  struct Arrow: Sendable, Equatable {
    enum Ending: Sendable, Equatable {
      case arrives
      /// The other side did not read it, or not as it was sent.
      case lost
      /// The other side has not read it yet.
      case underway
    }

    var sender: TLSRole
    /// What it was, in braces if it was encrypted, as in RFC 8446, section 2.
    var name: String
    /// In words, for example `266 bytes`.
    var size: String
    /// What else there is to say about it.
    var detail: String?
    var ending = Ending.arrives
    /// Nobody sent it.
    var isForeign = false
    /// An alert that tells an error (RFC 8446, section 6.2).
    var isAlarm = false
    /// What each side came to by it.
    var steps: PerSide<Step?>
  }

  /// The whole picture, top to bottom.
  var rows: [Row] {
    var flights = Flights(self)
    for entry in chronicle.head { flights.append(entry) }
    if chronicle.omitted > 0 { flights.append(.remark("\(Printable.count(chronicle.omitted, "line")) left out")) }
    for entry in chronicle.latest { flights.append(entry) }
    return flights.finish()
  }

  /// What the signs mean that are used.
  static func legend(of rows: [Row]) -> [String] {
    let arrows = rows.compactMap { if case .arrow(let arrow) = $0 { arrow } else { nil } }
    var legend: [String] = []
    if arrows.contains(where: { $0.name.hasPrefix("{") }) { legend.append("{ } encrypted") }
    if arrows.contains(where: { $0.ending == .lost }) { legend.append("× not read") }
    if arrows.contains(where: { $0.ending == .underway }) { legend.append("┄ not read yet") }
    if arrows.contains(where: \.isForeign) { legend.append("? nobody sent it") }
    return legend
  }
}

/// Makes rows of entries. A flight is what passes in one direction without anything between.
private struct Flights {
  private let ladder: Ladder
  private var rows: [Ladder.Row] = []
  private var flight: [Ladder.Passage] = []

  init(_ ladder: Ladder) { self.ladder = ladder }

  mutating func append(_ entry: Ladder.Entry) {
    switch entry {
    case .passage(let passage):
      if let last = flight.last, last.sender != passage.sender { endFlight() }
      flight.append(passage)
      rows.append(.arrow(arrow(for: passage)))
    case .remark(let remark):
      endFlight()
      rows.append(.remark(remark))
    case .agreement(let side, let agreement):
      endFlight()
      let other = ladder.observers[side.peer]
      let isCommon = other.agreement == agreement || !other.isNoted
      rows.append(.agreement(isCommon ? agreement.parts : ["\(side)"] + agreement.parts))
    case .failure(let side, let failure):
      endFlight()
      rows.append(.failure(side, ["\(side) failed: \(failure.code)", failure.hint] + failure.alerts))
    }
  }

  mutating func finish() -> [Ladder.Row] {
    endFlight()
    let (client, server) = (standing(.client), standing(.server))
    if !client.isEmpty || !server.isEmpty { rows.append(.standing(client: client, server: server)) }
    return rows
  }

  private func standing(_ side: TLSRole) -> String {
    let observer = ladder.observers[side]
    if observer.failure != nil { return "failed" }
    guard let needs = observer.needs else { return "" }
    return needs.isEmpty ? "needs nothing" : "needs " + "\(needs)".filter { !"[]".contains($0) }
  }

  /// Records are not rows; here they are counted.
  private mutating func endFlight() {
    if flight.isEmpty { return }
    defer { flight = [] }
    let wireSize = flight.reduce(0) { $0 + $1.wireSize }
    let shownSize = flight.reduce(0) { $0 + $1.size }
    if wireSize > 0, flight.count > 1 || wireSize != shownSize {
      let records = Printable.count(flight.reduce(0) { $0 + $1.records }, "record")
      rows.append(.total("\(records), \(Printable.count(wireSize, "byte")) on the wire"))
    }
    rows.append(.gap)
  }

  private func arrow(for passage: Ladder.Passage) -> Ladder.Arrow {
    let receiver = passage.sender.peer
    var arrow = Ladder.Arrow(
      sender: passage.sender, name: Self.name(of: passage), size: Printable.count(passage.size, "byte"),
      steps: passage.steps)
    if ladder.isTapped(receiver), passage.received < passage.sent {
      let isLost = passage.isOvertaken || ladder.observers[receiver].isOver
      arrow.ending = isLost ? .lost : .underway
      if passage.sent > 1 {
        let count = "\(Printable.grouped(passage.sent - passage.received)) of \(Printable.grouped(passage.sent))"
        arrow.detail = "\(count) \(isLost ? "not read" : "not read yet")"
      }
    }
    if ladder.isTapped(passage.sender), passage.sent < passage.received { arrow.isForeign = true }
    if let alteration = passage.alteration {
      arrow.ending = .lost
      arrow.detail = "read as \(Self.name(of: alteration.content)), \(Printable.count(alteration.size, "byte"))"
    }
    if case .alert(let alert, let isFatal) = passage.content { arrow.isAlarm = isFatal || alert != .closeNotify }
    return arrow
  }

  private static func name(of passage: Ladder.Passage) -> String {
    var name = name(of: passage.content)
    if passage.count > 1 { name += " ×\(Printable.grouped(passage.count))" }
    return passage.isEncrypted ? "{\(name)}" : name
  }

  private static func name(of content: TLSTracedMessage.Content) -> String {
    switch content {
    case .record(.applicationData): "application_data"
    case .record(let type): "record of \(type)"
    case .handshake(let type): "\(type)"
    case .changeCipherSpec: "ChangeCipherSpec"
    case .alert(let alert, let isFatal): "\(isFatal ? "fatal alert" : "alert") \(alert)"
    }
  }
}
