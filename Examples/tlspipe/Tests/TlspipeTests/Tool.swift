import Glibc
import Subprocess

/// The executable, and the result of a run.
enum Tool {
  struct Result: Sendable {
    let exitCode: Int32
    let output: [UInt8]
    let error: String

    var text: String { String(decoding: output, as: UTF8.self) }
    var errorLines: [Substring] { error.split(separator: "\n") }
  }

  /// The path of the executable, beside the test bundle, which on Linux is the running program.
  static let path: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    // Sound: readlink(2) writes at most the given length.
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    let own = String(decoding: buffer.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    return own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/tlspipe"
  }()

  /// The folder of the peers' programs, beside this file.
  static let peers =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    .joined(separator: "/") + "/Peers"

  /// Runs tlspipe to its end.
  static func run(_ arguments: [String], input: [UInt8] = []) async throws -> Result {
    try await run(path, arguments, input: input)
  }

  /// Runs a shell command line to its end.
  static func shell(_ text: String, input: [UInt8] = []) async throws -> Result {
    try await run("/bin/sh", ["-c", text], input: input)
  }

  /// Runs a program, found by its path or in PATH, to its end.
  static func run(_ program: String, _ arguments: [String], input: [UInt8] = []) async throws -> Result {
    let result = try await Subprocess.run(
      program.contains("/") ? .path(.init(program)) : .name(program), arguments: Arguments(arguments),
      input: .fileDescriptor(.init(rawValue: unnamedFile(input)), closeAfterSpawningProcess: true),
      output: .bytes(limit: 256 * 1024 * 1024), error: .string(limit: 1024 * 1024))
    return Result(
      exitCode: code(result.terminationStatus), output: result.standardOutput, error: result.standardError)
  }

  /// Creates an unnamed file, to be read from its beginning. A program that exits early leaves no writer with a broken
  /// pipe.
  private static func unnamedFile(_ bytes: [UInt8]) -> Int32 {
    var template = Array("/tmp/tlspipe-input-XXXXXX".utf8CString)
    // Sound: mkstemp(3) changes the NUL-terminated array in place, and the length is that of the array of bytes.
    let descriptor = unsafe mkstemp(&template)
    precondition(descriptor >= 0)
    _ = unsafe unlink(template)
    let count = unsafe write(descriptor, bytes, bytes.count)
    precondition(count == bytes.count)
    lseek(descriptor, 0, SEEK_SET)
    return descriptor
  }

  static func code(_ status: TerminationStatus) -> Int32 {
    switch status {
    case .exited(let code): code
    case .signaled(let signal): 128 + signal
    }
  }
}
