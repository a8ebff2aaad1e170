import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 11. Every buffer has a limit that a peer cannot exceed.
@Suite(.tags(.law11))
struct BoundsTests {
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `feed accepts no more than the buffer holds and returns the count`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version, limits: .with { $0.bufferByteCount = 1000 })
    try pair.settle()
    let plaintext = pattern(16_000)
    _ = try pair.write(plaintext[...], from: side.peer)
    let ciphertext = pair[side.peer].drain()
    #expect(try pair[side].feed(ciphertext) == 1000)
    #expect(try pair[side].feed(ciphertext[1000...]) == 0)
    #expect(pair[side].needs.contains(.read))
    #expect(try pair[side].readAll().isEmpty)
    #expect(pair[side].needs == [.feed])
    #expect(try pair[side].absorb(Array(ciphertext[1000...])) == plaintext)
  }

  @Test(arguments: TLSVersion.both)
  func `bytes fed while a question is open stay within the buffer`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false) { _, server in server.pausesAtClientHello = true }
    let hello = pair.client.drain()
    #expect(try pair.server.feed(hello) == hello.count)
    #expect(pair.server.question != nil)
    var accepted = 0
    for _ in 0..<100 { accepted += try pair.server.feed([UInt8](repeating: 1, count: 1000)) }
    #expect(accepted <= 17 * 1024)
    #expect(try pair.server.feed([1]) == 0)
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `a handshake larger than its limit is refused`(version: TLSVersion, side: TLSRole) throws {
    var authority = TestAuthority()
    for depth in 0..<12 { authority = authority.issueIntermediate(name: "Intermediate \(depth)") }
    let identity = authority.issue(names: ["localhost"], usage: .both)
    var pair = try EnginePair.connected(
      version, handshake: false, limits: .with { $0.handshakeInputByteCount = 4096 },
      identity: side == .client ? identity : .server()
    ) { client, server in
      if side == .server { try EnginePair.authenticateClient(&client, &server, identity) }
    }
    let error = thrownError { try pair.handshake() }
    #expect(error?.code == .limitExceeded)
    #expect(error?.blame == .peer)
    #expect(pair[side].failure?.code == .limitExceeded)
  }

  @Test(arguments: TLSVersion.both)
  func `a handshake of no more than its limit is done`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, limits: .with { $0.handshakeInputByteCount = 4096 })
    // The limit is the handshake's: later traffic does not count.
    let plaintext = pattern(20_000)
    #expect(try pair.transfer(plaintext, from: .client) == plaintext)
    #expect(try pair.transfer(plaintext, from: .server) == plaintext)
  }

  @Test(arguments: TLSRole.allCases, [false, true])
  func `a flood of key updates is refused`(side: TLSRole, requesting: Bool) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    for _ in 0..<65 { #expect(try pair[side.peer].keyUpdate(requestingPeer: requesting) == .done) }
    let flood = pair[side.peer].drain()
    let error = thrownError { _ = try pair[side].absorb(flood) }
    #expect(error?.code == .limitExceeded)
    #expect(error?.blame == .peer)
    #expect(pair[side].pendingOutputByteCount < 65 * 30)
  }

  @Test(arguments: TLSRole.allCases)
  func `as many key updates as the limit allows are answered`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    #expect(try pair.transfer([0], from: side.peer) == [0], "tickets count no more from here")
    for _ in 0..<64 { #expect(try pair[side.peer].keyUpdate(requestingPeer: true) == .done) }
    _ = try pair[side.peer].write([1])
    let updates = pair[side.peer].drain()
    #expect(try pair[side].absorb(updates) == [1])
    #expect(pair[side].pendingOutputByteCount == 64 * 27, "each is answered by a record of its own")
    #expect(try pair.transfer([2], from: side) == [2])
    #expect(try pair.transfer([3], from: side.peer) == [3])
  }

  /// The count is of what the peer sent, whether or not this side can still answer.
  @Test(arguments: TLSRole.allCases, [false, true])
  func `as many control records as the limit allows are read after the own close_notify`(
    side: TLSRole, requesting: Bool
  ) throws {
    for piece in [Int.max, 1] {
      var pair = try EnginePair.connected(.tls13)
      try pair.settle()
      #expect(try pair.transfer([0], from: side.peer) == [0], "tickets count no more from here")
      #expect(try pair[side].closeWriting() == .done)
      _ = pair[side].drain()
      func updates(_ count: Int) throws -> [UInt8] {
        for _ in 0..<count { #expect(try pair[side.peer].keyUpdate(requestingPeer: requesting) == .done) }
        return pair[side.peer].drain()
      }
      let allowed = try updates(64)
      #expect(try pair[side].absorb(allowed, piece: piece).isEmpty)
      #expect(pair[side].failure == nil)
      #expect(pair[side].pendingOutputByteCount == 0)
      #expect(try pair.transfer([1], from: side.peer) == [1])
      let more = try updates(65)
      #expect(thrownError { _ = try pair[side].absorb(more, piece: piece) }?.code == .limitExceeded)
    }
  }

  /// A sender that updates its keys without end, and a receiver that sends nothing but the answers.
  @Test(arguments: TLSRole.allCases)
  func `answers to the own key updates are no flood`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    for round in 0..<200 {
      #expect(try pair[side].keyUpdate(requestingPeer: true) == .done)
      let plaintext = [UInt8(truncatingIfNeeded: round)]
      #expect(try pair.transfer(plaintext, from: side) == plaintext)
      pair.step()
      #expect(try pair.read(at: side) == .needsFeed)
    }
    #expect(try pair.transfer([1], from: side.peer) == [1])
  }

  /// The answers to key updates between application data, while the reader's side of the transport is stuck.
  @Test(arguments: TLSRole.allCases)
  func `answers that are not drained end the connection at the limit`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13, limits: .with { $0.pendingOutputByteCount = 2000 })
    try pair.settle()
    func receiveUpdate() throws -> [UInt8] {
      _ = try pair[side.peer].keyUpdate(requestingPeer: true)
      _ = try pair[side.peer].write([1])
      let records = pair[side.peer].drain()
      return try pair[side].absorb(records)
    }
    // While they are drained, there may be any number.
    for _ in 0..<300 {
      #expect(try receiveUpdate() == [1])
      pair.step()
    }
    for _ in 0..<300 where pair[side].failure == nil { _ = try? receiveUpdate() }
    #expect(pair[side].failure?.code == .limitExceeded)
    #expect(pair[side].pendingOutputByteCount <= 2000 + 66 * 27)
  }

  @Test
  func `a flood of tickets is refused`() throws {
    var pair = try EnginePair.connected(.tls13, limits: .with { $0.controlRecordCount = 15 }) { _, server in
      server.resumption = .tickets(count: 16)
    }
    let error = thrownError { try pair.settle() }
    #expect(error?.code == .limitExceeded)
    #expect(pair.client.failure?.code == .limitExceeded)
    #expect(pair.server.failure == nil)
  }

  @Test
  func `the newest tickets remain if there are more than the limit of events`() throws {
    var pair = try EnginePair.connected(.tls13, limits: .with { $0.queuedEventCount = 4 }) { _, server in
      server.resumption = .tickets(count: 16)
    }
    try pair.settle()
    let events = pair.client.allEvents()
    #expect(events.count == 4)
    #expect(events.first == "handshakeCompleted")
    #expect(events.dropFirst().allSatisfy { $0.hasPrefix("sessionTicket") })
  }

  /// Tickets as large as RFC 8446, section 4.6.1, allows, to a client that does not pull events.
  @Test
  func `large tickets are kept up to the limit of bytes`() throws {
    var (box, forge) = try RecordForge.connected(.tls13, forging: .server)
    func ticket(_ size: Int) -> [UInt8] {
      let body = [0, 0, 28, 32, 0, 0, 0, 1, 1, 7, UInt8(size >> 8), UInt8(size & 255)] + pattern(size) + [0, 0]
      return [4, UInt8(body.count >> 16), UInt8(body.count >> 8 & 255), UInt8(body.count & 255)] + body
    }
    let message = ticket(65_535 - 13 - 15)
    for _ in 0..<60 {
      var rest = message[...]
      while !rest.isEmpty {
        #expect(try box.pair.client.absorb(forge.seal(.handshake, Array(rest.prefix(16_000)))).isEmpty)
        rest = rest.dropFirst(16_000)
      }
    }
    let tickets = box.pair.client.allEvents().filter { $0.hasPrefix("sessionTicket") }
    #expect(tickets.count == 2, "128 KiB hold two of them")
  }

  /// Any number of unencrypted records without content: libssl counts these.
  @Test(
    arguments: TLSVersion.both,
    [[20, 3, 3, 0, 1, 1], [22, 3, 3, 0, 0], [21, 3, 3, 0, 2, 1, 90]] as [[UInt8]])
  func `a flood of empty records and warnings in the handshake ends it`(version: TLSVersion, record: [UInt8]) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    _ = try pair.server.feed(pair.client.drain())
    let flood = [[UInt8]](repeating: record, count: 1000).flatMap(\.self)
    #expect(thrownError { _ = try pair.server.absorb(flood) }?.alertSent != nil)
    #expect(pair.server.allEvents().count <= 64)
  }

  @Test(.tags(.behaviour)) func `limits out of range are refused by name`() throws {
    let context = try TLSContext(.client())
    let changes: [(String, (inout TLSEngine.Limits) -> Void)] = [
      ("limits.bufferByteCount", { $0.bufferByteCount = 63 }),
      ("limits.bufferByteCount", { $0.bufferByteCount = 262_145 }),
      ("limits.bufferByteCount", { $0.bufferByteCount = -1 }),
      ("limits.pendingOutputByteCount", { $0.pendingOutputByteCount = 0 }),
      ("limits.handshakeInputByteCount", { $0.handshakeInputByteCount = 4095 }),
      ("limits.controlRecordCount", { $0.controlRecordCount = 0 }),
      ("limits.queuedEventCount", { $0.queuedEventCount = 3 }),
      ("limits.queuedTicketByteCount", { $0.queuedTicketByteCount = 0 }),
      ("limits.declinedRenegotiationCount", { $0.declinedRenegotiationCount = 0 }),
      ("limits.tracedMessageCount", { $0.tracedMessageCount = 0 }),
      ("limits.tracedMessageCount", { $0.tracedMessageCount = -1 }),
    ]
    for (name, change) in changes {
      expectRefusal(.invalidArgument, .misuse, naming: name) {
        _ = try TLSEngine(.client(serverName: .dns("localhost")), context: context, limits: .with(change))
      }
    }
  }

  @Test(.tags(.behaviour)) func `limits at the ends of their ranges are accepted`() throws {
    for size in [64, 262_144] {
      let limits = TLSEngine.Limits.with {
        $0.bufferByteCount = size
        $0.pendingOutputByteCount = 1
        $0.controlRecordCount = 1
        $0.queuedEventCount = 4
        $0.tracedMessageCount = 1
      }
      var pair = try EnginePair.connected(limits: limits)
      #expect(try pair.transfer(pattern(50_000), from: .client) == pattern(50_000))
    }
  }
}
