internal import SansIOTLS

/// Makes text of a peer safe to show in columns: each character takes one column, and none controls a terminal. More is
/// escaped than in a line of text.
enum Printable {
  /// Scalars that are printed in one column; everything else is escaped, even if it is harmless.
  private static let ranges: [ClosedRange<UInt32>] = [
    0x20...0x7E,  // ASCII
    0xA1...0xAC, 0xAE...0x24F,  // Latin, without the soft hyphen
    0x391...0x3A1, 0x3A3...0x3FF, 0x400...0x482, 0x48A...0x52F,  // Greek, Cyrillic
    0x2010...0x2027, 0x2030...0x205E,  // punctuation, without line ends and marks of direction
    0x2190...0x21FF, 0x2200...0x22FF, 0x2500...0x257F,  // arrows, mathematics, box drawing
  ]

  /// Escapes all other scalars as `\u{…}`.
  ///
  /// - Parameters:
  ///   - text: Any text.
  ///   - limit: Characters at most; a cut is shown as `…`.
  /// - Returns: The text, at most `limit` columns wide.
  static func escape(_ text: String, limit: Int) -> String {
    var escaped = ""
    var width = 0
    for scalar in text.unicodeScalars {
      let piece = ranges.contains { $0.contains(scalar.value) } ? String(scalar) : scalar.escaped
      width += piece.unicodeScalars.count
      if width > limit { return truncate(escaped + piece, limit) }
      escaped += piece
    }
    return escaped
  }

  /// Cuts the text to a number of columns, the last of them a `…` if it was longer.
  static func truncate(_ text: String, _ limit: Int) -> String {
    text.count <= limit ? text : text.prefix(max(limit - 1, 0)) + "…"
  }

  /// Divides the text into lines of a number of columns, between words where that is possible.
  static func wrap(_ text: String, _ width: Int) -> [String] {
    fill(text.split(separator: " ").map(String.init), " ", width)
  }

  /// Arranges the pieces in lines of a number of columns; only a piece longer than a line is divided.
  static func fill(_ pieces: [String], _ separator: String, _ width: Int) -> [String] {
    var lines: [String] = []
    for piece in pieces {
      if let last = lines.last, last.count + separator.count + piece.count <= width {
        lines[lines.count - 1] += separator + piece
        continue
      }
      var rest = piece[...]
      repeat {
        lines.append(String(rest.prefix(width)))
        rest = rest.dropFirst(width)
      } while !rest.isEmpty
    }
    return lines
  }

  /// A number with separated thousands, for example `16,406`.
  static func grouped(_ number: Int) -> String {
    let digits = String(number.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "," }
      text.append(digit)
    }
    return number < 0 ? "-" + text : text
  }

  /// A number and what it counts, for example `1 record`, `1,234 bytes`.
  static func count(_ number: Int, _ noun: String) -> String { "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")" }
}
