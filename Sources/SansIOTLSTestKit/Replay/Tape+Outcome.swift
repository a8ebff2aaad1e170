internal import SansIOTLS

/// Conversions of an engine's results and answers for a tape.
extension Tape.Outcome {
  init(_ step: TLSEngine.WriteStep) {
    if case .done(let count) = step { self = .accepted(count) } else { self = .step("\(step)") }
  }

  init(_ step: TLSEngine.ReadStep<[UInt8]>) {
    if case .done(let bytes) = step { self = .bytes(bytes) } else { self = .step("\(step)") }
  }

  init(_ step: TLSEngine.EarlyWriteStep) {
    if case .done(let count) = step { self = .accepted(count) } else { self = .step("\(step)") }
  }

  init(_ step: TLSEngine.EarlyReadStep<[UInt8]>) {
    if case .done(let bytes) = step { self = .bytes(bytes) } else { self = .step("\(step)") }
  }

  init(_ step: TLSEngine.HandshakeStep) { self = .step("\(step)") }

  /// The whole description on one line: a replay has to end with exactly the same failure.
  init(_ error: any Error) {
    self = .threw("\(error)".split(whereSeparator: \.isNewline).joined(separator: " "))
  }
}

extension Tape.Reply {
  init(_ answer: TLSEngine.ClientHello.Answer) {
    let identities = answer.preSharedKeys.map(\.identity)
    self =
      switch (answer.kind, answer.acceptsEarlyData) {
      case (.serve, let accepts) where !identities.isEmpty:
        .serveAcceptingKeys(of: identities, byOther: false, acceptsEarlyData: accepts)
      case (.serveWith, let accepts) where !identities.isEmpty:
        .serveAcceptingKeys(of: identities, byOther: true, acceptsEarlyData: accepts)
      case (.serve, nil): .serve
      case (.serveWith, nil): .serveOther
      case (.serve, let accepts?): .serveDecidingEarlyData(byOther: false, accepts: accepts)
      case (.serveWith, let accepts?): .serveDecidingEarlyData(byOther: true, accepts: accepts)
      case (.refuse(let alert), _): .refuse(alert)
      }
  }

  init(_ answer: TLSEngine.PeerCertificates.Answer) {
    self =
      switch answer.kind {
      case .followVerification: .followVerification
      case .trust: .trust
      case .distrust(let alert): .distrust(alert)
      }
  }

  init(_ answer: TLSEngine.CertificateRequest.Answer) {
    self =
      switch answer.kind {
      case .present: .presentOther
      case .presentConfigured: .presentConfigured
      case .presentNothing: .presentNothing
      }
  }
}
