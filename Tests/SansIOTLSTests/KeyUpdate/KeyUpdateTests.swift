import SansIOTLS
import SansIOTLSTestKit
import Testing

/// KeyUpdate and tickets: what happens between handshake and close.
@Suite(.tags(.behaviour))
struct KeyUpdateTests {
  @Test(arguments: TLSRole.allCases, [false, true])
  func `a key update in the middle of a stream loses nothing`(side: TLSRole, requesting: Bool) throws {
    var pair = try EnginePair.connected(.tls13)
    let up = pattern(30_000, seed: 1)
    let down = pattern(30_000, seed: 2)
    for _ in 0..<5 {
      // Data before, beside and after the update, in both directions and before anything is drained.
      _ = try pair.client.write(up[..<10_000])
      _ = try pair.server.write(down[..<10_000])
      let step = try pair[side].keyUpdate(requestingPeer: requesting)
      #expect(step == .done)
      _ = try pair.client.write(up[10_000...])
      _ = try pair.server.write(down[10_000...])
      var received: (up: [UInt8], down: [UInt8]) = ([], [])
      for _ in 0..<100 where received.up.count < up.count || received.down.count < down.count {
        pair.step()
        received.up += try pair.server.readAll()
        received.down += try pair.client.readAll()
      }
      #expect(received.up == up)
      #expect(received.down == down)
    }
    try pair.shutdown()
  }

  @Test func `a key update waits for the handshake`() throws {
    var pair = try EnginePair.connected(.tls13, handshake: false)
    let hello = pair.client.pendingOutputByteCount
    #expect(try pair.client.keyUpdate(requestingPeer: true) == .needsFeed)
    #expect(try pair.server.keyUpdate(requestingPeer: false) == .needsFeed)
    #expect(pair.client.pendingOutputByteCount == hello)
    try pair.handshake()
    #expect(try pair.client.keyUpdate(requestingPeer: true) == .done)
  }

  // MARK: Tickets

  @Test(arguments: [0, 1, 2, 16])
  func `a server sends as many tickets as configured, and a client receives them while it only reads`(count: Int) throws
  {
    var pair = try EnginePair.connected(.tls13) { _, server in server.resumption = .tickets(count: count) }
    pair.step()
    #expect(pair.client.allSessions().isEmpty)
    #expect(try pair.client.read(upTo: 100) == .needsFeed)
    let sessions = pair.client.allSessions()
    #expect(sessions.count == count)
    #expect(sessions.allSatisfy { $0.isResumable && $0.version == .tls13 })
  }

  @Test func `a ticket that arrives in pieces is kept`() throws {
    var pair = try EnginePair.connected(.tls13)
    pair.link = .pieces(of: 7)
    try pair.settle()
    #expect(pair.client.allSessions().count == 1)
  }

  @Test func `in TLS 1.2 the session is received with the handshake`() throws {
    var pair = try EnginePair.connected(.tls12)
    let sessions = pair.client.allSessions()
    #expect(sessions.count == 1)
    #expect(sessions.first?.isResumable == true)
    #expect(sessions.first?.version == .tls12)
  }

  @Test(arguments: TLSVersion.both)
  func `a server has no session events`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(pair.server.allEvents() == ["handshakeCompleted"])
  }
}
