internal import SansIOTLS

/// Conversions of an engine's results and answers for a tape.
extension Tape.Outcome {
  init(_ step: TLSEngine.Step<Int>) {
    if case .done(let count) = step { self = .accepted(count) } else { self = .step("\(step)") }
  }

  init(_ step: TLSEngine.Step<[UInt8]>) {
    if case .done(let bytes) = step { self = .bytes(bytes) } else { self = .step("\(step)") }
  }

  init(_ step: TLSEngine.Step<Void>) { if case .done = step { self = .step("done") } else { self = .step("\(step)") } }

  /// The whole description on one line: a replay has to end with exactly the same failure.
  init(_ error: any Error) {
    self = .threw("\(error)".split(whereSeparator: \.isNewline).joined(separator: " "))
  }
}

extension Tape.Reply {
  init(_ answer: TLSEngine.Answer) {
    self =
      switch answer {
      case .proceed: .proceed
      case .accept: .accept
      case .reject(let alert): .reject(alert)
      case .use: .use
      }
  }

  func answer(_ context: () -> TLSContext?) -> TLSEngine.Answer {
    switch self {
    case .proceed: .proceed
    case .accept: .accept
    case .reject(let alert): .reject(alert)
    // Without a context to use, continuing with the engine's own shows as a difference.
    case .use: context().map(TLSEngine.Answer.use) ?? .proceed
    }
  }
}
