import Foundation

/// The object of one source file, as the build of these tests left it.
struct ObjectFile {
  let name: String
  private let bytes: Data

  /// The objects of a module; they lie beside the program that runs the tests.
  static func all(of module: String) throws -> [ObjectFile] {
    let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    let folder = program.deletingLastPathComponent().appendingPathComponent("\(module).build")
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".o") }.sorted().map {
      ObjectFile(name: "\(module)/\($0)", bytes: try Data(contentsOf: folder.appendingPathComponent($0)))
    }
  }

  func mentions(_ symbol: String) -> Bool { bytes.range(of: Data(symbol.utf8)) != nil }
}
