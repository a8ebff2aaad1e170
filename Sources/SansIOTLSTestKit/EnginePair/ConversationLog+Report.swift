extension ConversationLog.Collector {
  /// Creates the report of a failed test: that of each conversation, oldest first, and the command that repeats the
  /// test alone and with the same seed.
  ///
  /// - Parameter test: The test as `swift test list` names it.
  /// - Returns: Lines, with a line break at the end; empty if there was no conversation.
  public func report(of test: String) -> String {
    let logs = logs
    guard let last = logs.last else { return "" }
    var text = ""
    for (index, log) in logs.enumerated() {
      if logs.count > 1 { text += "conversation \(index + 1) of \(logs.count)\n" }
      text += log.report
    }
    // A test of many seeds ends with the first that fails, which is the latest conversation's. verifyChunking
    // increments the links' seeds from that of the world.
    let seed = (last.seed ?? last.linkSeed).map { "\(TestSeeds.variable)=\($0) " } ?? ""
    return text + "replay: \(seed)swift test --filter \(Self.quoted(Self.pattern(test)))\n"
  }

  /// Escapes the text for a regular expression.
  private static func pattern(_ text: String) -> String {
    text.reduce(into: "") { pattern, character in
      if #"\.+*?()|[]{}^$"#.contains(character) { pattern.append("\\") }
      pattern.append(character)
    }
  }

  /// Quotes the text as one word of a POSIX shell.
  private static func quoted(_ text: String) -> String {
    "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#))'"
  }
}
