/// A message and its envelope.
public struct MailMessage: Sendable, Equatable {
  /// The sender's address.
  public var sender: String
  /// The recipients' addresses.
  public var recipients: [String]
  /// The lines, headers first.
  public var lines: [String]

  /// Creates a message.
  public init(sender: String = "", recipients: [String] = [], lines: [String] = []) {
    self.sender = sender
    self.recipients = recipients
    self.lines = lines
  }

  /// The maximum length of a line in bytes (RFC 5322, section 2.1.1).
  static let lineLimit = 998

  /// Whether this is valid between the brackets of a command: other text could end them, or the line, and inject a
  /// command. An address that is not ASCII would need an extension (RFC 6531).
  static func isAddress(_ text: String) -> Bool {
    text.utf8.count <= 254
      && text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
  }

  /// Whether this is one line. Compares bytes: in Swift CR followed by LF is a single character, equal to neither.
  static func isLine(_ text: String) -> Bool {
    text.utf8.count <= lineLimit && !text.utf8.contains { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
  }

  /// The reason why this cannot be sent; `nil` if it can.
  var defect: String? {
    if !Self.isAddress(sender) { return "the sender is not an address" }
    if recipients.isEmpty || !recipients.allSatisfy({ !$0.isEmpty && Self.isAddress($0) }) {
      return "a recipient is not an address, or there are no recipients"
    }
    return lines.allSatisfy(Self.isLine) ? nil : "a line contains a line break, or more than \(Self.lineLimit) bytes"
  }
}

extension String {
  /// Whether the first byte is a dot. The first character is not enough: a dot with an accent is a single one.
  private var beginsWithDot: Bool { utf8.first == UInt8(ascii: ".") }

  /// The line as it is sent: a leading dot is doubled (RFC 5321, section 4.5.2).
  var dotStuffed: String { beginsWithDot ? ".\(self)" : self }

  /// The line as it was before it was sent.
  var dotUnstuffed: String { beginsWithDot ? String(decoding: utf8.dropFirst(), as: UTF8.self) : self }
}
