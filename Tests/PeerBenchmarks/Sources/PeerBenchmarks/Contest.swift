/// A comparison of two peers with the same work in short alternating turns. Each ratio is that of two adjacent turns,
/// so that other load affects both.
struct Contest {
  private static let turns = 31

  /// The printed name.
  let name: String
  let ours: () throws -> Void
  let theirs: () throws -> Void

  /// Prints the median ratio of their times and its quartiles.
  func run() throws {
    // The first turns warm up caches and allocators.
    try ours()
    try theirs()
    let ratios = try (0..<Self.turns).map { turn in
      // Neither is always first.
      if turn.isMultiple(of: 2) {
        let first = try Self.time(ours)
        return first / (try Self.time(theirs))
      }
      let first = try Self.time(theirs)
      return try Self.time(ours) / first
    }.sorted()
    let (quarter, half, threeQuarters) = (
      ratios[Self.turns / 4], ratios[Self.turns / 2], ratios[Self.turns * 3 / 4]
    )
    print(
      "\(name) / swift-nio-ssl, time: \(half.hundredths)"
        + " (quartiles \(quarter.hundredths) to \(threeQuarters.hundredths), \(Self.turns) pairs of turns)")
  }

  /// Returns the duration of `body` in seconds.
  private static func time(_ body: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(body) / .seconds(1)
  }
}

extension Double {
  /// Formats a number with two decimals.
  var hundredths: String {
    let hundredths = Int((self * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }
}
