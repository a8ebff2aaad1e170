extension TLSEngine {
  /// Asks the state machine, and throws if it requires so.
  @inline(__always) @discardableResult
  mutating func admit(_ call: EngineState.Call) throws(TLSError) -> EngineState.Action {
    let action = state.action(for: call)
    switch action {
    case .failed, .misuse: try refuse(action)
    default: break
    }
    return action
  }

  /// Apart from `admit`, so that the path of every record is short.
  @inline(never)
  private mutating func refuse(_ action: EngineState.Action) throws(TLSError) {
    if case .misuse(let misuse) = action { throw Self.error(for: misuse) }
    try throwFailure()
  }

  @inline(__always)
  mutating func throwFailure() throws(TLSError) {
    if let failure {
      state.endReported()
      throw failure
    }
  }

  static func error(for misuse: EngineState.Misuse) -> TLSError {
    switch misuse {
    case .closed: TLSError(.closed, .misuse, hint: "closeWriting() was called; nothing can be sent any more")
    case .abandoned:
      TLSError(.abandoned, .misuse, hint: "closeWriting() was called during the handshake; the connection is over")
    case .inputAfterEOF: TLSError(.inputAfterEOF, .misuse, hint: "feedEOF() was called; nothing can follow it")
    case .noQuestion: TLSError(.wrongAnswer, .misuse, hint: "there is no question to answer")
    }
  }

  /// Ends the connection, or stops at a question, as the outcome of a call requires.
  @inline(never)
  mutating func end(_ outcome: SSLHandle.Outcome) {
    collectEvents()
    if failure != nil { return }
    switch outcome {
    case .peerClosed where state.isHandshakeDone && state.isInsideMessage:
      // RFC 8446, section 5.1. libssl accepts it as an end, and could neither write nor close after it.
      fail(
        TLSError(
          .protocolViolation, .peer, hint: "the peer closed the connection in the middle of a handshake message"))
    case .peerClosed where state.isHandshakeDone:
      state.peerClosed()
      events.append(.peerClosed, limits)
    case .peerClosed:
      fail(
        TLSError(
          .alertReceived, .peer, hint: "the peer closed the connection during the handshake",
          alertReceived: .closeNotify))
    case .failed where handle.hasExceededRenegotiations:
      fail(
        TLSError(
          .limitExceeded, .peer,
          hint: "the client began more than limits.renegotiationCount, \(limits.renegotiationCount), renegotiations",
          alertSent: handle.alertSent))
    case .failed(let failure):
      fail(
        TLSError(
          failure, on: handle, opening: opening, inputEnded: state.inputEnded, isHandshakeDone: state.isHandshakeDone))
    case .success, .wantsRead, .controlRecord: break
    case .asksCertificateRequest where handle.certificateRequests >= limits.certificateRequestCount:
      // libssl has not counted the request that it stopped at.
      failByRequests()
    case .asksCertificateRequest where state.phase == .open:
      state.asked()
      handle.rest(.needsAnswer)
    case .asksClientHello, .asksPeerCertificate, .asksCertificateRequest:
      fail(TLSError(.openSSLFailure, .local, hint: "libssl asked a question outside of a handshake"))
    }
  }

  /// Ends the connection with an error. The first error stays.
  @inline(never)
  mutating func fail(_ error: TLSError) {
    if failure != nil { return }
    failure = error
    handle.rest(.failed(error.code))
    state.failed()
  }
}
