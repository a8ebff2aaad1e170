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

/// The queue behind `nextEvent()`: bounded, so that a flood of tickets cannot make memory grow.
struct EventQueue: Sendable {
  private var events: [Event] = []
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  var isEmpty: Bool { events.isEmpty }

  /// Appends an event; at the limit the oldest session ticket makes room, else a new ticket or warning is not kept. What
  /// comes once in a connection always is: no number of warnings makes it disappear.
  mutating func append(_ event: Event) {
    if events.count >= limit {
      let oldestTicket = events.firstIndex { if case .sessionTicket = $0 { true } else { false } }
      if let oldestTicket {
        events.remove(at: oldestTicket)
      } else {
        switch event {
        case .alertReceived, .sessionTicket: return
        case .handshakeCompleted, .peerClosed: break
        }
      }
    }
    events.append(event)
  }

  mutating func next() -> Event? {
    guard !events.isEmpty else { return nil }
    // An idle connection keeps no storage for events.
    defer { if events.count == 1 { events = [] } else { events.removeFirst() } }
    return events[0]
  }
}
