import CCounters
import SansIOTLS

/// Full handshakes of engines in the lean library beside the default one: the CPU time in alternating turns, and
/// valgrind's count of instructions.
struct Libraries {
  /// The path of this program, for the runs under valgrind.
  let executable: String
  let rounds: Int
  /// The least acceptable ratio of handshakes for the same time, with a libcrypto before 3.2, which looks for decoders
  /// again for each certificate.
  private let bar = 1.05
  private let count = 40

  enum Library: String, CaseIterable {
    case `default`
    case lean

    func context() throws(TLSError) -> TLSLibraryContext { self == .lean ? try .lean() : .default }
  }

  /// Prints a row per version.
  func run(_ credentials: Credentials) throws {
    var table = Table(["handshakes", "default", "lean", "ratio", "scatter", "bar", "result", "instructions"])
    for scenario in Scenario.all.prefix(2) {
      let loops = try Library.allCases.map { library in
        try EngineLoop(
          scenario, EngineContexts(scenario.version, credentials, library: library.context()))
      }
      for loop in loops { try loop.run(10) }
      let turns = try (0..<rounds).map { round in
        var times: [Int64] = [0, 0]
        for index in round.isMultiple(of: 2) ? [0, 1] : [1, 0] {
          let start = counters_thread_cpu_time()
          try loops[index].run(count)
          times[index] = counters_thread_cpu_time() - start
        }
        return times
      }
      let ratios = turns.map { Double($0[0]) / Double($0[1]) }.sorted()
      let rates = (0..<2).map { index in
        scenario.rate(perSecond: Double(count) * 1e9 / turns.map { Double($0[index]) }.sorted().median)
      }
      let instructions = Library.allCases.map { instructionCount(scenario, $0) }
      let saved = 1 - instructions[1] / instructions[0]
      table.append([
        "\(scenario.version)", rates[0], rates[1], ratios.median.fixed(3),
        "\(ratios[0].fixed(3))…\(ratios[rounds - 1].fixed(3))", ">= \(bar.fixed(2))",
        ratios.median >= bar ? "ok" : "BELOW", saved.isFinite ? "\((100 * saved).fixed(1)) % fewer" : "",
      ])
    }
    print("The lean library beside the default one, \(rounds) rounds of \(count) full handshakes each")
    table.print()
  }

  /// The instructions of a handshake; 0 without valgrind.
  private func instructionCount(_ scenario: Scenario, _ library: Library) -> Double {
    let totals = [20, 40].map { count in
      unsafe counters_callgrind(
        """
        valgrind --tool=callgrind --callgrind-out-file=/dev/null '\(executable)' \
        --callgrind-scenario \(scenario.name) --engine swift --library \(library.rawValue) --count \(count) 2>&1
        """)
    }
    return totals.contains(-1) ? 0 : Double(totals[1] - totals[0]) / 20
  }
}
