import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Facts 12 and 13: libssl answers a KeyUpdate only when it writes next, and takes no shutdown beside one.
@Suite(.tags(.openSSLFact))
struct KeyUpdateFactTests {
  @Test(arguments: TLSRole.allCases)
  func `a request is answered by the read that meets it`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    let request = try pair.at(side.peer) { (engine) throws in
      #expect(try engine.keyUpdate(requestingPeer: true) == .done)
      return engine.drain()
    }
    #expect(!request.isEmpty, "the own message is there at once")
    let answer = try pair.at(side) { (engine) throws in
      #expect(try engine.absorb(request).isEmpty)
      #expect(engine.needs == [.drain, .feed])
      return engine.drain()
    }
    #expect(answer.count == 27)
    #expect(try pair.at(side.peer) { try $0.absorb(answer) }.isEmpty)
    #expect(pair.at(side.peer) { $0.pendingOutputByteCount } == 0, "an answer is not answered")
    #expect(try pair.transfer([1], from: side) == [1])
    #expect(try pair.transfer([2], from: side.peer) == [2])
  }

  @Test(arguments: TLSRole.allCases)
  func `an update without request is not answered`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    _ = try pair.at(side.peer) { try $0.keyUpdate(requestingPeer: false) }
    pair.step()
    #expect(try pair.read(at: side) == .needsFeed)
    #expect(pair.at(side) { $0.pendingOutputByteCount } == 0)
    #expect(try pair.transfer([1], from: side.peer) == [1])
  }

  @Test(arguments: TLSRole.allCases)
  func `a request of which half has come is answered when it is whole`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    let request = try pair.at(side.peer) { (engine) throws in
      _ = try engine.keyUpdate(requestingPeer: true)
      return engine.drain()
    }
    try pair.at(side) { (engine) throws in
      for byte in request.dropLast() {
        #expect(try engine.absorb([byte]).isEmpty)
        #expect(engine.pendingOutputByteCount == 0)
      }
      // Between the two halves everything else still works.
      #expect(try engine.write([7]) == .done(1))
      #expect(try engine.absorb(Array(request.suffix(1))).isEmpty)
      #expect(engine.pendingOutputByteCount > 0)
    }
    pair.step()
    #expect(try pair.read(at: side.peer) == .done([7]))
  }

  @Test
  func `TLS 1.2 has no key update and says so without harm`() throws {
    var pair = try EnginePair.connected(.tls12)
    let error = thrownError { _ = try pair.client.keyUpdate(requestingPeer: true) }
    #expect(error?.code == .unsupported)
    #expect(error?.blame == .misuse)
    #expect(try pair.transfer([1], from: .client) == [1])
  }

  /// Fact 13. SSL_shutdown right after SSL_key_update, or in a handshake: "shutdown while in init".
  @Test(arguments: TLSRole.allCases, [false, true])
  func `close right after a key update sends both`(side: TLSRole, requesting: Bool) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    let last = try pair.at(side) { (engine) throws in
      #expect(try engine.keyUpdate(requestingPeer: requesting) == .done)
      #expect(try engine.close() == .done)
      return engine.drain()
    }
    #expect(recordLengths(last).count == 2)
    try pair.at(side.peer) { (engine) throws in
      #expect(try engine.absorb(last).isEmpty)
      #expect(try engine.read(upTo: 1) == .endOfStream)
    }
    #expect(try pair.transfer([1], from: side.peer) == [1])
  }

  @Test(arguments: TLSRole.allCases)
  func `close right after reading a request sends answer and close`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    let request = try pair.at(side.peer) { (engine) throws in
      _ = try engine.keyUpdate(requestingPeer: true)
      return engine.drain()
    }
    let last = try pair.at(side) { (engine) throws in
      _ = try engine.feed(request)
      #expect(try engine.close() == .done, "the request was fed and not read")
      #expect(try engine.read(upTo: 1) == .needsFeed)
      return engine.drain()
    }
    try pair.at(side.peer) { (engine) throws in
      #expect(try engine.absorb(last).isEmpty)
      #expect(try engine.read(upTo: 1) == .endOfStream)
    }
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `close before and in the handshake is no error`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    #expect(try pair.at(side) { try $0.close() } == .done)
    #expect(pair.at(side) { $0.failure } == nil)
  }
}
