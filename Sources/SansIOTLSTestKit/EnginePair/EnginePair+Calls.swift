public import SansIOTLS

/// The calls of one engine, noted in the log and on the tape.
extension EnginePair {
  /// Feeds one side, past the link.
  ///
  /// - Parameters:
  ///   - bytes: ciphertext.
  ///   - side: the side that is fed.
  /// - Returns: how many bytes it accepted.
  /// - Throws: the engine's ``TLSError``.
  @discardableResult
  public mutating func feed(_ bytes: [UInt8], to side: TLSRole) throws(TLSError) -> Int {
    try call(.feed(bytes), at: side, Tape.Outcome.accepted) { (engine) throws(TLSError) in try engine.feed(bytes) }
  }

  /// Tells one side that its transport ended, past the link.
  ///
  /// - Parameter side: the side that is told.
  public mutating func feedEOF(to side: TLSRole) {
    call(.feedEOF, at: side, { Tape.Outcome.step("done") }) { (engine) throws(Never) in engine.feedEOF() }
  }

  /// Drains one side, past the link: what is drained here does not arrive by itself.
  ///
  /// - Parameter side: the side that is drained.
  /// - Returns: its ciphertext.
  public mutating func drain(from side: TLSRole) -> [UInt8] {
    if self[side].pendingOutputByteCount == 0 { return [] }
    return call(.drain, at: side, Tape.Outcome.bytes) { (engine) throws(Never) in engine.drain() }
  }

  /// Writes at one side.
  ///
  /// - Parameters:
  ///   - plaintext: bytes to send.
  ///   - side: the side that writes.
  /// - Returns: the engine's step.
  /// - Throws: the engine's ``TLSError``.
  public mutating func write(_ plaintext: ArraySlice<UInt8>, from side: TLSRole) throws(TLSError) -> TLSEngine.Step<Int>
  {
    try call(.write(Array(plaintext)), at: side, Tape.Outcome.init) { (engine) throws(TLSError) in
      try engine.write(plaintext)
    }
  }

  /// Reads at one side.
  ///
  /// - Parameters:
  ///   - side: the side that reads.
  ///   - count: bytes at most.
  /// - Returns: the engine's step.
  /// - Throws: the engine's ``TLSError``.
  public mutating func read(at side: TLSRole, upTo count: Int = 65_536) throws(TLSError) -> TLSEngine.Step<[UInt8]> {
    try call(.read(upTo: count), at: side, Tape.Outcome.init) { (engine) throws(TLSError) in
      try engine.read(upTo: count)
    }
  }

  /// Closes one side's direction: its close_notify is there to be drained.
  ///
  /// - Parameter side: the side that closes.
  /// - Returns: the engine's step.
  /// - Throws: the engine's ``TLSError``.
  @discardableResult
  public mutating func close(from side: TLSRole) throws(TLSError) -> TLSEngine.Step<Void> {
    try call(.close, at: side, Tape.Outcome.init) { (engine) throws(TLSError) in try engine.close() }
  }

  /// Ends one side's transport without close_notify, as when its process dies: what it has written so far still arrives,
  /// then the other side sees the end.
  ///
  /// - Parameter side: the side whose transport ends.
  public mutating func cut(from side: TLSRole) {
    link.send(drain(from: side), from: side)
    link.end(from: side)
  }

  /// Changes one side's sending keys.
  ///
  /// - Parameters:
  ///   - side: the side whose keys change.
  ///   - requestingPeer: whether the peer is asked to change its own too.
  /// - Returns: the engine's step.
  /// - Throws: the engine's ``TLSError``.
  @discardableResult
  public mutating func keyUpdate(from side: TLSRole, requestingPeer: Bool) throws(TLSError) -> TLSEngine.Step<Void> {
    try call(.keyUpdate(requestingPeer: requestingPeer), at: side, Tape.Outcome.init) { (engine) throws(TLSError) in
      try engine.keyUpdate(requestingPeer: requestingPeer)
    }
  }

  /// Answers the question that one side asks.
  ///
  /// - Parameters:
  ///   - answer: the answer.
  ///   - side: the side that asks.
  /// - Throws: the engine's ``TLSError``.
  public mutating func answer(_ answer: TLSEngine.Answer, at side: TLSRole) throws(TLSError) {
    try call(.answer(Tape.Reply(answer)), at: side, { Tape.Outcome.step("done") }) { (engine) throws(TLSError) in
      try engine.answer(answer)
    }
  }

  /// Takes what was fed to one side behind its peer's end.
  ///
  /// - Parameter side: the side.
  /// - Returns: the bytes.
  public mutating func takeTrailingInput(at side: TLSRole) -> [UInt8] {
    call(.takeTrailingInput, at: side, Tape.Outcome.bytes) { (engine) throws(Never) in engine.takeTrailingInput() }
  }

  /// Lets one side hibernate.
  ///
  /// - Parameter side: the side.
  /// - Returns: whether it does.
  @discardableResult
  public mutating func hibernate(_ side: TLSRole) -> Bool {
    call(.hibernate, at: side, { Tape.Outcome.step($0 ? "done" : "refused") }) { (engine) throws(Never) in
      engine.hibernate()
    }
  }

  /// Makes a call of a tape.
  mutating func perform(
    _ call: Tape.Call, at side: TLSRole, serving context: (TLSEngine.ClientHello?) -> TLSContext?
  ) -> Tape.Outcome {
    do throws(TLSError) {
      switch call {
      case .feed(let bytes): return .accepted(try feed(bytes, to: side))
      case .feedEOF: feedEOF(to: side)
      case .drain: return .bytes(drain(from: side))
      case .write(let bytes): return Tape.Outcome(try write(bytes[...], from: side))
      case .read(let count): return Tape.Outcome(try read(at: side, upTo: count))
      case .close: return Tape.Outcome(try close(from: side))
      case .keyUpdate(let requestingPeer):
        return Tape.Outcome(try keyUpdate(from: side, requestingPeer: requestingPeer))
      case .answer(let reply): try answer(reply.answer { context(askedClientHello(at: side)) }, at: side)
      case .takeTrailingInput: return .bytes(takeTrailingInput(at: side))
      case .hibernate: return .step(hibernate(side) ? "done" : "refused")
      }
      return .step("done")
    } catch {
      return Tape.Outcome(error)
    }
  }

  private func askedClientHello(at side: TLSRole) -> TLSEngine.ClientHello? {
    if case .clientHello(let hello)? = self[side].question { return hello }
    return nil
  }

  /// Calls one engine, then notes what it tapped and what came of the call.
  @discardableResult
  private mutating func call<Result, Failure: Error>(
    _ call: @autoclosure () -> Tape.Call, at side: TLSRole, _ outcome: (Result) -> Tape.Outcome,
    _ body: (inout TLSEngine) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    do throws(Failure) {
      let result = try body(&self[side])
      note(call(), at: side, outcome(result))
      return result
    } catch {
      note(call(), at: side, Tape.Outcome(error))
      throw error
    }
  }

  private mutating func note(
    _ call: @autoclosure () -> Tape.Call, at side: TLSRole, _ outcome: @autoclosure () -> Tape.Outcome
  ) {
    log.note(side, &self[side])
    if log.isTaping { log.record(Tape.Entry(side: side, call: call(), outcome: outcome())) }
  }
}

extension Tape.Outcome {
  init(_ step: TLSEngine.Step<Int>) {
    if case .done(let count) = step { self = .accepted(count) } else { self = .step("\(step)") }
  }

  init(_ step: TLSEngine.Step<[UInt8]>) {
    if case .done(let bytes) = step { self = .bytes(bytes) } else { self = .step("\(step)") }
  }

  init(_ step: TLSEngine.Step<Void>) { if case .done = step { self = .step("done") } else { self = .step("\(step)") } }

  /// The whole description on one line: a replay has to come to the very same failure.
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
    // Without a context to use, going on with the engine's own shows as a difference.
    case .use: context().map(TLSEngine.Answer.use) ?? .proceed
    }
  }
}
