extension ConversationLog.Collector {
  /// What is to be said of a test that failed: the report of each conversation, oldest first, and the command that runs
  /// the test again, alone and with the same seed.
  ///
  /// - Parameter test: the test as `swift test list` names it.
  /// - Returns: lines, with a line break at the end; empty if there was no conversation.
  public func report(of test: String) -> String {
    let logs = logs
    guard let last = logs.last else { return "" }
    var text = ""
    for (index, log) in logs.enumerated() {
      if logs.count > 1 { text += "conversation \(index + 1) of \(logs.count)\n" }
      text += log.report
    }
    // A test of many seeds ends at the first that fails: the latest conversation's is the one. verifyChunking counts
    // the links' seeds up from that of the world.
    let seed = (last.seed ?? last.linkSeed).map { "\(TestSeeds.variable)=\($0) " } ?? ""
    return text + "replay: \(seed)swift test --filter \(Self.quoted(Self.pattern(test)))\n"
  }

  /// The regular expression that matches the text itself.
  private static func pattern(_ text: String) -> String {
    text.reduce(into: "") { pattern, character in
      if #"\.+*?()|[]{}^$"#.contains(character) { pattern.append("\\") }
      pattern.append(character)
    }
  }

  /// The text as one word of a POSIX shell.
  private static func quoted(_ text: String) -> String {
    "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#))'"
  }
}
