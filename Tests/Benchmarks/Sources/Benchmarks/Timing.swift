import CCounters

/// The CPU time of both loops in one thread, in short alternating turns, so that other load affects both.
struct Timing {
  let rounds: Int
  /// The length of a turn in nanoseconds of CPU time.
  private let turn: Int64 = 20_000_000
  /// The number of turns of each loop in a round.
  private let turns = 8

  /// Prints a row per scenario.
  ///
  /// The ratio is the median of the rounds' ratios; the scatter is their minimum and maximum. A time is an observation
  /// and fails no run.
  func run(_ scenarios: [Scenario], _ credentials: Credentials) throws {
    var table = Table(["scenario", "C", "Swift", "ratio", "scatter", "bar", "result"])
    for scenario in scenarios {
      let count = try repetitions(Contestant.c.loop(for: scenario, credentials))
      let results = try (0..<rounds).map { _ in try round(scenario, credentials, count) }
      let ratios = results.map { Double($0[0]) / Double($0[1]) }.sorted()
      let ratio = ratios.median
      let rates = (0..<2).map { loop in
        let time = results.map { Double($0[loop]) }.sorted().median
        return scenario.rate(perSecond: Double(count * turns) * 1e9 / time)
      }
      table.append([
        scenario.name, rates[0], rates[1], ratio.fixed(3), "\(ratios[0].fixed(3))…\(ratios[rounds - 1].fixed(3))",
        scenario.timeBar.map { ">= \($0.fixed(2))" } ?? "",
        scenario.timeBar.map { ratio >= $0 ? "ok" : "BELOW" } ?? "",
      ])
    }
    print("CPU time, \(rounds) rounds of 2 x \(turns) turns of 20 ms")
    table.print()
  }

  /// Measures each loop's CPU time in a round: C, Swift, Swift, C, …, so that neither is always first. The addresses of
  /// buffers change a bulk rate by a third, for the life of a connection. Therefore each turn has connections of its
  /// own, on a heap with random holes: a round is a mean over layouts.
  private func round(_ scenario: Scenario, _ credentials: Credentials, _ count: Int) throws -> [Int64] {
    var times: [Int64] = [0, 0]
    for turn in 0..<turns {
      let clutter = Self.clutter()
      for contestant in turn.isMultiple(of: 2) ? [0, 1] : [1, 0] {
        let loop = try Contestant.allCases[contestant].loop(for: scenario, credentials)
        _ = try measure(loop, max(1, count / 20))
        times[contestant] += try measure(loop, count)
      }
      withExtendedLifetime(clutter) {}
    }
    return times
  }

  /// Allocates blocks of about the sizes of libssl's buffers, and frees every other one.
  private static func clutter() -> [[UInt8]] {
    var blocks = (0..<32).map { _ in [UInt8](repeating: 0, count: .random(in: 1_000...40_000)) }
    blocks.removeAll { _ in Bool.random() }
    return blocks
  }

  /// Returns the number of the reference's repetitions that fill a turn.
  private func repetitions(_ loop: any Loop) throws -> Int {
    var count = 1
    while true {
      let time = try measure(loop, count)
      if time > turn / 2 { return max(1, Int(Int64(count) * turn / time)) }
      count *= 2
    }
  }

  private func measure(_ loop: any Loop, _ count: Int) throws -> Int64 {
    let start = counters_thread_cpu_time()
    try loop.run(count)
    return counters_thread_cpu_time() - start
  }
}

extension Array<Double> {
  /// Returns the median of a sorted array that is not empty.
  var median: Double { (self[(count - 1) / 2] + self[count / 2]) / 2 }
}
