import Foundation

/// A file of this repository as text.
struct SourceFile {
  /// The repository, found from this very file.
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  let path: String
  let lines: [String]

  init(_ path: String) throws {
    self.path = path
    lines = try String(contentsOfFile: Self.root + "/" + path, encoding: .utf8).components(separatedBy: "\n")
  }

  static func all(under folder: String, ending: String = ".swift") throws -> [SourceFile] {
    let enumerator = FileManager.default.enumerator(atPath: root + "/" + folder)
    let paths = (enumerator?.compactMap { $0 as? String } ?? []).filter {
      $0.hasSuffix(ending) && !$0.split(separator: "/").contains { $0.hasPrefix(".") }
    }
    return try paths.sorted().map { try SourceFile(folder + "/" + $0) }
  }

  /// Whether code (comments aside) holds the word.
  func mentions(_ word: String) -> Bool {
    lines.contains { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("//") && $0.contains(word) }
  }

  /// The lines between `// Guide: …` and `// Guide: end`, without the indentation of these lines.
  var guideParts: [String] {
    var parts: [String] = []
    var start: Int?
    for (index, line) in lines.enumerated() {
      let text = line.drop { $0 == " " }
      if text == "// Guide: end", let first = start {
        let indentation = line.count - text.count
        parts.append(lines[first..<index].map { $0.dropFirst(indentation) }.joined(separator: "\n"))
        start = nil
      } else if text.hasPrefix("// Guide: ") {
        start = index + 1
      }
    }
    return parts
  }

  /// The Swift code of a page, block by block.
  var swiftBlocks: [String] {
    lines.split(separator: "```swift", omittingEmptySubsequences: false).dropFirst().map {
      $0.prefix { $0 != "```" }.joined(separator: "\n")
    }
  }

  /// Whether any line, comments included, holds the word by itself.
  func mentionsWord(_ word: String) -> Bool {
    lines.contains { $0.range(of: "\\b\(word)\\b", options: .regularExpression) != nil }
  }

  var imports: [String] {
    lines.compactMap { line in
      let words = line.split(separator: " ")
      guard let index = words.firstIndex(of: "import"), index + 1 < words.count, index <= 2,
        words[..<index].allSatisfy({
          ["public", "internal", "private", "package", "@testable", "@preconcurrency"].contains($0)
        })
      else { return nil }
      return String(words[index + 1].split(separator: ".")[0])
    }
  }
}
