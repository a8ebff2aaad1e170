import SansIOTLSTestKit

/// A law did not hold. It says all that is needed to see it again.
struct Violation: Error, CustomStringConvertible {
  let law: String
  let scenario: Scenario
  /// The ladder, the needs, the failures; empty before there was a pair.
  let report: String

  var description: String {
    "\(law)\n\(scenario)\n\(report)replay: SIMULATION_SEED=\(scenario.seed) swift test --filter SimulationTests"
  }
}
