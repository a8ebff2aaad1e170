import SansIOTLSTransports

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A line on the terminal that is redrawn as bytes move.
struct ProgressBar {
  private static let width = 30
  private static let interval = Duration.milliseconds(100)

  private let isShown: Bool
  /// The expected number of bytes; `nil` if unknown.
  private let total: Int?
  private let start = ContinuousClock.now
  private var drawn = ContinuousClock.now
  private var isDrawn = false

  /// - Parameters:
  ///   - isWanted: whether to show the bar; it also requires that standard error is a terminal.
  ///   - total: the expected number of bytes; `nil` if unknown.
  init(isWanted: Bool, total: Int?) {
    isShown = isWanted && StandardError.isTerminal
    self.total = total
  }

  /// Erases the line.
  func erase() {
    if isDrawn { StandardError.write("\r\u{1b}[K") }
  }

  /// Redraws the line at most ten times a second.
  /// - Parameter count: the number of plaintext bytes moved.
  mutating func update(_ count: Int) {
    guard isShown else { return }
    let now = ContinuousClock.now
    guard now - drawn >= Self.interval else { return }
    drawn = now
    isDrawn = true
    StandardError.write("\r\u{1b}[K" + text(count, after: now - start))
  }

  private func text(_ count: Int, after duration: Duration) -> String {
    let rate = "\(Quantity.bytes(count)), \(Quantity.rate(count, duration))"
    guard let total, total > 0 else { return rate }
    let share = min(Double(count) / Double(total), 1)
    let filled = Int(share * Double(Self.width))
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
    return "[\(bar)] \(Int(share * 100)) %, \(rate)"
  }

  /// The size of a regular file by its descriptor; `nil` for anything else.
  static func size(of descriptor: Int32) -> Int? {
    var status = stat()
    // Sound: `status` is valid during the call.
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }
}
