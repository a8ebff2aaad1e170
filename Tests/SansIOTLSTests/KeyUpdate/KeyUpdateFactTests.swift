import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 12 and 13 of the page OpenSSLFacts: libssl answers a KeyUpdate only at its next write, and refuses a shutdown
/// beside one.
@Suite(.tags(.openSSLFact))
struct KeyUpdateFactTests {
  @Test(.tags(.behaviour), arguments: TLSRole.allCases)
  func `a request is answered by the read that receives it`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    #expect(try pair[side.peer].keyUpdate(requestingPeer: true) == .done)
    let request = pair[side.peer].drain()
    #expect(recordLengths(request).count == 1, "the own message is sent at once")
    #expect(try pair[side].absorb(request).isEmpty)
    #expect(pair[side].needs == [.drain, .feed])
    let answer = pair[side].drain()
    #expect(answer.count == 27)
    #expect(recordLengths(answer).count == 1)
    #expect(try pair[side.peer].absorb(answer).isEmpty)
    #expect(pair[side.peer].pendingOutputByteCount == 0, "an answer is not answered")
    #expect(try pair.transfer([1], from: side) == [1])
    #expect(try pair.transfer([2], from: side.peer) == [2])
  }

  @Test(arguments: TLSRole.allCases)
  func `an update without request is not answered`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    _ = try pair[side.peer].keyUpdate(requestingPeer: false)
    pair.step()
    #expect(try pair.read(at: side) == .needsFeed)
    #expect(pair[side].pendingOutputByteCount == 0)
    #expect(try pair.transfer([1], from: side.peer) == [1])
  }

  @Test(arguments: TLSRole.allCases)
  func `a partially received request is answered once it is complete`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    _ = try pair[side.peer].keyUpdate(requestingPeer: true)
    let request = pair[side.peer].drain()
    for byte in request.dropLast() {
      #expect(try pair[side].absorb([byte]).isEmpty)
      #expect(pair[side].pendingOutputByteCount == 0)
    }
    // Between the two halves everything else still works.
    #expect(try pair[side].write([7]) == .done(1))
    #expect(try pair[side].absorb(Array(request.suffix(1))).isEmpty)
    #expect(pair[side].pendingOutputByteCount > 0)
    pair.step()
    #expect(try pair.read(at: side.peer) == .done([7]))
  }

  @Test
  func `a key update in TLS 1.2 is refused without ending the connection`() throws {
    var pair = try EnginePair.connected(.tls12)
    let error = thrownError { _ = try pair.client.keyUpdate(requestingPeer: true) }
    #expect(error?.code == .unsupported)
    #expect(error?.blame == .misuse)
    #expect(try pair.transfer([1], from: .client) == [1])
  }

  /// Row 13. SSL_shutdown right after SSL_key_update, or in a handshake: "shutdown while in init".
  @Test(arguments: TLSRole.allCases, [false, true])
  func `close right after a key update sends both`(side: TLSRole, requesting: Bool) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    #expect(try pair[side].keyUpdate(requestingPeer: requesting) == .done)
    #expect(try pair[side].closeWriting() == .done)
    let last = pair[side].drain()
    #expect(recordLengths(last).count == 2)
    #expect(try pair[side.peer].absorb(last).isEmpty)
    #expect(try pair[side.peer].read(upTo: 1) == .endOfStream)
    #expect(try pair.transfer([1], from: side.peer) == [1])
  }

  @Test(arguments: TLSRole.allCases)
  func `close right after reading a request sends answer and close`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    _ = try pair[side.peer].keyUpdate(requestingPeer: true)
    let request = pair[side.peer].drain()
    _ = try pair[side].feed(request)
    #expect(try pair[side].closeWriting() == .done, "the request was fed and not read")
    #expect(try pair[side].read(upTo: 1) == .needsFeed)
    let last = pair[side].drain()
    #expect(try pair[side.peer].absorb(last).isEmpty)
    #expect(try pair[side.peer].read(upTo: 1) == .endOfStream)
  }

  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `close before and in the handshake is no error`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    #expect(try pair[side].closeWriting() == .done)
    #expect(pair[side].failure == nil)
  }
}
