extension Ladder {
  /// The background that an SVG is drawn for.
  public enum Background: String, Sendable, Hashable, CaseIterable {
    /// Light or dark, as the reader's system prefers (`prefers-color-scheme`); light without a preference.
    case automatic
    /// Always light.
    case light
    /// Always dark.
    case dark
  }
}

/// The colours and type of a ladder's SVG.
struct LadderStyle {
  private struct Palette {
    let ground, ink, faint, line, client, server, alert, agreement, failure: String

    static let light = Palette(
      ground: "#ffffff", ink: "#1f2328", faint: "#59636e", line: "#c3cad2", client: "#0757b8", server: "#0b6e4f",
      alert: "#c01c28", agreement: "#ebf6f0", failure: "#fdecec")
    static let dark = Palette(
      ground: "#0f141a", ink: "#e6edf3", faint: "#9aa5b1", line: "#47515c", client: "#79b8ff", server: "#63d4a4",
      alert: "#ff7b72", agreement: "#11281f", failure: "#32171a")
  }

  private let background: Ladder.Background

  init(_ background: Ladder.Background) { self.background = background }

  /// The class of the root: several ladders in one page keep their own colours.
  var name: String { "tls-ladder-\(background)" }

  /// The name of the head of an arrow of this kind: `client`, `server` or `alert`.
  func head(_ kind: String) -> String { "\(name)-head-\(kind)" }

  /// The name of the cross at the end of an arrow that was not read.
  var cross: String { "\(name)-cross" }

  /// The style sheet and the markers.
  var definitions: String {
    var style = type
    switch background {
    case .automatic:
      style += colours(.light)
      style += "@media (prefers-color-scheme: dark) {\n\(colours(.dark))}\n"
    case .light: style += colours(.light)
    case .dark: style += colours(.dark)
    }
    return "<style>\n\(style)</style>\n<defs>\n\(markers)</defs>"
  }

  private var type: String {
    rules([
      (["text"], "font-family: sans-serif; font-size: 13px"),
      ([".title"], "font-family: monospace; font-size: 16px; font-weight: 600"),
      ([".head"], "font-size: 14px; font-weight: 600"),
      ([".name"], "font-weight: 600"),
      ([".faint", ".step"], "font-size: 12px; font-weight: 400"),
      ([".remark", ".first", ".rest"], "font-family: monospace; font-size: 12px"),
      ([".failure .first"], "font-weight: 600"),
      ([".lifeline"], "fill: none; stroke-width: 1.5"),
      ([".arrow"], "fill: none; stroke-width: 1.6"),
      ([".cross"], "fill: none; stroke-width: 2"),
      ([".box"], "stroke-width: 1.2"),
    ])
  }

  private func colours(_ palette: Palette) -> String {
    var colours = [
      ([".ground"], "fill: \(palette.ground)"),
      (["text"], "fill: \(palette.ink)"),
      ([".faint", ".step", ".remark"], "fill: \(palette.faint)"),
      ([".lifeline"], "stroke: \(palette.line)"),
    ]
    for (kind, colour) in [("client", palette.client), ("server", palette.server), ("alert", palette.alert)] {
      colours += [
        ([".\(kind) .arrow"], "stroke: \(colour)"), ([".\(kind) .name"], "fill: \(colour)"),
        ([".head-\(kind)"], "fill: \(colour)"),
      ]
    }
    colours += [
      ([".client.box"], "fill: \(palette.ground); stroke: \(palette.client)"),
      ([".server.box"], "fill: \(palette.ground); stroke: \(palette.server)"),
      ([".agreement .box"], "fill: \(palette.agreement); stroke: \(palette.server)"),
      ([".failure .box"], "fill: \(palette.failure); stroke: \(palette.alert)"),
      ([".cross"], "stroke: \(palette.alert)"),
      ([".failure .first", ".failed"], "fill: \(palette.alert)"),
    ]
    return rules(colours)
  }

  private func rules(_ rules: [(selectors: [String], declarations: String)]) -> String {
    rules.map { rule in
      let selectors = rule.selectors.map { ".\(name) \($0)" }.joined(separator: ", ")
      return "\(selectors) { \(rule.declarations) }\n"
    }.joined()
  }

  private var markers: String {
    var markers = """
      <marker id="\(cross)" viewBox="0 0 12 12" refX="6" refY="6" \
      markerWidth="12" markerHeight="12" markerUnits="userSpaceOnUse">\
      <path class="cross" d="M1 1L11 11M11 1L1 11"/></marker>

      """
    for kind in ["client", "server", "alert"] {
      markers += """
        <marker id="\(head(kind))" viewBox="0 0 10 10" refX="10" refY="5" \
        markerWidth="10" markerHeight="10" markerUnits="userSpaceOnUse" orient="auto"><path class="head-\(kind)" d="M0 0.5L10 5L0 9.5z"/></marker>

        """
    }
    return markers
  }
}
