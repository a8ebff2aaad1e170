import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Where the program talks to people: standard output may be data.
enum StandardError {
  private static let hasLost = Atomic(false)

  /// Whether something was not written, because the disk is full for example.
  static var isIncomplete: Bool { hasLost.load(ordering: .relaxed) }

  /// Writes a line with the program's name in front.
  static func say(_ line: String) { write("tlspipe: \(line)\n") }

  /// Writes text as it is.
  ///
  /// - Returns: whether all of it was written.
  @discardableResult
  static func write(_ text: String) -> Bool {
    let isWritten = TextOutput.write(text, to: STDERR_FILENO)
    if !isWritten { hasLost.store(true, ordering: .relaxed) }
    return isWritten
  }

  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}
