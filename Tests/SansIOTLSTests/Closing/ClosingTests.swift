import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The end of a connection, in every order.
@Suite(.tags(.behaviour))
struct ClosingTests {
  private func readAtServer(_ pair: inout EnginePair) throws -> TLSEngine.ReadStep<[UInt8]> {
    try pair.server.read(upTo: 100_000)
  }

  @Test(arguments: TLSVersion.both)
  func `the peer's data before its close is read although our output still waits`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let ours = pattern(50_000)
    #expect(try pair.server.write(ours) == .done(ours.count))
    _ = try pair.client.write("trailing".utf8)
    _ = try pair.client.closeWriting()
    _ = try pair.server.feed(pair.client.drain())
    #expect(try readAtServer(&pair) == .done(Array("trailing".utf8)))
    #expect(try readAtServer(&pair) == .endOfStream)
    #expect(try pair.client.absorb(pair.server.drain()) == ours)
  }

  @Test(.tags(.law9), arguments: TLSVersion.both)
  func `both sides may close at once`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.closeWriting()
    _ = try pair.server.closeWriting()
    #expect(pair.client.pendingOutputByteCount > 0)
    #expect(pair.server.pendingOutputByteCount > 0)
    pair.step()
    #expect(try pair.client.read(upTo: 1) == .endOfStream)
    #expect(try pair.server.read(upTo: 1) == .endOfStream)
    #expect(pair.client.failure == nil)
    #expect(pair.server.failure == nil)
    // And while session tickets are in flight.
    var busy = try EnginePair.connected(version)
    try busy.shutdown()
    #expect(busy.client.failure == nil)
    #expect(busy.server.failure == nil)
  }

  @Test(arguments: TLSVersion.both)
  func `the transport's end instead of close_notify is a truncation, also after our close`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.closeWriting()
    pair.client.feedEOF()
    let error = thrownError { _ = try pair.client.read(upTo: 1) }
    #expect(error?.code == .truncated)
    #expect(error?.isMidRecord == false)
    #expect(error?.hint.contains("close_notify") == true)
    #expect(pair.client.pendingOutputByteCount > 0)
  }

  @Test(arguments: TLSVersion.both)
  func `invalid bytes instead of close_notify are an error, also after our close`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.closeWriting()
    _ = try pair.client.feed(pattern(100))
    let error = thrownError { _ = try pair.client.read(upTo: 1) }
    #expect(error != nil)
    #expect(error?.code != .truncated)
    #expect(thrownError { _ = try pair.client.closeWriting() } == error)
  }

  // MARK: In the handshake

  @Test(arguments: TLSVersion.both)
  func `a close_notify during the handshake fails it`(version: TLSVersion) throws {
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
    #expect(thrownError { _ = try pair.client.closeWriting() } == error)
  }

  // MARK: No spinning

  @Test(arguments: TLSVersion.both)
  func `a connection that ended needs nothing, whatever ended it`(version: TLSVersion) throws {
    let endings: [(String, (inout EnginePair) throws -> Void)] = [
      ("truncated", { pair in pair.client.feedEOF() }),
      (
        "truncated after our close",
        { pair in
          _ = try pair.client.closeWriting()
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
          _ = try pair.client.closeWriting()
          _ = try pair.server.closeWriting()
          pair.step()
          pair.client.feedEOF()
        }
      ),
    ]
    for (name, ending) in endings {
      var pair = try EnginePair.connected(version)
      try pair.settle()
      try ending(&pair)
      // What an event loop does: it serves the needs as long as there are any.
      for _ in 0..<10 {
        let needs = pair.client.needs
        if needs.contains(.drain) { _ = pair.client.drain() }
        if needs.contains(.read) { _ = try? pair.client.read(upTo: 10) }
      }
      #expect(pair.client.needs == [], "\(name)")
    }
  }

  @Test(arguments: TLSVersion.both)
  func `repeating completed calls does nothing`(version: TLSVersion) throws {
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
