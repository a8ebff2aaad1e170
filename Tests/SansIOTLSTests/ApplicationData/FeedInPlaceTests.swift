import SansIOTLS
import SansIOTLSTestKit
import Testing

/// `feed(upTo:_:)` is `feed` into memory that the engine lends. `ChunkInvarianceTests` divides whole conversations.
struct FeedInPlaceTests {
  private struct Interrupted: Error {}

  /// A pair that has nothing to move.
  private static func pairAtRest(_ version: TLSVersion, bufferSize: Int = 17_408) throws -> EnginePair {
    var pair = try EnginePair.connected(version, limits: .with { $0.bufferByteCount = bufferSize })
    try pair.settle()
    return pair
  }

  /// The client's record with these bytes.
  private static func record(_ plaintext: [UInt8], from pair: inout EnginePair) throws -> [UInt8] {
    let step = try pair.client.write(plaintext)
    #expect(step == .done(plaintext.count))
    return pair.client.drain()
  }

  @Test(arguments: TLSVersion.both)
  func `the closure appends, and the count is what it appended`(version: TLSVersion) throws {
    var pair = try Self.pairAtRest(version)
    let ciphertext = try Self.record([1, 2, 3], from: &pair)
    var offered = 0
    let none = try pair.server.feed(upTo: 1) { window in offered = window.freeCapacity }
    #expect(none == 0)
    #expect(offered == 1)
    #expect(pair.server.needs == [.feed])
    let fed = try pair.server.feed { window in
      offered = window.freeCapacity
      for byte in ciphertext { window.append(byte) }
    }
    #expect(fed == ciphertext.count)
    #expect(offered == 17_408)
    #expect(pair.server.needs == [.read])
    #expect(try pair.server.read(upTo: 10) == .done([1, 2, 3]))
  }

  @Test(arguments: [0, -1, .min])
  func `nothing is requested, and the closure is not called`(count: Int) throws {
    var pair = try EnginePair.connected()
    let fed = try pair.server.feed(upTo: count) { _ in Issue.record("called") }
    #expect(fed == 0)
  }

  /// The window ends where the buffer does: next is the window at its beginning, and then nothing is free.
  @Test(arguments: TLSVersion.both)
  func `the windows wrap around, and a full buffer lends nothing`(version: TLSVersion) throws {
    var pair = try Self.pairAtRest(version, bufferSize: 1000)
    let plaintext = pattern(400)
    let record = try Self.record(plaintext, from: &pair)
    let two = try record + Self.record(plaintext, from: &pair)
    #expect(try pair.server.feedInPlace(two[...]) == two.count)
    #expect(try pair.server.read(upTo: 400) == .done(plaintext))
    // libssl has read the first record, so the free part is in two pieces, after the second record and before it.
    let next = try Self.record(pattern(2000), from: &pair)
    var rest = next[...]
    var windows: [Int] = []
    for _ in 0..<4 {
      let fed = try pair.server.feed { window in
        windows.append(window.freeCapacity)
        for byte in rest.prefix(window.freeCapacity) { window.append(byte) }
      }
      rest = rest.dropFirst(fed)
    }
    #expect(windows == [1000 - two.count, record.count])
    #expect(try pair.server.read(upTo: 400) == .done(plaintext))
    #expect(try pair.server.absorb(Array(rest)) == pattern(2000))
  }

  @Test(arguments: TLSVersion.both)
  func `bytes appended before the closure throws are accepted`(version: TLSVersion) throws {
    var pair = try Self.pairAtRest(version)
    let ciphertext = try Self.record([1, 2, 3], from: &pair)
    do throws(TLSEngine.FeedError<Interrupted>) {
      _ = try pair.server.feed { (window) throws(Interrupted) in
        for byte in ciphertext { window.append(byte) }
        throw Interrupted()
      }
      Issue.record("nothing was thrown")
    } catch {
      if case .engine(let error) = error { Issue.record(error) }
    }
    #expect(try pair.server.read(upTo: 10) == .done([1, 2, 3]))
    #expect(pair.server.failure?.code == nil)
  }

  @Test func `the closure's error is passed on, and the handshake's is thrown by the next call`() throws {
    var pair = try EnginePair.connected(handshake: false)
    do throws(TLSEngine.FeedError<Interrupted>) {
      _ = try pair.server.feed { (window) throws(Interrupted) in
        for byte in "GET / HTTP/1.1\r\n\r\n".utf8 { window.append(byte) }
        throw Interrupted()
      }
      Issue.record("nothing was thrown")
    } catch {
      if case .engine(let error) = error { Issue.record(error) }
    }
    let failure = pair.server.failure
    #expect(failure?.hint.contains("plaintext HTTP") == true)
    let next = thrownError { _ = try pair.server.feedInPlace([1]) }
    #expect(next == failure)
  }

  @Test func `a handshake that fails by the bytes throws what feed throws`() throws {
    let garbage = [UInt8](repeating: 0xff, count: 40)
    var copied = try EnginePair.connected(handshake: false)
    var inPlace = try EnginePair.connected(handshake: false)
    let expected = thrownError { _ = try copied.server.feed(garbage) }
    let error = thrownError { _ = try inPlace.server.feedInPlace(garbage[...]) }
    #expect(error != nil)
    #expect(error == expected)
    #expect(inPlace.server.failure?.code == expected?.code)
    let alerts = (copied.server.drain(), inPlace.server.drain())
    #expect(alerts.0 == alerts.1)
  }

  @Test func `after the end of input and after abandonment the closure is not called`() throws {
    for end in [TLSError.Code.inputAfterEOF, .abandoned] {
      var pair = try EnginePair.connected(handshake: end == .inputAfterEOF)
      if end == .inputAfterEOF { pair.server.feedEOF() } else { _ = try pair.server.closeWriting() }
      do throws(TLSEngine.FeedError<Never>) {
        _ = try pair.server.feed { _ in Issue.record("called") }
        Issue.record("nothing was thrown")
      } catch {
        switch error {
        case .engine(let error): #expect(error.code == end)
        }
      }
    }
  }

  @Test(arguments: TLSVersion.both)
  func `bytes after the peer's close are kept`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(try pair.client.closeWriting() == .done)
    let end = pair.client.drain() + Array("plaintext".utf8)
    #expect(try pair.server.feedInPlace(end[...]) == end.count)
    #expect(try pair.server.read(upTo: 10) == .endOfStream)
    #expect(try pair.server.feedInPlace(Array(" follows".utf8)[...]) == 8)
    let trailing = pair.server.takeTrailingInput()
    #expect(trailing == Array("plaintext follows".utf8))
  }

  @Test(arguments: TLSVersion.both)
  func `a hibernating engine is fed in place`(version: TLSVersion) throws {
    var pair = try Self.pairAtRest(version)
    let ciphertext = try Self.record([1, 2, 3], from: &pair)
    let hibernates = pair.server.hibernate()
    #expect(hibernates)
    #expect(try pair.server.feedInPlace(ciphertext[...]) == ciphertext.count)
    #expect(try pair.server.read(upTo: 10) == .done([1, 2, 3]))
  }

  @Test(.tags(.law11), arguments: TLSVersion.both, [1, 100, 5000])
  func `a pending question bounds what is lent`(version: TLSVersion, piece: Int) throws {
    var pair = try EnginePair.connected(
      version, handshake: false, limits: .with { $0.handshakeInputByteCount = 4096 }
    ) { _, server in server.pausesAtClientHello = true }
    var taken = try pair.server.feedInPlace(pair.client.drain()[...])
    #expect(pair.server.question != nil)
    let more = [UInt8](repeating: 1, count: piece)
    for _ in 0..<(10_000 / piece) { taken += try pair.server.feedInPlace(more[...]) }
    #expect(taken == 4096)
  }

  @Test(.tags(.law11), arguments: TLSVersion.both)
  func `a handshake larger than its limit is refused`(version: TLSVersion) throws {
    var authority = TestAuthority()
    for depth in 0..<12 { authority = authority.issueIntermediate(name: "Intermediate \(depth)") }
    var pair = try EnginePair.connected(
      version, handshake: false, limits: .with { $0.handshakeInputByteCount = 4096 },
      identity: authority.issue(names: ["localhost"]))
    _ = try pair.server.feedInPlace(pair.client.drain()[...])
    let flight = pair.server.drain()
    let error = thrownError { _ = try pair.client.feedInPlace(flight[...]) }
    #expect(error?.code == .limitExceeded)
    #expect(pair.client.failure?.code == .limitExceeded)
  }
}
