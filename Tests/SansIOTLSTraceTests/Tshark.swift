import Foundation

/// Wireshark without its windows.
enum Tshark {
  /// Where it lies; `nil` if it is not installed.
  private static let path: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .map { "\($0)/tshark" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  static var isInstalled: Bool { path != nil }

  /// What it says about a file.
  ///
  /// - Parameters:
  ///   - bytes: the file. It is all that is known: no key log, no preferences.
  ///   - arguments: see `tshark(1)`.
  /// - Returns: its standard output, line by line.
  static func read(_ bytes: [UInt8], _ arguments: String...) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("capture-\(UUID())")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("connection.pcapng")
    try Data(bytes).write(to: file)
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: path!)
    process.arguments = ["-n", "-r", file.path] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(["WIRESHARK_CONFIG_DIR": folder.path]) { $1 }
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus) }
    return text.split(separator: "\n").map(String.init)
  }

  /// It could not read the file, or not to its end.
  struct Failure: Error {
    let status: Int32
  }
}
