import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Thousands of conversations, each generated from a seed, with the laws of the engine verified at every call.
///
/// A failure names its seed; `SIMULATION_SEED=… swift test --filter SimulationTests` runs that conversation alone.
/// `SIMULATION_SEEDS=100000 swift test -c release --filter SimulationTests` runs as many, and prints the rate per
/// second.
struct SimulationTests {
  /// One after another, in each test: the tests run beside each other.
  private func run(_ count: UInt64, _ draw: (UInt64) -> Scenario) throws -> [Simulation.Outcome] {
    try (1...count).map { try Simulation.run(draw($0)) }
  }

  @Test(.enabled(if: Campaign.isQuick))
  func `with a carrier that only moves bytes nothing fails and all data arrives`() throws {
    let outcomes = try run(150) { Scenario(seed: $0, carrier: .direct, isObstructed: false) }
    #expect(outcomes.allSatisfy { $0.isComplete })
    #expect(outcomes.contains { $0.isResumed })
  }

  @Test(.enabled(if: Campaign.isQuick))
  func `with a carrier that splits, joins, delays and stalls nothing fails and all data arrives`() throws {
    let outcomes = try run(200) { Scenario(seed: $0, carrier: .harmless, isObstructed: false) }
    #expect(outcomes.allSatisfy { $0.isComplete })
  }

  @Test(.enabled(if: Campaign.isQuick), arguments: [Scenario.Carrier.corrupting, .truncating, .halfClosing])
  func `with a carrier that damages the stream all data arrives in order, or an error states the reason`(
    carrier: Scenario.Carrier
  ) throws {
    let outcomes = try run(125) { Scenario(seed: $0, carrier: carrier, isObstructed: false) }
    // Some get through and some do not, or nothing was tested.
    #expect(outcomes.contains { $0.isComplete })
    #expect(outcomes.contains { !$0.isComplete })
  }

  @Test(.enabled(if: Campaign.isQuick))
  func `a side that refuses states the reason, and its peer receives the alert`() throws {
    let outcomes = try run(200) { Scenario(seed: $0, carrier: .harmless, isObstructed: true) }
    let codes = outcomes.reduce(into: Set<String>()) { $0.formUnion($1.codes) }
    #expect(
      codes.isSuperset(of: ["certificateRejected", "peerIncompatible", "rejected", "alertReceived", "truncated"]))
  }

  @Test(.enabled(if: Campaign.isQuick))
  func `the laws hold for any seed`() throws {
    _ = try run(200) { Scenario(seed: 10_000 + $0) }
  }

  @Test(.enabled(if: Campaign.isQuick))
  func `one seed is one conversation, byte for byte`() throws {
    for seed in UInt64(1)...25 {
      let first = try Simulation.run(Scenario(seed: seed), isDigested: true)
      #expect(try Simulation.run(Scenario(seed: seed), isDigested: true) == first, "seed \(seed)")
    }
  }

  @Test(.enabled(if: Campaign.seed != nil))
  func `the seed of the environment`() throws {
    let scenario = Scenario(
      seed: try #require(Campaign.seed), carrier: Campaign.carrier, isObstructed: Campaign.isObstructed)
    print(scenario)
    print(try Simulation.run(scenario))
  }

  @Test(.enabled(if: Campaign.count != nil))
  func `the long run of the environment`() async throws {
    try await Campaign.run(try #require(Campaign.count))
  }
}
