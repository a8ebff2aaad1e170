import SansIOTLS

extension TLSEngine {
  /// Removes all events, and returns their descriptions.
  mutating func allEvents() -> [String] {
    var events: [String] = []
    while let event = nextEvent() { events.append("\(event)") }
    return events
  }

  /// Removes all events, and returns the sessions among them.
  mutating func allSessions() -> [TLSSession] {
    var sessions: [TLSSession] = []
    while let event = nextEvent() {
      if case .sessionTicket(let session) = event { sessions.append(session) }
    }
    return sessions
  }
}
