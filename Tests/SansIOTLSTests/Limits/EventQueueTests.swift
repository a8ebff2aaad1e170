import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// The events that `nextEvent()` returns.
@Suite(.tags(.law11))
struct EventQueueTests {
  private static func limits(_ events: Int, ticketBytes: Int) -> TLSEngine.Limits {
    let limits = TLSEngine.Limits.with {
      $0.queuedEventCount = events
      $0.queuedTicketByteCount = ticketBytes
    }
    return limits
  }

  /// The queue's events in the short form of `EnginePair`'s.
  private static func rest(_ queue: inout EventQueue) -> [String] {
    var events: [String] = []
    while let event = queue.next() {
      switch event {
      case .handshakeCompleted: events.append("handshakeCompleted")
      case .earlyData(let outcome): events.append("earlyData \(outcome)")
      case .peerClosed: events.append("peerClosed")
      case .alertReceived(let alert): events.append("\(alert)")
      case .sessionTicket: events.append("sessionTicket")
      case .sessionToStore: events.append("sessionToStore")
      case .clientCertificateReceived: events.append("clientCertificateReceived")
      case .renegotiated: events.append("renegotiated")
      }
    }
    return events
  }

  @Test func `warnings beyond the limit are dropped, and displace no other event`() {
    var queue = EventQueue()
    let queueLimits = Self.limits(2, ticketBytes: 1)
    for _ in 0..<5 { queue.append(.alertReceived(.userCanceled), queueLimits) }
    queue.append(.handshakeCompleted, queueLimits)
    queue.append(.alertReceived(.userCanceled), queueLimits)
    queue.append(.peerClosed, queueLimits)
    #expect(Self.rest(&queue) == ["user_canceled", "user_canceled", "handshakeCompleted", "peerClosed"])
    #expect(queue.isEmpty)
  }

  @Test func `the oldest session ticket is dropped for a new event`() throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    var ticket: TLSEngine.Event?
    while ticket == nil, let event = pair.client.nextEvent() { if case .sessionTicket = event { ticket = event } }
    let session = try #require(ticket)
    var queue = EventQueue()
    let queueLimits = Self.limits(3, ticketBytes: 10_000)
    queue.append(.handshakeCompleted, queueLimits)
    for _ in 0..<5 { queue.append(session, queueLimits) }
    queue.append(.alertReceived(.userCanceled), queueLimits)
    queue.append(.peerClosed, queueLimits)
    queue.append(session, queueLimits)
    #expect(Self.rest(&queue) == ["handshakeCompleted", "user_canceled", "peerClosed"])
  }

  @Test func `tickets are limited in bytes, the newest are kept, and one that exceeds the limit is dropped`()
    throws
  {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    var ticket: TLSEngine.Event?
    while ticket == nil, let event = pair.client.nextEvent() { if case .sessionTicket = event { ticket = event } }
    let event = try #require(ticket)
    guard case .sessionTicket(let session) = event else { return }
    let size = session.ticketByteCount
    #expect(size > 0)
    var queue = EventQueue()
    let queueLimits = Self.limits(100, ticketBytes: 3 * size)
    queue.append(.handshakeCompleted, queueLimits)
    for _ in 0..<5 { queue.append(event, queueLimits) }
    #expect(Self.rest(&queue) == ["handshakeCompleted", "sessionTicket", "sessionTicket", "sessionTicket"])
    // What was pulled counts no more.
    for _ in 0..<3 { queue.append(event, queueLimits) }
    #expect(Self.rest(&queue).count == 3)
    var narrow = EventQueue()
    let narrowLimits = Self.limits(100, ticketBytes: size - 1)
    narrow.append(event, narrowLimits)
    #expect(narrow.isEmpty)
  }
}
