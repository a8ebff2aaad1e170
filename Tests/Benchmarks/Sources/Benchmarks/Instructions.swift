import CCounters

/// The instructions of both loops: the processor's count if the kernel provides it, otherwise valgrind's. With valgrind
/// each figure is the difference between a run of 2N repetitions and one of N, which excludes start-up, contexts and
/// the scenario's own handshakes. The same by hand:
/// ```
/// valgrind --tool=callgrind Benchmarks --callgrind-scenario message-4k --engine swift --count 1000
/// callgrind_annotate callgrind.out.*
/// ```
struct Instructions {
  /// The path of this program, for the runs under valgrind.
  let executable: String

  /// Prints a row per scenario.
  ///
  /// - Returns: whether every bar was met.
  func run(_ scenarios: [Scenario], _ credentials: Credentials) throws -> Bool {
    let hasCounter = counters_instructions_open()
    var table = Table(["scenario", "C", "Swift", "ratio", "bar", "result"])
    var isKept = true
    for scenario in scenarios {
      let counts = try Contestant.allCases.map { contestant in
        hasCounter
          ? try counted(scenario, contestant, credentials) : try byValgrind(scenario, contestant)
      }
      guard let reference = counts[0], let engine = counts[1] else {
        print("instructions: not available (neither a processor's counter nor valgrind)")
        return true
      }
      let ratio = engine / reference
      let isMet = scenario.instructionBar.map { ratio <= $0 }
      isKept = isKept && isMet != false
      table.append([
        scenario.name, reference.fixed(0), engine.fixed(0), ratio.fixed(3),
        scenario.instructionBar.map { "<= \($0.fixed(2))" } ?? "", isMet.map { $0 ? "ok" : "ABOVE" } ?? "",
      ])
    }
    print("Instructions per repetition, by \(hasCounter ? "the processor's counter" : "valgrind")")
    table.print()
    return isKept
  }

  private func counted(_ scenario: Scenario, _ contestant: Contestant, _ credentials: Credentials) throws -> Double? {
    let loop = try contestant.loop(for: scenario, credentials)
    try loop.run(10)
    let start = counters_instructions_read()
    try loop.run(scenario.instructionCount)
    return Double(counters_instructions_read() - start) / Double(scenario.instructionCount)
  }

  private func byValgrind(_ scenario: Scenario, _ contestant: Contestant) throws -> Double? {
    let count = scenario.instructionCount
    let totals = [count, 2 * count].map { count in
      unsafe counters_callgrind(
        """
        valgrind --tool=callgrind --callgrind-out-file=/dev/null '\(executable)' \
        --callgrind-scenario \(scenario.name) --engine \(contestant.rawValue) --count \(count) 2>&1
        """)
    }
    return totals.contains(-1) ? nil : Double(totals[1] - totals[0]) / Double(count)
  }
}
