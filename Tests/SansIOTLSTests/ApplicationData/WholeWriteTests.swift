import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 4. A write is whole or not begun: what it accepts is encrypted in that call.
@Suite(.tags(.law4))
struct WholeWriteTests {
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `the records of a write contain exactly the accepted bytes`(
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
      let records = pair[side].drain()
      #expect(recordLengths(records).reduce(0, +) == records.count, "records are whole")
      let received = try pair[side.peer].absorb(records)
      #expect(received == Array(slice.prefix(count)))
      written += count
    }
  }

  /// More than the buffer holds is encrypted into the queue, after what the buffer holds.
  @Test(arguments: TLSVersion.both, [64, 4096, 17_408])
  func `small and large writes keep their order, however much is drained between them`(
    version: TLSVersion, size: Int
  ) throws {
    var pair = try EnginePair.connected(version, limits: .with { $0.bufferByteCount = size })
    try pair.settle()
    var sent: [UInt8] = []
    for start in [0, 1] {
      var ciphertext: [UInt8] = []
      for (round, count) in [10, 40_000, 1, 17_000, 17_409, 5, 16_385, 30_000, 2].enumerated() {
        let plaintext = pattern(count, seed: UInt64(round))
        #expect(try pair.client.write(plaintext) == .done(count))
        sent += plaintext
        ciphertext += pair.client.drain(upTo: (start + round) % 4 * 9001)
        if round == 4, version == .tls13 { #expect(try pair.client.keyUpdate(requestingPeer: false) == .done) }
      }
      ciphertext += pair.client.drain()
      #expect(recordLengths(ciphertext).reduce(0, +) == ciphertext.count)
      #expect(try pair.server.absorb(ciphertext) == sent)
      sent = []
      let hibernates = pair.client.hibernate()
      #expect(hibernates)
    }
    #expect(try pair.client.write(pattern(50_000)) == .done(50_000))
    #expect(try pair.client.closeWriting() == .done)
    #expect(try pair.server.absorb(pair.client.drain()) == pattern(50_000))
    #expect(try pair.server.read(upTo: 1) == .endOfStream)
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `after needsDrain the next write may be other bytes, shorter or absent`(
    version: TLSVersion, side: TLSRole
  ) throws {
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 1 }
    var pair = try EnginePair.connected(version, limits: limits)
    try pair.settle()
    #expect(try pair[side].write(Array("first".utf8)) == .done(5))
    #expect(try pair[side].write(Array("never sent, and longer".utf8)) == .needsDrain)
    #expect(try pair[side].write([UInt8]()) == .done(0))
    var ciphertext = pair[side].drain()
    #expect(try pair[side].write(Array("second".utf8)) == .done(6))
    ciphertext += pair[side].drain()
    let received = try pair[side.peer].absorb(ciphertext)
    #expect(received == Array("firstsecond".utf8))
  }

  @Test(arguments: TLSRole.allCases)
  func `a key update request that is read after a refused write is harmless`(side: TLSRole) throws {
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 100 }
    var pair = try EnginePair.connected(.tls13, limits: limits)
    try pair.settle()
    #expect(try pair[side.peer].keyUpdate(requestingPeer: true) == .done)
    #expect(try pair[side.peer].write(Array("under new keys".utf8)) == .done(14))
    let request = pair[side.peer].drain()
    let plaintext = pattern(4000)
    #expect(try pair[side].write(plaintext) == .done(4000))
    #expect(try pair[side].write([1]) == .needsDrain)
    #expect(try pair[side].absorb(request) == Array("under new keys".utf8))
    #expect(try pair[side].keyUpdate(requestingPeer: false) == .done)
    #expect(try pair[side].closeWriting() == .done)
    let ciphertext = pair[side].drain()
    #expect(try pair[side.peer].absorb(ciphertext) == plaintext)
    #expect(try pair[side.peer].read(upTo: 1) == .endOfStream)
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
