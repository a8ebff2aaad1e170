extension TLSEngine {
  /// Issues session tickets on a server, as many as ``TLSContext/Configuration/resumption`` names, after a resumption
  /// one: they are immediately available from `drain`. With a timing of `.onRequest` this is the only way to issue
  /// some; it works with every timing, as often as the application likes, also after the peer's close_notify.
  ///
  /// A client receives each as ``Event/sessionTicket(_:)`` while it reads.
  ///
  /// - Returns: `.done`; `.needsFeed` or `.needsAnswer` before the handshake is done, and while a message that the peer
  ///   began to send keeps libssl from writing.
  /// - Throws: ``TLSError``: what ended the connection; `.wrongRole` on a client; `.unsupported` in TLS 1.2, whose
  ///   ticket is a part of the handshake, and if the context's resumption is `.off`; `.closed` after
  ///   ``closeWriting()``.
  ///
  /// Corresponds to `SSL_new_session_ticket(3)`, RFC 8446, section 4.6.1.
  public mutating func issueSessionTickets() throws(TLSError) -> HandshakeStep {
    guard context.role == .server else { throw Self.noServer }
    if let step = try admitHandshakeMessage(unsupported: "TLS 1.2 has no tickets after the handshake") { return step }
    let count = handle.ticketsAtATime
    guard count > 0 else {
      throw TLSError(.unsupported, .misuse, hint: "the context's resumption is .off: no one could open a ticket")
    }
    if let step = try completeHandshakeMessages() { return step }
    try sendTickets(count)
    return .done
  }

  /// Sends the tickets that wait for the first write.
  mutating func sendOwedTickets() throws(TLSError) {
    handle.owesTickets = false
    try sendTickets(handle.ticketsAtATime)
  }

  private mutating func sendTickets(_ count: Int) throws(TLSError) {
    let outcome = handle.sendTickets(count)
    switch outcome {
    case .success, .wantsRead, .controlRecord: collectEvents()
    default: end(outcome)
    }
    handle.rest(.done)
    try throwFailure()
  }

  /// Sets the data of the application that session tickets of this connection carry from now on: a decision about the
  /// client or its account, for the server that resumes the session (``resumedTicketData``). Set it before the ticket
  /// is issued: after the engine was created, at a question, or before ``issueSessionTickets()``. A ticket of a resumed
  /// connection carries what the resumed one did, unless it is replaced here.
  ///
  /// In tickets it is encrypted and authenticated by the ticket keys: anyone who has those can read and write it, and
  /// it crosses the network with each offer. A cache or a store of the application keeps it with the session. It is as
  /// old as the ticket: nothing revokes it.
  ///
  /// - Parameter data: at most 4,096 bytes, copied; empty for none. Clients send tickets back whole in their
  ///   ClientHello, so that a few dozen are better.
  /// - Throws: ``TLSError`` with code `.invalidArgument` for more, `.wrongRole` on a client; what ended the connection.
  ///
  /// Corresponds to `SSL_SESSION_set1_ticket_appdata(3)`.
  public mutating func setTicketData(_ data: [UInt8]) throws(TLSError) {
    guard context.role == .server else { throw Self.noServer }
    guard data.count <= Self.greatestTicketData else {
      throw TLSError(
        .invalidArgument, .misuse, hint: "\(data.count) bytes of ticket data; \(Self.greatestTicketData) at most")
    }
    try throwFailure()
    guard handle.setTicketData(data) else {
      throw TLSError(.openSSLFailure, .local, hint: "no memory for the ticket data")
    }
  }

  /// The data of the application in the session that this server has resumed, for ``setTicketData(_:)``: empty if it
  /// carries none; `nil` if nothing was resumed, on a client, and before. At the question about a resumed client's
  /// certificates it is there.
  ///
  /// Corresponds to `SSL_SESSION_get0_ticket_appdata(3)`.
  public var resumedTicketData: [UInt8]? { handle.dataOfResumedSession }

  private static let greatestTicketData = 4096

  private static var noServer: TLSError {
    TLSError(.wrongRole, .misuse, hint: "session tickets are a server's; a client receives them")
  }
}
