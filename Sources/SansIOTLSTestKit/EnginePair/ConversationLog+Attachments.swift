internal import SansIOTLSTrace

extension ConversationLog.Collector {
  /// Creates the attachments of a failed test: for each conversation the ladder as SVG, and the tape if there is one.
  ///
  /// - Parameter test: The test as `swift test list` names it.
  /// - Returns: The contents, each with a file name of the test and the seed; no two names are equal.
  package func attachments(of test: String) -> [(name: String, text: String)] {
    let logs = logs
    return logs.enumerated().flatMap { index, log in
      var name = Self.fileName(test)
      if let seed = log.seed ?? log.linkSeed { name += "-seed-\(seed)" }
      if logs.count > 1 { name += "-conversation-\(index + 1)" }
      let picture = (name: "\(name).svg", text: log.ladder.svg())
      return [picture] + (log.tape.map { [(name: "\(name).tape", text: "\($0)")] } ?? [])
    }
  }

  /// Joins the words of a test's name to a file name that every file system accepts.
  private static func fileName(_ test: String) -> String {
    let words = test.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    return String(words.joined(separator: "-").prefix(150))
  }
}
