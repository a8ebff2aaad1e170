/// One of the two that are compared.
protocol Loop {
  /// Does the scenario's work `count` times.
  func run(_ count: Int) throws
}

/// Which of the two.
enum Contestant: String, CaseIterable {
  case c
  case swift

  /// Contexts made, and for all but handshakes a pair connected, so that `run` does nothing else than its work.
  func loop(for scenario: Scenario, _ credentials: Credentials) throws -> any Loop {
    switch self {
    case .c: try ReferenceLoop(scenario, credentials)
    case .swift: try EngineLoop(scenario, credentials)
    }
  }
}

/// Something that must not happen in a benchmark, in words.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
