internal import SansIOTLSTrace

extension ConversationLog.Collector {
  /// What is to be kept with a test that failed: of each conversation the ladder as SVG, and the tape if there is one.
  ///
  /// - Parameter test: the test as `swift test list` names it.
  /// - Returns: the contents, each with a file name that says the test and the seed; no two are equal.
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

  /// The words of a test's name, as one that every file system takes.
  private static func fileName(_ test: String) -> String {
    let words = test.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    return String(words.joined(separator: "-").prefix(150))
  }
}
