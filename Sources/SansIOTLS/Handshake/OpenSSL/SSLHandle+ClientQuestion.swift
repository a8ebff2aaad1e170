internal import CSansIOTLSOpenSSL

/// A server's question about its client's certificates. libssl cannot suspend a server's verification: the callback
/// lets the handshake continue, and the engine asks when the client has proved its key.
///
/// What no refusal could follow does not leave before the answer. In TLS 1.3 these are the session tickets, and any
/// alert can follow the server's Finished. In TLS 1.2 it is the server's last flight, which contains ticket and
/// Finished; of a resumption it is the only one, so that the question precedes the client's Finished.
extension SSLHandle {
  /// Asks about the client, if it showed certificates, here or when the session was created, and if this is the moment.
  ///
  /// - Parameter isDone: libssl has completed the handshake.
  /// - Returns: whether the question is asked.
  mutating func asksAboutClient(isDone: Bool) -> Bool {
    guard let questions, questions.pausesAtPeerCertificates, state.isHandshaking,
      unsafe SSL_is_server(ssl) == 1
    else { return false }
    let isTLS12 = unsafe SSL_version(ssl) == TLS1_2_VERSION
    switch questions.peerCertificates {
    case .answered: return false
    case .asked:
      if !isDone { return false }
    case .none:
      guard unsafe SSL_session_reused(ssl) == 1, isDone || isTLS12 else { return false }
      let chain = peerCertificates
      guard let leaf = chain.first else { return false }
      unsafe callbackState.pointee.verification = TLSVerificationResult(
        code: Int32(truncatingIfNeeded: SSL_get_verify_result(ssl)), subject: leaf.subject.description)
      questions.peerCertificates = .asked(chain)
    }
    if isTLS12 {
      unsafe callbackState.pointee.spill()
      questions.heldOutput = unsafe callbackState.pointee.spilled.removeAll()
      tap?.withhold()
    }
    return true
  }

  /// Records the answer about a client, as ``answerPeerCertificate(_:)`` does about a server.
  func answerAboutClient(_ answer: QuestionState.RecordedAnswer) {
    var answer = answer
    var isAccepted = false
    switch answer {
    case .accept: isAccepted = true
    case .proceed:
      let code = unsafe callbackState.pointee.verification.map { Int32($0.code) } ?? X509_V_ERR_UNSPECIFIED
      isAccepted = unsafe code == X509_V_OK || callbackState.pointee.ignoresVerdict
      if !isAccepted { answer = .fail(TLSAlert(verificationCode: code)) }
    case .reject, .fail: break
    }
    unsafe callbackState.pointee.isPeerAccepted = isAccepted
    questions?.peerCertificates = .answered(answer)
  }

  /// Continues the handshake after the answer about a client, or refuses the client by the answer's alert.
  mutating func resumeAfterAnswerAboutClient() -> Outcome {
    guard let questions else { return handshake() }
    let held = questions.heldOutput
    questions.heldOutput = []
    let isTLS12 = unsafe SSL_version(ssl) == TLS1_2_VERSION
    switch questions.peerCertificates {
    case .answered(.reject(let alert)), .answered(.fail(let alert)):
      return isTLS12 ? refuseInPlaintext(alert) : refuseByTicket()
    case .none, .asked, .answered:
      wake()
      unsafe held.withUnsafeBytes { unsafe callbackState.pointee.spilled.append($0) }
      tap?.release()
      return handshake()
    }
  }

  /// The server's Finished has not left, and the client expects plaintext (RFC 5246, section 7.2.2).
  private mutating func refuseInPlaintext(_ alert: TLSAlert) -> Outcome {
    let level = UInt8(SSL3_AL_FATAL)
    let version = UInt16(TLS1_2_VERSION)
    let header = [UInt8(SSL3_RT_ALERT), UInt8(version >> 8), UInt8(truncatingIfNeeded: version), 0, 2]
    let body = [level, alert.rawValue]
    unsafe (header + body).withUnsafeBytes { unsafe callbackState.pointee.spilled.append($0) }
    unsafe callbackState.pointee.alertSent = alert
    tap?.replaceWithheld(byAlert: header, body)
    return .failed(Failure(code: SSL_ERROR_SSL, entries: [], isMidRecord: false))
  }

  /// A ticket whose extension is refused makes libssl send the alert; see ``Callbacks/refuseByTicket``.
  mutating func refuseByTicket() -> Outcome {
    ErrorQueue.clear()
    unsafe SSL_new_session_ticket(ssl)
    let outcome = unsafe perform { unsafe SSL_do_handshake($0) }
    countRings()
    if case .failed = outcome { return outcome }
    // Never past a refusal, whatever libssl did with it.
    return .failed(Failure(code: SSL_ERROR_SSL, entries: ErrorQueue.take(), isMidRecord: false))
  }
}

extension Callbacks {
  /// Adds nothing to the tickets of a server, or ends the connection by the alert of the answer that refused its
  /// client: the one way to make libssl send an alert of choice after the handshake.
  static let refuseByTicket: SSL_custom_ext_add_cb_ex = { ssl, _, _, _, _, _, _, alert, _ in
    guard let questions = unsafe CallbackState.of(ssl)?.pointee.questions else { return 0 }
    switch questions.peerCertificates {
    case .answered(.reject(let reason)), .answered(.fail(let reason)):
      unsafe alert?.pointee = Int32(reason.rawValue)
      return -1
    case .none, .asked, .answered: return 0
    }
  }
}
