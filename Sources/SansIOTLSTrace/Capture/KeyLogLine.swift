/// A line of the NSS key log format (draft-ietf-tls-keylogfile, "The SSLKEYLOGFILE Format"): a label, the client random
/// and a secret, the latter two in hexadecimal, one space between them.
enum KeyLogLine {
  /// More than any line needs: the longest secrets have 64 bytes.
  private static let limit = 1024

  /// Whether a line has the format; other text could contain further lines.
  static func isValid(_ line: String) -> Bool {
    guard line.utf8.count <= limit else { return false }
    let words = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    return words.count == 3 && !words[0].isEmpty && words[0].allSatisfy(isLabel)
      && words[1...].allSatisfy { !$0.isEmpty && $0.count.isMultiple(of: 2) && $0.allSatisfy(isHexadecimal) }
  }

  private static func isLabel(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
    default: false
    }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }
}
