import Foundation
import Testing

/// The runs that the environment requests in addition to the quick set.
enum Campaign {
  private static func variable(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

  /// `SIMULATION_SEED`: this conversation alone.
  static let seed = variable("SIMULATION_SEED").flatMap { UInt64($0) }
  /// `SIMULATION_CARRIER` and `SIMULATION_OBSTRUCTED` (0 or 1): as given by the test that failed.
  static let carrier = variable("SIMULATION_CARRIER").flatMap { Scenario.Carrier(rawValue: $0) }
  static let isObstructed = variable("SIMULATION_OBSTRUCTED").map { $0 == "1" }
  /// `SIMULATION_SEEDS`: so many conversations.
  static let count = variable("SIMULATION_SEEDS").flatMap { UInt64($0) }
  static let isQuick = seed == nil && count == nil

  private actor Ledger {
    private var done: UInt64 = 0
    private var complete: UInt64 = 0
    private var codes: [String: Int] = [:]
    private let start = ContinuousClock.now

    func add(_ outcomes: [Simulation.Outcome]) {
      done += UInt64(outcomes.count)
      for outcome in outcomes {
        if outcome.isComplete { complete += 1 }
        for code in outcome.codes { codes[code, default: 0] += 1 }
      }
      if done % 10_000 == 0 { print(line) }
    }

    var line: String {
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let ends = codes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      return "\(done) seeds, \(Int(Double(done) / seconds)) seeds/s, \(complete) complete; \(ends)"
    }
  }

  /// Runs the seeds 1 to `count` on all processors.
  ///
  /// - Throws: the first ``Violation``, which names its seed.
  static func run(_ count: UInt64) async throws {
    let ledger = Ledger()
    let share: UInt64 = 100
    try await withThrowingTaskGroup(of: Void.self) { group in
      var next: UInt64 = 1
      func begin() {
        guard next <= count else { return }
        let seeds = next...min(next + share - 1, count)
        next += share
        group.addTask { await ledger.add(try seeds.map { try Simulation.run(Scenario(seed: $0)) }) }
      }
      for _ in 0..<ProcessInfo.processInfo.activeProcessorCount { begin() }
      while try await group.next() != nil { begin() }
    }
    print("done: \(await ledger.line)")
  }
}
