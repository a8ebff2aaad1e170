extension TLSEngine {
  /// The next thing that happened, oldest first.
  ///
  /// - Returns: the event, or `nil` if there is none.
  public mutating func nextEvent() -> Event? { events.next() }

  /// Removes the sessions among the events, for a cache that keeps them.
  package mutating func takeSessions() -> [TLSSession] { events.isEmpty ? [] : events.takeSessions() }

  mutating func collectEvents() {
    guard handle.hasPendingEvents else { return }
    handle.takePendingEvents { events.append($0, limits) }
    if failure == nil, handle.declinedRenegotiations > limits.declinedRenegotiationCount {
      fail(
        TLSError(
          .limitExceeded, .peer,
          hint:
            "more than limits.declinedRenegotiationCount, \(limits.declinedRenegotiationCount), renegotiations "
            + "were requested"
        ))
    }
    if state.isHandshakeDone, handle.certificateRequests > limits.certificateRequestCount { failByRequests() }
  }

  /// The server has requested more certificates after the handshake than the client answers.
  mutating func failByRequests() {
    fail(
      TLSError(
        .limitExceeded, .peer,
        hint:
          "more than limits.certificateRequestCount, \(limits.certificateRequestCount), certificates were requested "
          + "after the handshake"
      ))
  }
}
