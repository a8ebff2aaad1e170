import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 9. The two directions close by themselves, and `close()` waits for nobody.
@Suite(.tags(.law9))
struct HalfCloseTests {
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `after the own close reading goes on until the peer's end`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let closed = try pair.at(side) { try $0.close() }
    #expect(closed == .done)
    #expect(pair.at(side) { $0.needs } == [.drain, .feed])
    let plaintext = pattern(50_000)
    #expect(try pair.transfer(plaintext, from: side.peer) == plaintext)
    #expect(try pair.read(at: side) == .needsFeed)
    #expect(try pair.at(side.peer) { try $0.close() } == .done)
    pair.step()
    #expect(try pair.read(at: side) == .endOfStream)
    #expect(try pair.read(at: side.peer) == .endOfStream)
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `after the peer's close writing goes on`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.at(side.peer) { try $0.close() }
    pair.step()
    #expect(try pair.read(at: side) == .endOfStream)
    #expect(pair.at(side) { $0.needs } == [])
    #expect(pair.at(side) { $0.drain() }.isEmpty, "nothing is answered by itself")
    let plaintext = pattern(50_000)
    #expect(try pair.transfer(plaintext, from: side) == plaintext)
    #expect(try pair.read(at: side) == .endOfStream)
    try pair.shutdown()
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `close sends once and writing is refused from then on`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    try pair.at(side) { (engine) throws in
      #expect(try engine.close() == .done)
      let count = engine.pendingOutputByteCount
      #expect(count > 0)
      for _ in 0..<5 { #expect(try engine.close() == .done) }
      #expect(engine.pendingOutputByteCount == count)
      let error = thrownError { _ = try engine.write([1]) }
      #expect(error?.code == .closed)
      #expect(error?.blame == .misuse)
      #expect(thrownError { _ = try engine.write([UInt8]()) }?.code == .closed)
      #expect(thrownError { _ = try engine.keyUpdate(requestingPeer: false) }?.code == .closed)
      #expect(engine.failure == nil, "a misuse is not the connection's end")
      #expect(try engine.read(upTo: 1) == .needsFeed)
    }
  }

  /// libssl answers a KeyUpdate at the next message that it reads, though it sent close_notify; a peer that goes on in
  /// clear would take the answer for that.
  @Test(arguments: TLSRole.allCases)
  func `nothing follows close_notify, whatever the peer asks for`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    try pair.at(side) { (engine) throws in
      #expect(try engine.close() == .done)
      #expect(!engine.drain().isEmpty)
    }
    for _ in 0..<3 {
      try pair.keyUpdate(from: side.peer, requestingPeer: true)
      try pair.send(Array("more".utf8), from: side.peer)
      #expect(try pair.receive(at: side) == Array("more".utf8))
      #expect(pair.at(side) { $0.pendingOutputByteCount } == 0)
      #expect(pair.at(side) { $0.hibernate() })
    }
    try pair.close(from: side.peer)
    pair.step()
    #expect(try pair.read(at: side) == .endOfStream)
  }

  @Test(arguments: TLSVersion.both)
  func `both sides may close at once`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.shutdown()
    #expect(pair.client.failure == nil)
    #expect(pair.server.failure == nil)
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `close comes behind all that was written and before nothing`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let plaintext = pattern(100_000)
    let ciphertext = try pair.at(side) { (engine) throws in
      #expect(try engine.write(plaintext) == .done(plaintext.count))
      #expect(try engine.close() == .done)
      return engine.drain()
    }
    try pair.at(side.peer) { (engine) throws in
      #expect(try engine.absorb(ciphertext) == plaintext)
      #expect(try engine.read(upTo: 1) == .endOfStream)
    }
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `close in mid-handshake abandons it and sends nothing more`(version: TLSVersion, side: TLSRole) throws {
    for flights in 0..<2 {
      var pair = try EnginePair.connected(version, handshake: false)
      if flights == 1 || side == .server { _ = try pair.server.feed(pair.client.drain()) }
      let rest = try pair.at(side.peer) { (engine) throws in engine.drain() }
      try pair.at(side) { (engine) throws in
        let waiting = engine.pendingOutputByteCount
        #expect(try engine.close() == .done)
        #expect(try engine.close() == .done)
        #expect(engine.pendingOutputByteCount == waiting)
        for error in [
          thrownError { _ = try engine.handshake() }, thrownError { _ = try engine.read(upTo: 1) },
          thrownError { _ = try engine.write([1]) }, thrownError { _ = try engine.feed(rest) },
        ] { #expect(error?.code == .abandoned) }
        #expect(engine.negotiated == nil)
        #expect(engine.drain().count == waiting)
        #expect(engine.needs == [])
      }
    }
  }

  /// A KeyUpdate or ticket of which half has come keeps libssl from writing; close_notify then follows by itself.
  @Test(arguments: [1, 5, 10, 20])
  func `close inside the peer's key update goes out when the rest of it is read`(cut: Int) throws {
    for side in TLSRole.allCases {
      var pair = try EnginePair.connected(.tls13)
      try pair.settle()
      let update = try pair.at(side.peer) { (engine) throws in
        _ = try engine.keyUpdate(requestingPeer: true)
        return engine.drain()
      }
      let last = try pair.at(side) { (engine) throws in
        _ = try engine.feed(update[..<cut])
        #expect(try engine.read(upTo: 1) == .needsFeed)
        _ = try engine.close()
        _ = try engine.feed(update[cut...])
        #expect(try engine.read(upTo: 1) == .needsFeed)
        #expect(try engine.close() == .done)
        return engine.drain()
      }
      try pair.at(side.peer) { (engine) throws in
        #expect(try engine.absorb(last).isEmpty)
        #expect(try engine.read(upTo: 1) == .endOfStream)
      }
    }
  }

  enum Tail: CaseIterable { case data, close, corruptRecord, alert, endOfInput }

  /// The answer that a KeyUpdate asks for is owed to the peer until the next message, and must not hide what comes instead.
  @Test(arguments: TLSRole.allCases, Tail.allCases)
  func `what follows a key update after the own close is reported as if none had come`(
    side: TLSRole, tail: Tail
  ) throws {
    func outcome(updates: Int, piece: Int) throws -> String {
      var pair = try EnginePair.connected(.tls13)
      try pair.settle()
      let ciphertext = try pair.at(side.peer) { (engine) throws in
        for _ in 0..<updates { #expect(try engine.keyUpdate(requestingPeer: true) == .done) }
        switch tail {
        case .data, .corruptRecord: _ = try engine.write([1, 2, 3])
        case .close: _ = try engine.close()
        case .alert: _ = thrownError { _ = try engine.absorb([23, 3, 3, 0, 20] + [UInt8](repeating: 7, count: 20)) }
        case .endOfInput: break
        }
        var bytes = engine.drain()
        if tail == .corruptRecord { bytes[bytes.count - 1] ^= 1 }
        return bytes
      }
      return try pair.at(side) { (engine) throws in
        #expect(try engine.close() == .done)
        let plaintext = (try? engine.absorb(ciphertext, piece: piece)) ?? []
        if tail == .endOfInput { engine.feedEOF() }
        let last = Result { try engine.read(upTo: 1) }
        return "\(plaintext) \(last) \(engine.failure?.description ?? "") \(engine.failure?.library ?? [])"
      }
    }
    let expected = try outcome(updates: 0, piece: .max)
    for updates in [1, 2] {
      for piece in [Int.max, 1] { #expect(try outcome(updates: updates, piece: piece) == expected) }
    }
  }
}
