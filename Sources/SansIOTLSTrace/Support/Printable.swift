internal import SansIOTLS

/// Text of a peer made fit to be shown in columns, where more is escaped than in a line of text: each character takes one column, and none does anything to a terminal.
enum Printable {
  /// Scalars that are known to be printed in one column; everything else is escaped, be it harmless.
  private static let ranges: [ClosedRange<UInt32>] = [
    0x20...0x7E,  // ASCII
    0xA1...0xAC, 0xAE...0x24F,  // Latin, without the soft hyphen
    0x391...0x3A1, 0x3A3...0x3FF, 0x400...0x482, 0x48A...0x52F,  // Greek, Cyrillic
    0x2010...0x2027, 0x2030...0x205E,  // punctuation, without line ends and marks of direction
    0x2190...0x21FF, 0x2200...0x22FF, 0x2500...0x257F,  // arrows, mathematics, box drawing
  ]

  /// The text with all else as `\u{…}`.
  ///
  /// - Parameters:
  ///   - text: any text.
  ///   - limit: characters at most; what is cut off shows as `…`.
  /// - Returns: the text, at most `limit` columns wide.
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

  /// The text cut to so many columns, the last of them a `…` if it was longer.
  static func truncate(_ text: String, _ limit: Int) -> String {
    text.count <= limit ? text : text.prefix(max(limit - 1, 0)) + "…"
  }

  /// The text in lines of so many columns, broken between words where that is possible.
  static func wrap(_ text: String, _ width: Int) -> [String] {
    fill(text.split(separator: " ").map(String.init), " ", width)
  }

  /// The pieces in lines of so many columns; only what is longer than a line is broken itself.
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

  /// A number with its thousands marked, for example `16,406`.
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
