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
}
