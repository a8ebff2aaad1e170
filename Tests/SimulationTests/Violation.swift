import SansIOTLSTestKit

/// A law was violated. The description contains all that is needed to reproduce it.
struct Violation: Error, CustomStringConvertible {
  let law: String
  let scenario: Scenario
  /// The ladder, the needs, the failures; empty before there was a pair.
  let report: String

  var description: String {
    "\(law)\n\(scenario)\n\(report)replay: SIMULATION_SEED=\(scenario.seed) swift test --filter SimulationTests"
  }
}
