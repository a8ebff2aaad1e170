internal import SansIOTLS

extension Ladder {
  /// Draws the ladder as an SVG, 900 pixels wide and as high as needed. It is self-contained, in a file or inside a
  /// page: no script, no font, no external resource. A screen reader reads its title and a summary.
  ///
  /// - Parameter background: The background that it is drawn for; by default one picture serves both, as the reader's
  ///   system prefers.
  /// - Returns: The document; always the same for the same ladder. Text that a peer chose is escaped.
  public func svg(_ background: Background = .automatic) -> String { LadderSVG(self, for: background).document }
}

/// Draws a ladder as SVG, top to bottom.
private struct LadderSVG {
  private static let width = 900
  /// The positions of the lifelines.
  private static let client = 150
  private static let server = 750
  private static let middle = 450
  /// The columns of monospaced text between the lifelines.
  private static let columns = 72

  private let style: LadderStyle
  private var body = ""
  /// The height of the picture so far.
  private var y = 0

  private(set) var document = ""

  init(_ ladder: Ladder, for background: Ladder.Background) {
    style = LadderStyle(background)
    let rows = ladder.rows
    title(ladder.title)
    head()
    let top = y
    y += 12
    for row in rows { draw(row) }
    let bottom = y
    standing(rows)
    legend(rows)
    y += 16
    document = """
      <svg xmlns="http://www.w3.org/2000/svg" class="\(style.name)" role="img" \
      width="\(Self.width)" height="\(y)" viewBox="0 0 \(Self.width) \(y)">
      <title>\(XML.escape(ladder.title.isEmpty ? "A TLS conversation" : ladder.title))</title>
      <desc>\(XML.escape(Self.summary(of: rows)))</desc>
      \(style.definitions)
      <rect class="ground" width="\(Self.width)" height="\(y)"/>
      <path class="lifeline" d="M\(Self.client) \(top)V\(bottom)M\(Self.server) \(top)V\(bottom)"/>
      \(body)</svg>

      """
  }

  /// The summary for a screen reader.
  private static func summary(of rows: [Ladder.Row]) -> String {
    var sentences = ["Messages between a TLS client, on the left, and a server, on the right, from top to bottom."]
    for row in rows {
      switch row {
      case .agreement(let parts): sentences.append("Negotiated: \(parts.joined(separator: ", ")).")
      case .failure(_, let paragraphs): sentences.append("\(paragraphs.joined(separator: "; ")).")
      default: break
      }
    }
    return sentences.joined(separator: " ")
  }

  // MARK: Rows

  private mutating func title(_ title: String) {
    y = 16
    for line in Printable.wrap(title, 86) {
      y += 24
      text(line, "title", Self.middle, y, anchor: "middle")
    }
  }

  private mutating func head() {
    y += 12
    for (name, x) in [("client", Self.client), ("server", Self.server)] {
      body += "<rect class=\"\(name) box\" x=\"\(x - 50)\" y=\"\(y)\" width=\"100\" height=\"30\" rx=\"6\"/>\n"
      text(name, "head", x, y + 20, anchor: "middle")
    }
    y += 30
  }

  private mutating func draw(_ row: Ladder.Row) {
    switch row {
    case .arrow(let arrow): draw(arrow)
    case .total(let total):
      y += 16
      text(total, "faint", Self.middle, y, anchor: "middle")
    case .gap: y += 18
    case .remark(let remark):
      for line in Printable.wrap(remark, Self.columns) {
        y += 18
        text(line, "remark", Self.middle, y, anchor: "middle")
      }
      y += 10
    case .agreement(let parts):
      box(Printable.fill(parts, " · ", Self.columns), "agreement", x: Self.middle, anchor: "middle")
    case .failure(_, let paragraphs):
      box(
        paragraphs.flatMap { Printable.wrap($0, Self.columns) }, "failure", x: Self.client, anchor: "start")
    case .standing: break
    }
  }

  private mutating func draw(_ arrow: Ladder.Arrow) {
    let kind = arrow.isErrorAlert ? "alert" : arrow.sender == .client ? "client" : "server"
    y += 18
    body += "<g class=\"\(kind)\">\n"
    let size = "<tspan class=\"faint\" dx=\"6\">\(XML.escape(arrow.size))</tspan>"
    body += "<text class=\"name\" x=\"\(Self.middle)\" y=\"\(y)\" text-anchor=\"middle\">"
    body += "\(XML.escape(Printable.truncate(arrow.name, 52)))\(size)</text>\n"
    y += 8
    line(arrow, kind)
    body += "</g>\n"
    if let step = arrow.steps.client { text(step.rawValue, look(of: step), Self.client - 10, y + 4, anchor: "end") }
    if let step = arrow.steps.server { text(step.rawValue, look(of: step), Self.server + 10, y + 4, anchor: "start") }
    if let detail = arrow.detail {
      y += 16
      text(detail, "faint", Self.middle, y, anchor: "middle")
    }
    y += 4
  }

  private func look(of step: Ladder.Step) -> String { step == .failed ? "failed step" : "step" }

  private mutating func line(_ arrow: Ladder.Arrow, _ kind: String) {
    let direction = arrow.sender == .client ? 1 : -1
    var start = (arrow.sender == .client ? Self.client : Self.server) + direction
    var end = (arrow.sender == .client ? Self.server : Self.client) - 2 * direction
    var look = "marker-end=\"url(#\(style.head(kind)))\""
    switch arrow.ending {
    case .arrives: break
    case .lost:
      end -= 70 * direction
      look = "marker-end=\"url(#\(style.cross))\""
    case .underway:
      end -= 70 * direction
      look = "stroke-dasharray=\"6 5\""
    }
    if arrow.isForeign {
      start += 70 * direction
      text("?", "name", start - 8 * direction, y + 4, anchor: "middle")
    }
    body += "<path class=\"arrow\" d=\"M\(start) \(y)H\(end)\" \(look)/>\n"
  }

  /// Lines in a box that covers the lifelines.
  private mutating func box(_ lines: [String], _ name: String, x: Int, anchor: String) {
    let height = 18 * lines.count + 14
    body += "<g class=\"\(name)\">\n"
    body += "<rect class=\"box\" x=\"\(Self.client - 20)\" y=\"\(y)\" width=\"640\" height=\"\(height)\" rx=\"6\"/>\n"
    for (index, line) in lines.enumerated() {
      text(line, index == 0 ? "first" : "rest", x, y + 20 + 18 * index, anchor: anchor)
    }
    body += "</g>\n"
    y += height + 16
  }

  /// Draws the needs of both sides in the end, below the lifelines.
  private mutating func standing(_ rows: [Ladder.Row]) {
    guard case .standing(let client, let server)? = rows.last else { return }
    y += 18
    text(client, client == "failed" ? "failed step" : "step", Self.client, y, anchor: "middle")
    text(server, server == "failed" ? "failed step" : "step", Self.server, y, anchor: "middle")
  }

  private mutating func legend(_ rows: [Ladder.Row]) {
    let legend = Ladder.legend(of: rows)
    if legend.isEmpty { return }
    y += 22
    text(legend.joined(separator: "  ·  "), "faint", Self.middle, y, anchor: "middle")
  }

  private mutating func text(_ text: String, _ name: String, _ x: Int, _ y: Int, anchor: String) {
    if text.isEmpty { return }
    body += "<text class=\"\(name)\" x=\"\(x)\" y=\"\(y)\" text-anchor=\"\(anchor)\">\(XML.escape(text))</text>\n"
  }
}
