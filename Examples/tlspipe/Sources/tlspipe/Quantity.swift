/// Numbers as people read them, without Foundation.
enum Quantity {
  /// For example `12.3 MB` (decimal prefixes).
  static func bytes(_ count: Int) -> String {
    var value = Double(count)
    var prefixes = ["", "k", "M", "G", "T"][...]
    while value >= 1000, prefixes.count > 1 {
      value /= 1000
      prefixes = prefixes.dropFirst()
    }
    return prefixes.startIndex == 0 ? "\(count) B" : "\(oneDigit(value)) \(prefixes.first!)B"
  }

  /// For example `310.5 MB/s`.
  static func rate(_ count: Int, _ duration: Duration) -> String {
    "\(bytes(Int(Double(count) / max(duration / .seconds(1), 1e-9))))/s"
  }

  /// For example `0.4 s`, below a second `412.0 ms`.
  static func time(_ duration: Duration) -> String {
    let seconds = duration / .seconds(1)
    return seconds < 1 ? "\(oneDigit(seconds * 1000)) ms" : "\(oneDigit(seconds)) s"
  }

  private static func oneDigit(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
