import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The end of a connection, in every order in which it can come.
@Suite(.tags(.behaviour))
struct ClosingTests {
  private func readAtServer(_ pair: inout EnginePair) throws -> TLSEngine.Step<[UInt8]> {
    try pair.server.read(upTo: 100_000)
  }

  @Test(arguments: TLSVersion.both)
  func `goodbye is said once, however often one closes`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(try pair.client.close() == .done)
    let goodbye = pair.client.drain()
    #expect(recordLengths(goodbye).count == 1)
    for _ in 0..<100 { #expect(try pair.client.close() == .done) }
    #expect(pair.client.pendingOutputByteCount == 0)
    _ = try pair.server.feed(goodbye)
    for _ in 0..<3 { #expect(try readAtServer(&pair) == .endOfStream) }
    #expect(pair.server.allEvents() == ["handshakeCompleted", "peerClosed"])
    _ = try pair.server.close()
    pair.step()
    for _ in 0..<3 { #expect(try pair.client.close() == .done) }
    #expect(pair.client.pendingOutputByteCount == 0)
  }

  @Test(arguments: TLSVersion.both)
  func `all that was written leaves before goodbye`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let plaintext = pattern(200_000)
    #expect(try pair.client.write(plaintext) == .done(plaintext.count))
    #expect(try pair.client.close() == .done)
    #expect(try pair.server.absorb(pair.client.drain()) == plaintext)
    #expect(try readAtServer(&pair) == .endOfStream)
  }

  @Test(arguments: TLSVersion.both)
  func `data before goodbye in the same feed is not lost`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.write("last words".utf8)
    _ = try pair.client.close()
    _ = try pair.server.feed(pair.client.drain())
    pair.server.feedEOF()
    #expect(try pair.server.read(upTo: 4) == .done(Array("last".utf8)))
    #expect(try pair.server.read(upTo: 100) == .done(Array(" words".utf8)))
    #expect(try pair.server.read(upTo: 100) == .endOfStream)
  }

  @Test(arguments: TLSVersion.both)
  func `after our goodbye we still read, after the peer's we still write`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    _ = try pair.client.close()
    pair.step()
    #expect(try readAtServer(&pair) == .endOfStream)
    for seed in UInt64(0)..<10 {
      let plaintext = pattern(1000, seed: seed)
      #expect(try pair.transfer(plaintext, from: .server) == plaintext)
    }
    #expect(pair.client.needs.contains(.feed))
    _ = try pair.server.close()
    pair.step()
    #expect(try pair.client.read(upTo: 1) == .endOfStream)
    #expect(pair.client.needs == [])
  }

  @Test(arguments: TLSVersion.both)
  func `what the peer sent before it closed is read although ours was not yet taken`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let ours = pattern(50_000)
    #expect(try pair.server.write(ours) == .done(ours.count))
    _ = try pair.client.write("trailing".utf8)
    _ = try pair.client.close()
    _ = try pair.server.feed(pair.client.drain())
    #expect(try readAtServer(&pair) == .done(Array("trailing".utf8)))
    #expect(try readAtServer(&pair) == .endOfStream)
    #expect(try pair.client.absorb(pair.server.drain()) == ours)
  }

  @Test(arguments: TLSVersion.both)
  func `both may close at once`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.close()
    _ = try pair.server.close()
    #expect(pair.client.pendingOutputByteCount > 0)
    #expect(pair.server.pendingOutputByteCount > 0)
    pair.step()
    #expect(try pair.client.read(upTo: 1) == .endOfStream)
    #expect(try pair.server.read(upTo: 1) == .endOfStream)
    #expect(pair.client.failure == nil)
    #expect(pair.server.failure == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `the transport's end after goodbye changes nothing`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.server.close()
    pair.step()
    pair.client.feedEOF()
    for _ in 0..<3 { #expect(try pair.client.read(upTo: 1) == .endOfStream) }
    pair.client.feedEOF()
    #expect(pair.client.failure == nil)
    #expect(try pair.client.write("still".utf8) == .done(5))
  }

  @Test(arguments: TLSVersion.both)
  func `the transport's end instead of the peer's goodbye is a truncation, also after ours`(version: TLSVersion) throws
  {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.close()
    pair.client.feedEOF()
    let error = thrownError { _ = try pair.client.read(upTo: 1) }
    #expect(error?.code == .truncated)
    #expect(error?.isMidRecord == false)
    #expect(error?.hint.contains("close_notify") == true)
    #expect(pair.client.pendingOutputByteCount > 0)
  }

  @Test(arguments: TLSVersion.both)
  func `gibberish instead of the peer's goodbye is an error, also after ours`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.close()
    _ = try pair.client.feed(pattern(100))
    let error = thrownError { _ = try pair.client.read(upTo: 1) }
    #expect(error != nil)
    #expect(error?.code != .truncated)
    #expect(thrownError { _ = try pair.client.close() } == error)
  }

  @Test(arguments: TLSVersion.both)
  func `bytes after the peer's goodbye are not TLS and are handed back`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.write("in TLS".utf8)
    _ = try pair.client.close()
    let clear = Array("220 in clear again\r\n".utf8)
    _ = try pair.server.feed(pair.client.drain() + clear)
    #expect(pair.server.takeTrailingInput() == [])
    #expect(try readAtServer(&pair) == .done(Array("in TLS".utf8)))
    #expect(try readAtServer(&pair) == .endOfStream)
    #expect(pair.server.takeTrailingInput() == clear)
    #expect(pair.server.takeTrailingInput() == [])
    _ = try pair.server.feed([1, 2, 3])
    #expect(try readAtServer(&pair) == .endOfStream)
    #expect(pair.server.takeTrailingInput() == [1, 2, 3])
    #expect(pair.server.failure == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `TLS records after goodbye are handed back unread`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    var other = try EnginePair.connected(version)
    try pair.settle()
    try other.settle()
    _ = try other.client.write("data after the end".utf8)
    let record = other.client.drain()
    _ = try pair.client.close()
    _ = try pair.server.feed(pair.client.drain() + record)
    #expect(try readAtServer(&pair) == .endOfStream)
    #expect(pair.server.takeTrailingInput() == record)
  }

  @Test(arguments: TLSVersion.both)
  func `a new connection may follow on the same transport`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let (client, server) = try EnginePair.configurations(version: version)
    var next = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    _ = try pair.client.close()
    _ = try pair.server.feed(pair.client.drain() + next.client.drain())
    #expect(try readAtServer(&pair) == .endOfStream)
    _ = try next.server.feed(pair.server.takeTrailingInput())
    try next.handshake()
  }

  // MARK: In the handshake

  @Test(arguments: TLSVersion.both)
  func `a close in the handshake sends nothing but what was there`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    let hello = pair.client.pendingOutputByteCount
    #expect(try pair.client.close() == .done)
    #expect(pair.client.pendingOutputByteCount == hello)
    #expect(pair.client.needs == .drain)
    #expect(pair.client.drain().count == hello)
    #expect(pair.client.needs == [])
    #expect(thrownError { _ = try pair.client.handshake() }?.code == .abandoned)
  }

  @Test(arguments: TLSVersion.both)
  func `a server's goodbye in the handshake is not its end`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    let error = thrownError { _ = try pair.client.feed([21, 3, 3, 0, 2, 1, 0]) }
    #expect(error?.code == .alertReceived)
    #expect(error?.alertReceived == .closeNotify)
    #expect(pair.client.negotiated == nil)
    #expect(thrownError { _ = try pair.client.read(upTo: 1) } == error)
  }

  @Test(arguments: TLSVersion.both)
  func `a close after a failed handshake throws the failure`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false, identity: .server(defect: .expired))
    let error = thrownError { try pair.handshake() }
    #expect(error?.code == .certificateRejected)
    #expect(thrownError { _ = try pair.client.close() } == error)
  }

  // MARK: No spinning

  @Test(arguments: TLSVersion.both)
  func `a connection that is over wants nothing, whatever ended it`(version: TLSVersion) throws {
    let endings: [(String, (inout EnginePair) throws -> Void)] = [
      ("truncated", { pair in pair.client.feedEOF() }),
      (
        "truncated after our close",
        { pair in
          _ = try pair.client.close()
          pair.client.feedEOF()
        }
      ),
      (
        "truncated with a write waiting",
        { pair in
          _ = try pair.client.write([1])
          pair.client.feedEOF()
        }
      ),
      ("gibberish", { pair in _ = try pair.client.feed(pattern(50)) }),
      (
        "both closed",
        { pair in
          _ = try pair.client.close()
          _ = try pair.server.close()
          pair.step()
          pair.client.feedEOF()
        }
      ),
    ]
    for (name, ending) in endings {
      var pair = try EnginePair.connected(version)
      try pair.settle()
      try ending(&pair)
      // What an event loop does: as long as something is wanted, it is done.
      for _ in 0..<10 {
        let needs = pair.client.needs
        if needs.contains(.drain) { _ = pair.client.drain() }
        if needs.contains(.read) { _ = try? pair.client.read(upTo: 10) }
      }
      #expect(pair.client.needs == [], "\(name)")
    }
  }

  @Test(arguments: TLSVersion.both)
  func `asking for what is done already does nothing`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    for _ in 0..<3 {
      #expect(try pair.client.handshake() == .done)
      #expect(try pair.client.feed([]) == 0)
      #expect(pair.client.drain() == [])
      #expect(try pair.client.read(upTo: 1) == .needsFeed)
    }
    #expect(pair.client.needs == .feed)
  }
}
