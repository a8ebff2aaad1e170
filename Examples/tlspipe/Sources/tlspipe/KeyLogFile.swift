import SansIOTLSTransports

/// A file in the NSS key log format, which several connections may append to at once.
struct KeyLogFile: ~Copyable {
  private let name: NamedFile
  private let file: OutputFile
  private(set) var isBroken = false

  /// - Throws: `ExitCode` after reporting that the file cannot be opened.
  init(_ path: String) throws {
    name = NamedFile("--keylog", path)
    file = try OutputFile(name, .append, isSecret: true)
  }

  /// Appends a line in one call, so that the lines of several processes do not mix.
  mutating func append(_ line: String) {
    if isBroken { return }
    do throws(TransportError) {
      try file.write(Array((line + "\n").utf8))
    } catch {
      // The connection continues without the file, and the exit code reports that it is incomplete.
      isBroken = true
      StandardError.say(
        "\(name): cannot write it: \(NamedFile.reason(error.number)); it lacks secrets of this connection")
    }
  }
}
