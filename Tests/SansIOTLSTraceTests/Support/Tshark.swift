import Foundation

/// Wireshark's command-line tool.
enum Tshark {
  static let isInstalled = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/tshark") }

  /// Runs it on a file.
  ///
  /// - Parameters:
  ///   - bytes: The file, without a key log or preferences.
  ///   - arguments: Its arguments, see `tshark(1)`.
  /// - Returns: Its standard output, line by line.
  static func read(_ bytes: [UInt8], _ arguments: String...) throws -> [String] { try read(bytes, arguments) }

  /// Runs it on a file.
  ///
  /// - Parameters:
  ///   - bytes: The file, without a key log or preferences.
  ///   - arguments: Its arguments, see `tshark(1)`.
  /// - Returns: Its standard output, line by line.
  static func read(_ bytes: [UInt8], _ arguments: [String]) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("capture-\(UUID())")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("connection.pcapng")
    try Data(bytes).write(to: file)
    let words = ["env", "WIRESHARK_CONFIG_DIR=\(folder.path)", "tshark", "-n", "-r", file.path] + arguments
    let command = words.map { "'\($0)'" }.joined(separator: " ") + " 2>/dev/null"
    // Not Foundation's Process, in which the leak check finds 32 bytes.
    // "e": programs that other tests start meanwhile do not inherit this end.
    // Sound: the stream is closed once, below, and the buffer is as long as is said.
    guard let stream = unsafe popen(command, "re") else { throw Failure(status: -1) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = unsafe fread(&buffer, 1, buffer.count, stream), count > 0 { text += buffer[..<count] }
    let status = unsafe pclose(stream)
    guard status == 0 else { throw Failure(status: status) }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// The error of a file that it could not read completely.
  struct Failure: Error {
    let status: Int32
  }
}
