import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 9. The two directions close independently, and `close()` never waits for the peer.
@Suite(.tags(.law9))
struct HalfCloseTests {
  /// Row 16: after SSL_shutdown reading works and writing does not.
  @Test(.tags(.openSSLFact, .behaviour), arguments: TLSVersion.both, TLSRole.allCases)
  func `after close, reading continues until the peer's end`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(try pair[side].closeWriting() == .done)
    #expect(pair[side].needs == [.drain, .feed])
    #expect(thrownError { _ = try pair.write([1], from: side) }?.code == .closed)
    pair.step()
    #expect(try pair.read(at: side.peer) == .endOfStream)
    let plaintext = pattern(50_000)
    #expect(try pair.transfer(plaintext, from: side.peer) == plaintext)
    #expect(try pair.read(at: side) == .needsFeed)
    for seed in UInt64(0)..<10 {
      let plaintext = pattern(1000, seed: seed)
      #expect(try pair.transfer(plaintext, from: side.peer) == plaintext)
    }
    #expect(pair[side].needs.contains(.feed))
    #expect(try pair[side.peer].closeWriting() == .done)
    pair.step()
    #expect(try pair.read(at: side) == .endOfStream)
    #expect(try pair.read(at: side.peer) == .endOfStream)
    #expect(pair[side].needs == [])
  }

  /// Row 16: after the peer's close_notify writing works.
  @Test(.tags(.openSSLFact, .behaviour), arguments: TLSVersion.both, TLSRole.allCases)
  func `after the peer's close, writing continues`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair[side.peer].closeWriting()
    pair.step()
    #expect(try pair.read(at: side) == .endOfStream)
    #expect(pair[side].needs == [])
    #expect(pair[side].drain().isEmpty, "close_notify is not answered automatically")
    let plaintext = pattern(50_000)
    #expect(try pair.transfer(plaintext, from: side) == plaintext)
    #expect(try pair.read(at: side) == .endOfStream)
    try pair.shutdown()
  }

  @Test(.tags(.behaviour), arguments: TLSVersion.both, TLSRole.allCases)
  func `close_notify is sent once, and writing is refused after it`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(try pair[side].closeWriting() == .done)
    let count = pair[side].pendingOutputByteCount
    #expect(count > 0)
    for _ in 0..<100 { #expect(try pair[side].closeWriting() == .done) }
    #expect(pair[side].pendingOutputByteCount == count)
    let error = thrownError { _ = try pair[side].write([1]) }
    #expect(error?.code == .closed)
    #expect(error?.blame == .misuse)
    #expect(thrownError { _ = try pair[side].write([UInt8]()) }?.code == .closed)
    #expect(thrownError { _ = try pair[side].keyUpdate(requestingPeer: false) }?.code == .closed)
    #expect(pair[side].failure == nil, "a misuse does not end the connection")
    #expect(try pair[side].read(upTo: 1) == .needsFeed)
    let closeNotify = pair[side].drain()
    #expect(recordLengths(closeNotify) == [count])
    for _ in 0..<3 { #expect(try pair[side].closeWriting() == .done) }
    #expect(pair[side].pendingOutputByteCount == 0)
    _ = try pair[side.peer].feed(closeNotify)
    for _ in 0..<3 { #expect(try pair.read(at: side.peer) == .endOfStream) }
    let events = pair[side.peer].allEvents().filter { !$0.hasPrefix("sessionTicket") }
    #expect(events == ["handshakeCompleted", "peerClosed"])
    _ = try pair[side.peer].closeWriting()
    pair.step()
    for _ in 0..<3 { #expect(try pair[side].closeWriting() == .done) }
    #expect(pair[side].pendingOutputByteCount == 0)
  }

  /// libssl answers a KeyUpdate at the next message that it reads, although it sent close_notify; a peer that continues
  /// in plaintext would mistake the answer for that.
  @Test(arguments: TLSRole.allCases)
  func `nothing follows close_notify, whatever the peer requests`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    #expect(try pair[side].closeWriting() == .done)
    #expect(!pair[side].drain().isEmpty)
    for _ in 0..<3 {
      try pair.keyUpdate(from: side.peer, requestingPeer: true)
      try pair.send(Array("more".utf8), from: side.peer)
      #expect(try pair.receive(at: side) == Array("more".utf8))
      #expect(pair[side].pendingOutputByteCount == 0)
      #expect(pair[side].hibernate() == true)
    }
    try pair.close(from: side.peer)
    pair.step()
    #expect(try pair.read(at: side) == .endOfStream)
  }

  @Test(.tags(.behaviour), arguments: TLSVersion.both, TLSRole.allCases)
  func `close_notify follows all data that was written, and nothing follows it`(version: TLSVersion, side: TLSRole)
    throws
  {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let plaintext = pattern(200_000)
    #expect(try pair[side].write(plaintext) == .done(plaintext.count))
    #expect(try pair[side].closeWriting() == .done)
    let ciphertext = pair[side].drain()
    #expect(try pair[side.peer].absorb(ciphertext) == plaintext)
    #expect(try pair[side.peer].read(upTo: 1) == .endOfStream)
  }

  @Test(.tags(.behaviour), arguments: TLSVersion.both, TLSRole.allCases)
  func `close during the handshake abandons it and sends nothing more`(version: TLSVersion, side: TLSRole) throws {
    for flights in 0..<2 {
      var pair = try EnginePair.connected(version, handshake: false)
      if flights == 1 || side == .server { _ = try pair.server.feed(pair.client.drain()) }
      let rest = pair[side.peer].drain()
      let waiting = pair[side].pendingOutputByteCount
      #expect(try pair[side].closeWriting() == .done)
      #expect(try pair[side].closeWriting() == .done)
      #expect(pair[side].pendingOutputByteCount == waiting)
      #expect(pair[side].needs == (waiting > 0 ? .drain : []))
      for error in [
        thrownError { _ = try pair[side].handshake() }, thrownError { _ = try pair[side].read(upTo: 1) },
        thrownError { _ = try pair[side].write([1]) }, thrownError { _ = try pair[side].feed(rest) },
      ] { #expect(error?.code == .abandoned) }
      #expect(pair[side].negotiated == nil)
      #expect(pair[side].drain().count == waiting)
      #expect(pair[side].needs == [])
    }
  }

  /// A partially received KeyUpdate or ticket prevents libssl from writing; close_notify then follows automatically.
  @Test(arguments: [1, 5, 10, 20])
  func `close_notify inside the peer's key update is sent after the rest of it is read`(cut: Int) throws {
    for side in TLSRole.allCases {
      var pair = try EnginePair.connected(.tls13)
      try pair.settle()
      _ = try pair[side.peer].keyUpdate(requestingPeer: true)
      let update = pair[side.peer].drain()
      _ = try pair[side].feed(update[..<cut])
      #expect(try pair[side].read(upTo: 1) == .needsFeed)
      _ = try pair[side].closeWriting()
      _ = try pair[side].feed(update[cut...])
      #expect(try pair[side].read(upTo: 1) == .needsFeed)
      #expect(try pair[side].closeWriting() == .done)
      let last = pair[side].drain()
      #expect(try pair[side.peer].absorb(last).isEmpty)
      #expect(try pair[side.peer].read(upTo: 1) == .endOfStream)
    }
  }

  enum Tail: CaseIterable { case data, close, corruptRecord, alert, endOfInput }

  /// The requested answer to a KeyUpdate is pending until the next message, and must not hide what follows instead.
  @Test(arguments: TLSRole.allCases, Tail.allCases)
  func `what follows a key update after close is reported as if there were none`(
    side: TLSRole, tail: Tail
  ) throws {
    func outcome(updates: Int, piece: Int) throws -> String {
      var pair = try EnginePair.connected(.tls13)
      try pair.settle()
      for _ in 0..<updates { #expect(try pair[side.peer].keyUpdate(requestingPeer: true) == .done) }
      switch tail {
      case .data, .corruptRecord: _ = try pair[side.peer].write([1, 2, 3])
      case .close: _ = try pair[side.peer].closeWriting()
      case .alert:
        _ = thrownError { _ = try pair[side.peer].absorb(corruptRecord) }
      case .endOfInput: break
      }
      var bytes = pair[side.peer].drain()
      if tail == .corruptRecord { bytes[bytes.count - 1] ^= 1 }
      let ciphertext = bytes
      #expect(try pair[side].closeWriting() == .done)
      let plaintext = (try? pair[side].absorb(ciphertext, piece: piece)) ?? []
      if tail == .endOfInput { pair[side].feedEOF() }
      let last = Result { try pair[side].read(upTo: 1) }
      return "\(plaintext) \(last) \(pair[side].failure?.description ?? "") \(pair[side].failure?.openSSLErrors ?? [])"
    }
    let expected = try outcome(updates: 0, piece: .max)
    for updates in [1, 2] {
      for piece in [Int.max, 1] { #expect(try outcome(updates: updates, piece: piece) == expected) }
    }
  }
}
