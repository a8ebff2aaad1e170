public import SansIOTLS

/// Calls of one engine, recorded in the log and on the tape.
extension EnginePair {
  /// Feeds one side, bypassing the link.
  ///
  /// - Parameters:
  ///   - bytes: The ciphertext.
  ///   - side: The side to feed.
  /// - Returns: The number of bytes that it accepted.
  /// - Throws: The engine's ``/SansIOTLS/TLSError``.
  @discardableResult
  public mutating func feed(_ bytes: [UInt8], to side: TLSRole) throws(TLSError) -> Int {
    try call(.feed(bytes), at: side, Tape.Outcome.accepted) { (engine) throws(TLSError) in try engine.feed(bytes) }
  }

  /// Signals the end of the transport to one side, bypassing the link.
  ///
  /// - Parameter side: The side.
  public mutating func feedEOF(to side: TLSRole) {
    call(.feedEOF, at: side, { Tape.Outcome.step("done") }) { (engine) throws(Never) in engine.feedEOF() }
  }

  /// Drains one side, bypassing the link: the other side does not receive what is drained here.
  ///
  /// - Parameter side: The side to drain.
  /// - Returns: Its ciphertext.
  public mutating func drain(from side: TLSRole) -> [UInt8] {
    if self[side].pendingOutputByteCount == 0 { return [] }
    return call(.drain, at: side, Tape.Outcome.bytes) { (engine) throws(Never) in engine.drain() }
  }

  /// Writes at one side.
  ///
  /// - Parameters:
  ///   - plaintext: The bytes to send.
  ///   - side: The side that writes.
  /// - Returns: The engine's step.
  /// - Throws: The engine's ``/SansIOTLS/TLSError``.
  public mutating func write(_ plaintext: ArraySlice<UInt8>, from side: TLSRole) throws(TLSError) -> TLSEngine.WriteStep
  {
    try call(.write(Array(plaintext)), at: side, Tape.Outcome.init) { (engine) throws(TLSError) in
      try engine.write(plaintext)
    }
  }

  /// Reads at one side.
  ///
  /// - Parameters:
  ///   - side: The side that reads.
  ///   - count: Bytes at most.
  /// - Returns: The engine's step.
  /// - Throws: The engine's ``/SansIOTLS/TLSError``.
  public mutating func read(at side: TLSRole, upTo count: Int = 65_536) throws(TLSError) -> TLSEngine.ReadStep<[UInt8]>
  {
    try call(.read(upTo: count), at: side, Tape.Outcome.init) { (engine) throws(TLSError) in
      try engine.read(upTo: count)
    }
  }

  /// Writes at one side before the handshake is done: a client's early data, or a server's answer to it.
  ///
  /// - Parameters:
  ///   - plaintext: The bytes to send.
  ///   - side: The side that writes.
  /// - Returns: The engine's step.
  /// - Throws: The engine's ``/SansIOTLS/TLSError``.
  public mutating func writeEarly(
    _ plaintext: ArraySlice<UInt8>, from side: TLSRole = .client
  ) throws(TLSError) -> TLSEngine.EarlyWriteStep {
    try call(.writeEarly(Array(plaintext)), at: side, Tape.Outcome.init) { (engine) throws(TLSError) in
      try engine.writeEarly(plaintext)
    }
  }

  /// Reads early data at the server.
  ///
  /// - Parameters:
  ///   - count: Bytes at most.
  ///   - side: The side that reads.
  /// - Returns: The engine's step.
  /// - Throws: The engine's ``/SansIOTLS/TLSError``.
  public mutating func readEarly(
    upTo count: Int = 65_536, at side: TLSRole = .server
  ) throws(TLSError) -> TLSEngine.EarlyReadStep<[UInt8]> {
    try call(.readEarly(upTo: count), at: side, Tape.Outcome.init) { (engine) throws(TLSError) in
      try engine.readEarly(upTo: count)
    }
  }

  /// Closes one side's direction: its close_notify can be drained.
  ///
  /// - Parameter side: The side that closes.
  /// - Returns: The engine's step.
  /// - Throws: The engine's ``/SansIOTLS/TLSError``.
  @discardableResult
  public mutating func close(from side: TLSRole) throws(TLSError) -> TLSEngine.HandshakeStep {
    try call(.close, at: side, Tape.Outcome.init) { (engine) throws(TLSError) in try engine.closeWriting() }
  }

  /// Ends one side's transport without close_notify, as if its process ended: what it has written so far still arrives,
  /// then the other side receives the end.
  ///
  /// - Parameter side: The side whose transport ends.
  public mutating func cut(from side: TLSRole) {
    link.send(drain(from: side), from: side)
    link.end(from: side)
  }

  /// Changes one side's sending keys.
  ///
  /// - Parameters:
  ///   - side: The side whose keys change.
  ///   - requestingPeer: Whether the peer is requested to change its own too.
  /// - Returns: The engine's step.
  /// - Throws: The engine's ``/SansIOTLS/TLSError``.
  @discardableResult
  public mutating func keyUpdate(from side: TLSRole, requestingPeer: Bool) throws(TLSError) -> TLSEngine.HandshakeStep {
    try call(.keyUpdate(requestingPeer: requestingPeer), at: side, Tape.Outcome.init) { (engine) throws(TLSError) in
      try engine.keyUpdate(requestingPeer: requestingPeer)
    }
  }

  /// Reports to one side that its application wrote nothing for a while.
  ///
  /// - Parameter side: The side.
  public mutating func reportIdle(at side: TLSRole) {
    call(.reportIdle, at: side, { Tape.Outcome.step("done") }) { (engine) throws(Never) in engine.reportIdle() }
  }

  /// Requests a certificate of the client after the handshake.
  ///
  /// - Parameter isRequired: Whether a client that presents none is refused.
  /// - Returns: The server's step.
  /// - Throws: The server's ``/SansIOTLS/TLSError``.
  @discardableResult
  public mutating func requestClientCertificate(isRequired: Bool = true) throws(TLSError) -> TLSEngine.HandshakeStep {
    try call(.requestClientCertificate(isRequired: isRequired), at: .server, Tape.Outcome.init) {
      (engine) throws(TLSError) in try engine.requestClientCertificate(isRequired: isRequired)
    }
  }

  /// Answers one side's question of a ClientHello.
  ///
  /// - Parameters:
  ///   - answer: The answer.
  ///   - side: The side that is suspended at the question.
  /// - Throws: The engine's ``/SansIOTLS/TLSError``.
  public mutating func answer(_ answer: TLSEngine.ClientHello.Answer, at side: TLSRole) throws(TLSError) {
    try pass(Tape.Reply(answer), at: side) { (engine) throws(TLSError) in try engine.answer(answer) }
  }

  /// Answers one side's question of its peer's certificates.
  ///
  /// - Parameters:
  ///   - answer: The answer.
  ///   - side: The side that is suspended at the question.
  /// - Throws: The engine's ``/SansIOTLS/TLSError``.
  public mutating func answer(_ answer: TLSEngine.PeerCertificates.Answer, at side: TLSRole) throws(TLSError) {
    try pass(Tape.Reply(answer), at: side) { (engine) throws(TLSError) in try engine.answer(answer) }
  }

  /// Answers the client's question of the identity that it presents.
  ///
  /// - Parameters:
  ///   - answer: The answer.
  ///   - side: The side that is suspended at the question.
  /// - Throws: The engine's ``/SansIOTLS/TLSError``.
  public mutating func answer(_ answer: TLSEngine.CertificateRequest.Answer, at side: TLSRole) throws(TLSError) {
    try pass(Tape.Reply(answer), at: side) { (engine) throws(TLSError) in try engine.answer(answer) }
  }

  private mutating func pass(
    _ reply: Tape.Reply, at side: TLSRole, _ answer: (inout TLSEngine) throws(TLSError) -> Void
  ) throws(TLSError) {
    log.note(side, answer: "\(reply)")
    try call(.answer(reply), at: side, { Tape.Outcome.step("done") }, answer)
  }

  private mutating func answer(
    _ reply: Tape.Reply, at side: TLSRole, serving context: (TLSEngine.ClientHello?) -> TLSContext?,
    accepting key: ([UInt8]) -> TLSPreSharedKey?
  ) throws(TLSError) {
    typealias Request = TLSEngine.CertificateRequest.Answer
    let hello = askedClientHello(at: side)
    // Without another context, serving by the engine's own shows as a difference.
    func served(byOther: Bool) -> TLSEngine.ClientHello.Answer {
      (byOther ? context(hello) : nil).map { .serve(with: $0) } ?? .serve
    }
    switch reply {
    case .serve: try answer(served(byOther: false), at: side)
    case .serveOther: try answer(served(byOther: true), at: side)
    case .serveDecidingEarlyData(let byOther, let accepts):
      try answer(served(byOther: byOther).acceptingEarlyData(accepts), at: side)
    case .serveAcceptingKeys(let identities, let byOther, let accepts):
      var reply = served(byOther: byOther)
      // Without the key, a full handshake or none shows as a difference.
      for key in identities.compactMap(key) { reply = reply.accepting(key) }
      if let accepts { reply = reply.acceptingEarlyData(accepts) }
      try answer(reply, at: side)
    case .refuse(let alert): try answer(.refuse(alert), at: side)
    case .followVerification: try answer(.followVerification, at: side)
    case .trust: try answer(.trust, at: side)
    case .distrust(let alert): try answer(.distrust(alert), at: side)
    // Without the identity, those of the configuration show as a difference.
    case .presentOther, .presentConfigured: try answer(Request.presentConfigured, at: side)
    case .presentNothing: try answer(Request.presentNothing, at: side)
    }
  }

  /// Returns the input that one side received after its peer's close_notify.
  ///
  /// - Parameter side: The side.
  /// - Returns: The bytes.
  public mutating func takeTrailingInput(at side: TLSRole) -> [UInt8] {
    call(.takeTrailingInput, at: side, Tape.Outcome.bytes) { (engine) throws(Never) in engine.takeTrailingInput() }
  }

  /// Hibernates one side.
  ///
  /// - Parameter side: The side.
  /// - Returns: Whether it has released its buffers.
  @discardableResult
  public mutating func hibernate(_ side: TLSRole) -> Bool {
    call(.hibernate, at: side, { Tape.Outcome.step($0 ? "done" : "refused") }) { (engine) throws(Never) in
      engine.hibernate()
    }
  }

  /// Performs a call of a tape.
  mutating func perform(
    _ call: Tape.Call, at side: TLSRole, serving context: (TLSEngine.ClientHello?) -> TLSContext?,
    accepting key: ([UInt8]) -> TLSPreSharedKey?
  ) -> Tape.Outcome {
    do throws(TLSError) {
      switch call {
      case .feed(let bytes): return .accepted(try feed(bytes, to: side))
      case .feedEOF: feedEOF(to: side)
      case .drain: return .bytes(drain(from: side))
      case .write(let bytes): return Tape.Outcome(try write(bytes[...], from: side))
      case .read(let count): return Tape.Outcome(try read(at: side, upTo: count))
      case .writeEarly(let bytes): return Tape.Outcome(try writeEarly(bytes[...], from: side))
      case .readEarly(let count): return Tape.Outcome(try readEarly(upTo: count, at: side))
      case .close: return Tape.Outcome(try close(from: side))
      case .keyUpdate(let requestingPeer):
        return Tape.Outcome(try keyUpdate(from: side, requestingPeer: requestingPeer))
      case .reportIdle: reportIdle(at: side)
      case .requestClientCertificate(let isRequired):
        return Tape.Outcome(try requestClientCertificate(isRequired: isRequired))
      case .answer(let reply): try answer(reply, at: side, serving: context, accepting: key)
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

  /// Calls one engine, then records the messages that it traced, the call and its outcome.
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
