/// The queue of `nextEvent()`: bounded in number and in bytes, so that a flood of tickets cannot make memory grow.
struct EventQueue: Sendable {
  private var events: [TLSEngine.Event] = []

  var isEmpty: Bool { events.isEmpty }

  private var ticketBytes: Int { events.reduce(0) { $0 + $1.ticketBytes } }

  /// Appends an event; at the limit the oldest session ticket makes room, else a new ticket or warning is not kept.
  /// What comes once in a connection always is: no number of warnings makes it disappear.
  ///
  /// - Parameters:
  ///   - event: what happened.
  ///   - limits: say how many events, and how many bytes of tickets, may wait.
  @inline(never)
  mutating func append(_ event: TLSEngine.Event, _ limits: TLSEngine.Limits) {
    let size = event.ticketBytes
    if size > limits.queuedTicketByteCount { return }
    while size > 0, ticketBytes + size > limits.queuedTicketByteCount, dropOldestTicket() {}
    if events.count >= limits.queuedEventCount, !dropOldestTicket() {
      switch event {
      case .alertReceived, .sessionTicket, .sessionToStore: return
      case .handshakeCompleted, .earlyData, .peerClosed, .clientCertificateReceived, .renegotiated: break
      }
    }
    events.append(event)
  }

  private mutating func dropOldestTicket() -> Bool {
    guard let oldest = events.firstIndex(where: { $0.ticketBytes > 0 }) else { return false }
    events.remove(at: oldest)
    return true
  }

  /// Removes the sessions that a client has received, oldest first.
  mutating func takeSessions() -> [TLSSession] {
    let sessions = events.compactMap { if case .sessionTicket(let session) = $0 { session } else { nil } }
    if !sessions.isEmpty { events.removeAll { if case .sessionTicket = $0 { true } else { false } } }
    return sessions
  }

  mutating func next() -> TLSEngine.Event? {
    guard let event = events.first else { return nil }
    // An idle connection keeps no storage for events.
    if events.count == 1 { events = [] } else { events.removeFirst() }
    return event
  }
}

extension TLSEngine.Event {
  /// The bytes in the event that the peer determines, of a session; 0 of any other event.
  fileprivate var ticketBytes: Int {
    switch self {
    // A session without a ticket counts too: it can be dropped.
    case .sessionTicket(let session): max(session.ticketByteCount, 1)
    case .sessionToStore(let session): session.bytes.count
    case .handshakeCompleted, .earlyData, .peerClosed, .alertReceived, .clientCertificateReceived, .renegotiated: 0
    }
  }
}
