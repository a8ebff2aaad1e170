internal import CSansIOTLSOpenSSL

/// The tickets that a server issues.
extension SSLHandle {
  /// The state of this server's sessions, made when it is first needed.
  var serverSessions: ServerSessions {
    if let sessions = unsafe callbackState.pointee.serverSessions { return sessions }
    let sessions = ServerSessions(nil)
    unsafe callbackState.pointee.resumption = .served(sessions)
    return sessions
  }

  /// Keeps the session of an answer to the ClientHello, in place of that of an answer that was refused.
  func answer(storedSession session: SessionObject?) {
    let isNew = unsafe callbackState.pointee.serverSessions == nil
    if session != nil || !isNew { serverSessions.found = session }
  }

  /// Keeps a new session for the events.
  static func noteForStore(_ session: TLSServerSession, _ callbackState: UnsafeMutablePointer<CallbackState>) {
    let sessions = unsafe callbackState.pointee.serverSessions ?? ServerSessions(nil)
    unsafe callbackState.pointee.resumption = .served(sessions)
    sessions.toStore.append(session)
    unsafe callbackState.pointee.hasPendingEvents = true
  }

  /// The application's data in the session that this server has resumed.
  var dataOfResumedSession: [UInt8]? {
    guard unsafe SSL_is_server(ssl) == 1, unsafe SSL_session_reused(ssl) == 1 else { return nil }
    guard let sessions = unsafe callbackState.pointee.serverSessions else {
      return unsafe ServerSessions.data(in: SSL_get_session(ssl))
    }
    return unsafe sessions.dataOfResumedSession(of: ssl)
  }

  /// Sets the application's data for the next tickets. A session that exists already, and that nothing else uses, gets
  /// it at once: a TLS 1.2 server with a cache issues no ticket later.
  func setTicketData(_ data: [UInt8]) -> Bool {
    let sessions = serverSessions
    sessions.ticketData = data
    guard state.isHandshaking || state.phase == .asking, !state.isHandshakeDone,
      unsafe SSL_session_reused(ssl) == 0
    else { return true }
    ErrorQueue.clear()
    defer { ErrorQueue.clear() }
    return unsafe sessions.attachData(of: ssl)
  }

  /// The tickets that the context which serves this connection issues at a time: after a resumption one at most.
  var ticketsAtATime: Int {
    let configured = unsafe ContextCallbackState.of(ssl)?.ticketCount ?? 0
    return unsafe SSL_session_reused(ssl) == 1 ? min(configured, 1) : configured
  }

  /// Sends tickets at once: what libssl is asked for and does not send, it would send with whatever it does next, and
  /// until then it could neither close nor read. Corresponds to `SSL_new_session_ticket(3)` and `SSL_do_handshake(3)`.
  mutating func sendTickets(_ count: Int) -> Outcome {
    if count == 0 { return .success }
    wake()
    ErrorQueue.clear()
    for _ in 0..<count { unsafe SSL_new_session_ticket(ssl) }
    let outcome = unsafe perform { unsafe SSL_do_handshake($0) }
    countRings()
    return outcome
  }

  /// Sends or plans the tickets that are due when libssl has completed the handshake: libssl sends them itself, unless
  /// they wait for the answer about the client or for the first write.
  ///
  /// - Returns: the outcome if it is not success.
  mutating func settleTickets() -> Outcome? {
    guard state.isHandshaking, unsafe SSL_is_server(ssl) == 1, unsafe SSL_version(ssl) >= TLS1_3_VERSION,
      let timing = unsafe ContextCallbackState.of(ssl)?.ticketTiming
    else { return nil }
    switch timing {
    case .onRequest: return nil
    case .withFirstWrite:
      owesTickets = ticketsAtATime > 0
      return nil
    case .afterHandshake:
      guard let questions, questions.pausesAtPeerCertificates else { return nil }
      let outcome = sendTickets(ticketsAtATime)
      if case .success = outcome { return nil }
      return outcome
    }
  }
}
