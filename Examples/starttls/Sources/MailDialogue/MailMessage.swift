/// A message and its envelope.
public struct MailMessage: Sendable, Equatable {
  /// Who sends it.
  public var sender: String
  /// Whom it is for.
  public var recipients: [String]
  /// Its lines, headers first.
  public var lines: [String]

  /// Makes a message.
  public init(sender: String = "", recipients: [String] = [], lines: [String] = []) {
    self.sender = sender
    self.recipients = recipients
    self.lines = lines
  }

  /// What a line of a message has at most, in bytes (RFC 5322, section 2.1.1).
  static let lineLimit = 998

  /// Whether this can stand between the brackets of a command: anything else could end them, or the line, and begin a command
  /// of its own. An address that is not ASCII would need an extension (RFC 6531).
  static func isAddress(_ text: String) -> Bool {
    text.utf8.count <= 254
      && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
  }

  /// Whether this is one line. Judged by bytes: to Swift a CR and an LF behind it are one character, and neither of the two.
  static func isLine(_ text: String) -> Bool {
    text.utf8.count <= lineLimit && !text.utf8.contains { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
  }

  /// Why this cannot be sent; `nil` if it can.
  var defect: String? {
    if !Self.isAddress(sender) { return "the sender is no address" }
    if recipients.isEmpty || !recipients.allSatisfy({ !$0.isEmpty && Self.isAddress($0) }) {
      return "a recipient is no address, or there is none"
    }
    return lines.allSatisfy(Self.isLine) ? nil : "a line holds a line break, or more than \(Self.lineLimit) bytes"
  }
}

extension String {
  /// Whether the first byte is a dot. The first character may be more: a dot with an accent is one.
  private var beginsWithDot: Bool { utf8.first == UInt8(ascii: ".") }

  /// A line of a message as it is sent: one that begins with a dot gets another (RFC 5321, section 4.5.2).
  var dotStuffed: String { beginsWithDot ? ".\(self)" : self }

  /// A line of a message as it was before it was sent.
  var dotUnstuffed: String { beginsWithDot ? String(decoding: utf8.dropFirst(), as: UTF8.self) : self }
}
