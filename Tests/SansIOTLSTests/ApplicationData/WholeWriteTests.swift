import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 4. A write is whole or not begun: what it accepts is sealed in that very call.
@Suite(.tags(.law4))
struct WholeWriteTests {
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `the accepted bytes and no others are in the records of that call`(
    version: TLSVersion, side: TLSRole
  ) throws {
    let limits = TLSEngine.Limits.with {
      $0.bufferByteCount = 64
      $0.pendingOutputByteCount = 20_000
    }
    var pair = try EnginePair.connected(version, limits: limits)
    try pair.settle()
    let plaintext = pattern(60_000)
    var written = 0
    for size in [1, 2, 15_000, 16_384, 16_385, 3, 30_000] {
      let slice = plaintext[written...].prefix(size)
      guard case .done(let count) = try pair.write(slice, from: side) else {
        Issue.record("nothing was accepted of \(size) bytes")
        return
      }
      let records = pair.at(side) { $0.drain() }
      #expect(recordLengths(records).reduce(0, +) == records.count, "records are whole")
      let received = try pair.at(side.peer) { try $0.absorb(records) }
      #expect(received == Array(slice.prefix(count)))
      written += count
    }
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `after needsDrain the next write may be of other bytes shorter or none`(
    version: TLSVersion, side: TLSRole
  ) throws {
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 1 }
    var pair = try EnginePair.connected(version, limits: limits)
    try pair.settle()
    let ciphertext = try pair.at(side) { (engine) throws in
      #expect(try engine.write(Array("first".utf8)) == .done(5))
      #expect(try engine.write(Array("never sent, and longer".utf8)) == .needsDrain)
      #expect(try engine.write([UInt8]()) == .done(0))
      var ciphertext = engine.drain()
      #expect(try engine.write(Array("second".utf8)) == .done(6))
      ciphertext += engine.drain()
      return ciphertext
    }
    let received = try pair.at(side.peer) { try $0.absorb(ciphertext) }
    #expect(received == Array("firstsecond".utf8))
  }

  @Test(arguments: TLSRole.allCases)
  func `a key update request that is read after a held back write harms nothing`(side: TLSRole) throws {
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 100 }
    var pair = try EnginePair.connected(.tls13, limits: limits)
    try pair.settle()
    let request = try pair.at(side.peer) { (engine) throws in
      #expect(try engine.keyUpdate(requestingPeer: true) == .done)
      #expect(try engine.write(Array("under new keys".utf8)) == .done(14))
      return engine.drain()
    }
    let plaintext = pattern(4000)
    let ciphertext = try pair.at(side) { (engine) throws in
      #expect(try engine.write(plaintext) == .done(4000))
      #expect(try engine.write([1]) == .needsDrain)
      #expect(try engine.absorb(request) == Array("under new keys".utf8))
      #expect(try engine.keyUpdate(requestingPeer: false) == .done)
      #expect(try engine.close() == .done)
      return engine.drain()
    }
    try pair.at(side.peer) { (engine) throws in
      #expect(try engine.absorb(ciphertext) == plaintext)
      #expect(try engine.read(upTo: 1) == .endOfStream)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `before the handshake is done a write accepts nothing and sends nothing`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    let hello = pair.client.pendingOutputByteCount
    #expect(try pair.client.write([1, 2, 3]) == .needsFeed)
    #expect(try pair.server.write([1, 2, 3]) == .needsFeed)
    #expect(pair.client.pendingOutputByteCount == hello)
    #expect(pair.server.pendingOutputByteCount == 0)
    try pair.handshake()
    #expect(try pair.transfer([4, 5], from: .client) == [4, 5])
    #expect(try pair.transfer([6], from: .server) == [6])
  }
}
