import CCounters

/// Heap allocations per repetition in a connection's steady state, separately for libcrypto and Swift.
struct Allocations {
  /// Prints a row per scenario.
  ///
  /// - Returns: whether Swift allocated nothing in a steady state.
  func run(_ credentials: Credentials) throws -> Bool {
    let repetitions = 1000
    var table = Table(["scenario", "libssl in C", "libssl in Swift", "Swift", "bar", "result"])
    var isKept = true
    for scenario in Scenario.steady {
      let counts = try Contestant.allCases.map { try count($0.loop(for: scenario, credentials), repetitions) }
      let isZero = counts[1].other == 0
      isKept = isKept && isZero
      table.append([
        scenario.name, perRepetition(counts[0].library, repetitions), perRepetition(counts[1].library, repetitions),
        perRepetition(counts[1].other, repetitions), "0", isZero ? "ok" : "ABOVE",
      ])
    }
    for scenario in Scenario.all {
      guard case .handshake = scenario.work else { continue }
      let counts = try Contestant.allCases.map { try count($0.loop(for: scenario, credentials), 20) }
      // A handshake always allocates: zero would mean that the counter does not work.
      guard counts.allSatisfy({ $0.library > 0 }), counts[1].other > 0 else {
        throw Failure("allocations pass the counter by")
      }
      table.append([
        scenario.name, perRepetition(counts[0].library, 20), perRepetition(counts[1].library, 20),
        perRepetition(counts[1].other, 20), "", "",
      ])
    }
    print("Heap allocations per repetition")
    table.print()
    return isKept
  }

  private func count(_ loop: any Loop, _ repetitions: Int) throws -> counters_allocations {
    try loop.run(10)
    counters_allocations_start()
    defer { _ = counters_allocations_stop() }
    try loop.run(repetitions)
    return counters_allocations_stop()
  }

  private func perRepetition(_ count: Int, _ repetitions: Int) -> String {
    (Double(count) / Double(repetitions)).fixed(2)
  }
}
