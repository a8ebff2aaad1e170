import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Standard error, for messages: standard output may be data.
enum StandardError {
  private static let hasLost = Atomic(false)

  /// Whether a write failed, for example because the disk is full.
  static var isIncomplete: Bool { hasLost.load(ordering: .relaxed) }

  /// Writes a line after the program's name.
  static func say(_ line: String) { write("tlspipe: \(line)\n") }

  /// Writes text unchanged.
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
