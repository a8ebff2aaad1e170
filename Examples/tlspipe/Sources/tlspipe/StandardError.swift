#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Where the program talks to people: standard output may be data.
enum StandardError {
  /// Writes a line with the program's name in front.
  static func say(_ line: String) { write("tlspipe: \(line)\n") }

  /// Writes text as it is, in one call, so that two processes do not mix their lines.
  static func write(_ text: String) {
    var text = text
    // Sound: the bytes are lent for the call. What does not fit into a stuck terminal is not worth waiting for.
    text.withUTF8 { bytes in
      #if canImport(Darwin)
        _ = unsafe Darwin.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
      #elseif canImport(Musl)
        _ = unsafe Musl.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
      #else
        _ = unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
      #endif
    }
  }

  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}
