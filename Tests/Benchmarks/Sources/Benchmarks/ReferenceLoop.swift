import CReference

/// The loop in C.
/// Pointer: the pair is created and freed here, and does not escape.
@safe
final class ReferenceLoop: Loop {
  private let scenario: Scenario
  private let contexts: ReferenceContexts
  private var pair: OpaquePointer?

  init(_ scenario: Scenario, _ credentials: Credentials) throws {
    self.scenario = scenario
    contexts = try ReferenceContexts(scenario.version, credentials)
    if case .handshake = scenario.work { return }
    if case .resumedHandshake = scenario.work { return }
    unsafe pair = reference_pair_new(contexts.pointer)
    if unsafe pair == nil { throw Failure("the reference cannot connect") }
  }

  deinit { unsafe reference_pair_free(pair) }

  func run(_ count: Int) throws {
    let succeeded =
      switch scenario.work {
      case .handshake: unsafe reference_handshakes(contexts.pointer, count)
      case .resumedHandshake: unsafe reference_resumed_handshakes(contexts.pointer, count)
      case .message(let bytes): unsafe reference_messages(pair, bytes, count)
      case .roundTrip(let bytes): unsafe reference_round_trips(pair, bytes, count)
      }
    if !succeeded { throw Failure("the reference failed in \(scenario.name)") }
  }
}
