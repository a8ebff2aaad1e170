import Foundation
import Testing

/// The page Contributing says what `.ci/run` does.
struct ContributingTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
  }

  @Test
  func `the steps of CI are those of its table`() throws {
    let script = try text(".ci/run")
    let steps = try ["first", "apart", "together"].flatMap { name in
      let start = try #require(script.range(of: "\n\(name)='")).upperBound
      return script[start...].prefix { $0 != "'" }.split { " \n".contains($0) }.map(String.init)
    }
    let rows = try text("Sources/SansIOTLS/SansIOTLS.docc/Guides/Contributing.md").components(separatedBy: "\n").filter
    {
      $0.hasPrefix("| `")
    }
    let listed = rows.flatMap { row in
      row.split(separator: "|")[0].split(separator: "`").filter { $0.contains { $0 != " " } }.map(String.init)
    }
    #expect(steps == listed)
    #expect(steps.count > 10)
    for step in steps { #expect(script.contains("\nstep_\(step)() {"), "\(step)") }
  }
}
