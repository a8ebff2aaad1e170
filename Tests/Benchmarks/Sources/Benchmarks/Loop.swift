/// One of the two compared loops.
protocol Loop {
  /// Repeats the scenario's work `count` times.
  func run(_ count: Int) throws
}

/// The choice of a loop.
enum Contestant: String, CaseIterable {
  case c
  case swift

  /// Creates the contexts and, except for handshakes, a connected pair, so that `run` does only the scenario's work.
  func loop(
    for scenario: Scenario, _ credentials: Credentials, _ library: Libraries.Library = .default
  ) throws -> any Loop {
    switch self {
    case .c: try ReferenceLoop(scenario, credentials)
    case .swift:
      try EngineLoop(scenario, EngineContexts(scenario.version, credentials, library: library.context()))
    }
  }
}

/// An error that ends a benchmark.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
