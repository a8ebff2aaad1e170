import Testing

/// The language of comments, messages and pages: the field's terms, in one form.
struct LanguageTests {
  /// Words and phrases that this project's readers do not use, and the usual ones.
  static let unusual: [(pattern: String, usual: String)] = [
    (#"told|tells?|telling"#, "report, state, signal"), ("behind", "after"),
    ("whoever|whomever", "callers that, anyone who"), ("(no|some|any)body", "no caller, another program, anyone"),
    ("in (the )?clear", "in plaintext"), ("for (good|ever)", "permanently"), ("anew", "again"),
    ("goodbye", "close_notify"), ("many an?", "many"), ("crumbs?", "small chunks"), ("errands?", "operations"),
    ("verdicts?", "verification result"), ("mean(s|t)? to reach", "server name"),
    ("(give|gives|gave|given|giving) back", "return, release"), ("(go|goes|going|went|gone) on", "continue"),
    ("of (its|their) own accord", "automatically"), ("the other way (a)?round", "vice versa"),
    ("how things stand", "the status"), ("what came", "received data"), ("mended", "fixed"),
  ]

  /// Sources, tests, examples and pages; not this list itself.
  private static func files() throws -> [SourceFile] {
    try ["Sources", "Tests", "Examples"].flatMap { folder in
      try [".swift", ".md", ".h", ".c"].flatMap { try SourceFile.all(under: folder, ending: $0) }
    } + [SourceFile("README.md")]
  }

  @Test
  func `words are the field's`() throws {
    let patterns = try Self.unusual.map { (try Regex("(?i)\\b(\($0.pattern))\\b"), $0.usual) }
    for file in try Self.files() where !file.path.hasSuffix("LanguageTests.swift") {
      for (index, line) in file.lines.enumerated() {
        for (pattern, usual) in patterns {
          guard let match = line.firstMatch(of: pattern) else { continue }
          Issue.record("\(file.path):\(index + 1): \"\(line[match.range])\": \(usual)")
        }
      }
    }
  }

  /// A verb phrase for a call, a noun phrase for a type or a property.
  @Test
  func `no summary opens with a question word`() throws {
    let question = try Regex(#"^\s*/// (What|How|Who|Whom|Whose|Which|Where|When|Why)\b"#)
    for file in try Self.files() where file.path.hasSuffix(".swift") {
      var isInside = false
      for (index, line) in file.lines.enumerated() {
        let isDocumentation = line.drop { $0 == " " }.hasPrefix("///")
        let isOpening = isDocumentation && !isInside && line.firstMatch(of: question) != nil
        #expect(!isOpening, "\(file.path):\(index + 1): \(line)")
        isInside = isDocumentation
      }
    }
  }

  /// `swift format` breaks code, and leaves comments as they are.
  @Test
  func `comments have 120 columns at most`() throws {
    let comment = try Regex(#"^\s*//"#)
    for file in try Self.files() where !file.path.hasSuffix(".md") {
      for (index, line) in file.lines.enumerated() where line.count > 120 {
        let isComment = line.firstMatch(of: comment) != nil
        #expect(!isComment, "\(file.path):\(index + 1): \(line.count) columns")
      }
    }
  }
}
