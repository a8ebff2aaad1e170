internal import SansIOTLS

extension Ladder {
  /// A row of the ladder, in words: the input of both drawings.
  enum Row: Sendable, Equatable {
    case arrow(Arrow)
    /// The total of a flight.
    case total(String)
    /// Between flights.
    case gap
    case remark(String)
    /// The negotiated parameters, in parts that are not divided.
    case agreement([String])
    /// The side that failed, and paragraphs: the code, the hint, the alerts.
    case failure(TLSRole, [String])
    /// The needs of each side in the end; empty if they are unknown.
    case standing(client: String, server: String)
  }

  /// A message, or consecutive application data.
  struct Arrow: Sendable, Equatable {
    enum Ending: Sendable, Equatable {
      case arrives
      /// The other side did not read it, or not as it was sent.
      case lost
      /// The other side has not read it yet.
      case underway
    }

    var sender: TLSRole
    /// Its name, in braces if it was encrypted, as in RFC 8446, section 2.
    var name: String
    /// Its size, for example `266 bytes`.
    var size: String
    /// A remark below it.
    var detail: String?
    var ending = Ending.arrives
    /// Whether no side sent it.
    var isForeign = false
    /// Whether it is an error alert (RFC 8446, section 6.2).
    var isErrorAlert = false
    /// The steps that it caused on each side.
    var steps: PerSide<Step?>
  }

  /// All rows, top to bottom.
  var rows: [Row] {
    var flights = Flights(self)
    for entry in log.head { flights.append(entry) }
    if log.omitted > 0 { flights.append(.remark("\(Printable.count(log.omitted, "line")) omitted")) }
    for entry in log.latest { flights.append(entry) }
    return flights.finish()
  }

  /// The meaning of the signs in these rows.
  static func legend(of rows: [Row]) -> [String] {
    let arrows = rows.compactMap { if case .arrow(let arrow) = $0 { arrow } else { nil } }
    var legend: [String] = []
    if arrows.contains(where: { $0.name.hasPrefix("{") }) { legend.append("{ } encrypted") }
    if arrows.contains(where: { $0.ending == .lost }) { legend.append("× not read") }
    if arrows.contains(where: { $0.ending == .underway }) { legend.append("┄ not read yet") }
    if arrows.contains(where: \.isForeign) { legend.append("? not sent by the peer") }
    return legend
  }
}

/// Builds rows of entries. A flight is consecutive messages in one direction.
private struct Flights {
  private let ladder: Ladder
  private var rows: [Ladder.Row] = []
  private var flight: [Ladder.Exchange] = []

  init(_ ladder: Ladder) { self.ladder = ladder }

  mutating func append(_ entry: Ladder.Entry) {
    switch entry {
    case .exchange(let exchange):
      if let last = flight.last, last.sender != exchange.sender { endFlight() }
      flight.append(exchange)
      rows.append(.arrow(arrow(for: exchange)))
    case .remark(let remark):
      endFlight()
      rows.append(.remark(remark))
    case .agreement(let side, let agreement):
      endFlight()
      let other = ladder.sides[side.peer]
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
    let state = ladder.sides[side]
    if state.failure != nil { return "failed" }
    guard let needs = state.needs else { return "" }
    return needs.isEmpty ? "needs nothing" : "needs " + "\(needs)".filter { !"[]".contains($0) }
  }

  /// Adds the total of the flight: its records, which are no rows of their own.
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

  private func arrow(for exchange: Ladder.Exchange) -> Ladder.Arrow {
    let receiver = exchange.sender.peer
    var arrow = Ladder.Arrow(
      sender: exchange.sender, name: Self.name(of: exchange), size: Printable.count(exchange.size, "byte"),
      detail: Self.preSharedKeys(exchange.identities), steps: exchange.steps)
    if ladder.isTraced(receiver), exchange.received < exchange.sent {
      let isLost = exchange.isOvertaken || ladder.sides[receiver].isOver
      arrow.ending = isLost ? .lost : .underway
      if exchange.sent > 1 {
        let count = "\(Printable.grouped(exchange.sent - exchange.received)) of \(Printable.grouped(exchange.sent))"
        arrow.detail = "\(count) \(isLost ? "not read" : "not read yet")"
      }
    }
    if ladder.isTraced(exchange.sender), exchange.sent < exchange.received { arrow.isForeign = true }
    if let alteration = exchange.alteration {
      arrow.ending = .lost
      arrow.detail = "read as \(Self.name(of: alteration.content)), \(Printable.count(alteration.size, "byte"))"
    }
    if case .alert(let alert, let isFatal) = exchange.content { arrow.isErrorAlert = isFatal || alert != .closeNotify }
    return arrow
  }

  /// The external keys among the identities: those of session tickets are no text.
  private static func preSharedKeys(_ identities: [[UInt8]]) -> String? {
    let names = identities.compactMap { String(validating: $0, as: UTF8.self) }
    if names.isEmpty { return nil }
    return "pre-shared key " + Printable.escape(names.joined(separator: ", "), limit: 40)
  }

  private static func name(of exchange: Ladder.Exchange) -> String {
    var name = name(of: exchange.content)
    if exchange.count > 1 { name += " ×\(Printable.grouped(exchange.count))" }
    return exchange.isEncrypted ? "{\(name)}" : name
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
