import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 15, 17 and 24 of the page OpenSSLFacts: SSL_shutdown, and reading before and after it.
@Suite(.tags(.openSSLFact))
struct CloseFactTests {
  /// Row 15. The first return of 0 is success, and a second call with unread data is fatal.
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `close with data unread succeeds again and again and loses nothing`(
    version: TLSVersion, side: TLSRole
  ) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let plaintext = pattern(3000)
    _ = try pair.write(plaintext[...], from: side.peer)
    pair.step()
    for _ in 0..<3 { #expect(try pair[side].closeWriting() == .done) }
    #expect(try pair.read(at: side, upTo: 1000) == .done(Array(plaintext[..<1000])))
    #expect(try pair[side].closeWriting() == .done)
    #expect(try pair[side].readAll() == Array(plaintext[1000...]))
    #expect(pair[side].failure == nil)
  }

  /// Row 17. With read-ahead, bytes after close_notify are consumed and has_pending differs from pending.
  @Test(arguments: TLSVersion.both)
  func `no byte is read ahead`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.write([1])
    let first = pair.client.drain()
    _ = try pair.client.write([2])
    let second = pair.client.drain()
    _ = try pair.client.closeWriting()
    let close = pair.client.drain()
    let stream = first + second + close + [9, 9, 9]
    #expect(try pair.server.feed(stream) == stream.count)
    #expect(try pair.server.read(upTo: 1) == .done([1]))
    #expect(pair.server.needs == [.read])
    #expect(try pair.server.read(upTo: 1) == .done([2]))
    #expect(pair.server.needs == [.read], "the end is there to be read")
    #expect(try pair.server.read(upTo: 1) == .endOfStream)
    #expect(pair.server.takeTrailingInput() == [9, 9, 9])
  }

  /// Row 24. Decrypted bytes are read before the end, and before any answer to it.
  @Test(.tags(.behaviour), arguments: TLSVersion.both, TLSRole.allCases)
  func `data fed together with close_notify is read before the end`(version: TLSVersion, side: TLSRole) throws {
    for endsInput in [false, true] {
      var pair = try EnginePair.connected(version)
      try pair.settle()
      let plaintext = pattern(1000)
      _ = try pair.write(plaintext[...], from: side.peer)
      _ = try pair[side.peer].closeWriting()
      pair.step()
      if endsInput { pair[side].feedEOF() }
      for start in stride(from: 0, to: 1000, by: 100) {
        #expect(!pair[side].allEvents().contains("peerClosed"))
        #expect(try pair[side].read(upTo: 100) == .done(Array(plaintext[start..<start + 100])))
      }
      #expect(pair[side].pendingOutputByteCount == 0)
      #expect(try pair[side].read(upTo: 100) == .endOfStream)
    }
  }

  /// openssl#25254. What RFC 8446, section 6.1, requires to cancel, and what some peers send at each end.
  @Test(arguments: TLSVersion.both, [1, 2] as [UInt8])
  func `close_notify after user_canceled is a clean close`(version: TLSVersion, level: UInt8) throws {
    // In TLS 1.2 a fatal close_notify is a fatal alert; in 1.3 the level means nothing.
    let level = version == .tls13 ? level : 1
    var (box, forge) = try RecordForge.connected(version)
    _ = box.pair.server.allEvents()
    let stream =
      forge.seal(.applicationData, [3]) + forge.seal(.alert, [1, 90]) + forge.seal(.alert, [level, 0]) + [9, 9]
    #expect(try box.pair.server.absorb(stream) == [3])
    #expect(try box.pair.server.read(upTo: 1) == .endOfStream)
    #expect(try box.pair.server.read(upTo: 1) == .endOfStream)
    #expect(box.pair.server.allEvents() == ["alertReceived(user_canceled)", "peerClosed"])
    #expect(box.pair.server.takeTrailingInput() == [9, 9])
    #expect(try box.pair.server.write([1]) == .done(1))
    #expect(try box.pair.server.closeWriting() == .done)
    #expect(box.pair.server.failure == nil)
  }

  /// The client's side of a handshake that it cancels, before it has keys: RFC 8446, section 6.1.
  @Test(arguments: [1, 2] as [UInt8])
  func `a handshake that the peer cancels ends by its close`(level: UInt8) throws {
    var pair = try EnginePair.connected(.tls13, handshake: false)
    _ = try pair.server.absorb(pair.client.drain())
    let error = thrownError { _ = try pair.server.feed([21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, level, 0]) }
    #expect(error?.code == .alertReceived)
    #expect(error?.blame == .peer)
    #expect(error?.alertReceived == .closeNotify)
    #expect(error?.alertSent == nil)
  }
}
