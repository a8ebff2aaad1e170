/// Something that happened and asks for nothing. Events wait in the engine until they are pulled by `nextEvent()`.
public enum Event: Sendable {
  /// The handshake is done; told once, before any application data can be read.
  case handshakeCompleted
  /// The peer closed its direction by close_notify; told once.
  case peerClosed
  /// The peer sent a warning that does not end the connection.
  case alertReceived(TLSAlert)
  /// A session that a later client engine may resume. TLS 1.3 servers send theirs after the handshake: they arrive
  /// while the client reads.
  case sessionTicket(TLSSession)
}

/// The queue behind `nextEvent()`: bounded in number and in bytes, so that a flood of tickets cannot make memory grow.
struct EventQueue: Sendable {
  private var events: [Event] = []

  var isEmpty: Bool { events.isEmpty }

  private var ticketBytes: Int { events.reduce(0) { $0 + $1.ticketBytes } }

  /// Appends an event; at the limit the oldest session ticket makes room, else a new ticket or warning is not kept. What
  /// comes once in a connection always is: no number of warnings makes it disappear.
  ///
  /// - Parameters:
  ///   - event: what happened.
  ///   - limits: say how many events, and how many bytes of tickets, may wait.
  mutating func append(_ event: Event, _ limits: TLSEngine.Limits) {
    let size = event.ticketBytes
    if size > limits.ticketBytes { return }
    while size > 0, ticketBytes + size > limits.ticketBytes, dropOldestTicket() {}
    if events.count >= limits.events, !dropOldestTicket() {
      switch event {
      case .alertReceived, .sessionTicket: return
      case .handshakeCompleted, .peerClosed: break
      }
    }
    events.append(event)
  }

  private mutating func dropOldestTicket() -> Bool {
    guard let oldest = events.firstIndex(where: { if case .sessionTicket = $0 { true } else { false } }) else {
      return false
    }
    events.remove(at: oldest)
    return true
  }

  mutating func next() -> Event? {
    guard let event = events.first else { return nil }
    // An idle connection keeps no storage for events.
    if events.count == 1 { events = [] } else { events.removeFirst() }
    return event
  }
}

extension Event {
  /// The bytes that a peer made the event hold.
  fileprivate var ticketBytes: Int { if case .sessionTicket(let session) = self { session.ticketByteCount } else { 0 } }
}
