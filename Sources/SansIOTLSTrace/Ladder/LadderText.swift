internal import SansIOTLS

extension Ladder {
  /// Draws the ladder as text, for terminals, logs and test reports: at most 100 columns, in characters of one column
  /// each. Text that a peer chose, such as a name, cannot add a line break or a terminal's control sequence.
  ///
  /// - Returns: Lines, each ended by a line feed; always the same for the same ladder.
  public func text() -> String { LadderText(self).text }
}

/// Draws a ladder as text.
private struct LadderText {
  /// Columns left and right of the lifelines, for the steps of each side.
  private static let margin = 12
  /// Columns between the lifelines.
  private static let area = 100 - 2 * (margin + 1)
  /// Columns by which an arrow falls short of the lifeline that it does not reach.
  private static let gap = 8

  private(set) var text = ""

  init(_ ladder: Ladder) {
    for line in Printable.wrap(ladder.title, 100) { append(line) }
    let rows = ladder.rows
    head()
    for row in rows { append(row) }
    let legend = Ladder.legend(of: rows)
    if !legend.isEmpty { append(String(repeating: " ", count: Self.margin) + legend.joined(separator: "   ")) }
  }

  private mutating func append(_ line: String) {
    var line = line[...]
    while line.last == " " { line.removeLast() }
    text += line + "\n"
  }

  /// The names of the sides over their lifelines.
  private mutating func head() {
    let left = Self.centred("client", in: 2 * Self.margin + 1)
    let right = Self.centred("server", in: 2 * Self.margin + 1)
    append(left + String(repeating: " ", count: 100 - left.count - right.count) + right)
    append(between: "")
  }

  private mutating func append(_ row: Ladder.Row) {
    switch row {
    case .arrow(let arrow):
      append(
        between: Self.line(of: arrow), left: arrow.steps.client?.rawValue ?? "",
        right: arrow.steps.server?.rawValue ?? "")
      if let detail = arrow.detail { append(centred: detail) }
    case .total(let total): append(centred: total)
    case .gap: append(between: "")
    case .remark(let remark):
      for line in Printable.wrap(remark, Self.area - 8) { append(centred: "~ \(line) ~") }
    case .agreement(let parts):
      for line in Printable.fill(parts, " · ", Self.area - 8) { append(centred: "= \(line) =") }
      append(between: "")
    case .failure(_, let parts):
      for (index, part) in parts.enumerated() {
        for (number, line) in Printable.wrap(part, Self.area - 6).enumerated() {
          append(between: (index + number == 0 ? " ! " : "   ") + line)
        }
      }
      append(between: "")
    case .standing(let client, let server):
      let space = Self.area - 2 - client.count - server.count
      append(between: " " + client + String(repeating: " ", count: max(space, 1)) + server)
    }
  }

  private mutating func append(centred text: String) { append(between: Self.centred(text, in: Self.area)) }

  /// A line between the lifelines, with the text in the margins.
  private mutating func append(between text: String, left: String = "", right: String = "") {
    let left = String(repeating: " ", count: Self.margin - 1 - left.count) + left + " "
    append(left + "│" + text + String(repeating: " ", count: Self.area - text.count) + "│ " + right)
  }

  private static func line(of arrow: Ladder.Arrow) -> String {
    let isToTheRight = arrow.sender == .client
    var (start, end) = ("", isToTheRight ? "►" : "◄")
    if arrow.isForeign { start = String(repeating: " ", count: gap) + "?" }
    if arrow.ending != .arrives {
      // Written from the sender, so that the other direction is the mirrored.
      end = (arrow.ending == .lost ? "×" : "┄") + String(repeating: " ", count: gap)
    }
    if !isToTheRight { (start, end) = (String(end.reversed()), String(start.reversed())) }
    let room = area - start.count - end.count
    let label = " \(Printable.truncate("\(arrow.name), \(arrow.size)", room - 6)) "
    let dashes = room - label.count
    let before = String(repeating: "─", count: dashes / 2)
    let after = String(repeating: "─", count: dashes - dashes / 2)
    return start + before + label + after + end
  }

  private static func centred(_ text: String, in width: Int) -> String {
    let space = max(width - text.count, 0)
    return String(repeating: " ", count: space / 2) + text + String(repeating: " ", count: space - space / 2)
  }
}
