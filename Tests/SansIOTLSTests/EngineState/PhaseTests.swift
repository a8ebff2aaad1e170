import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The phase of an engine, as an embedder sees it.
struct PhaseTests {
  @Test(arguments: TLSVersion.both)
  func `a connection opens and its directions close independently`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    #expect(pair.client.phase == .handshaking)
    #expect(pair.server.phase == .handshaking)
    try pair.handshake()
    #expect(pair.client.phase == .open)
    #expect(pair.server.phase == .open)
    #expect(try pair.client.closeWriting() == .done)
    #expect(pair.client.phase == .writingClosed)
    pair.step()
    #expect(try pair.server.read(upTo: 1) == .endOfStream)
    #expect(pair.server.phase == .readingClosed)
    #expect(try pair.server.write([1]) == .done(1))
    #expect(try pair.server.closeWriting() == .done)
    #expect(pair.server.phase == .closed)
    pair.step()
    #expect(try pair.client.read(upTo: 9) == .done([1]))
    #expect(try pair.client.read(upTo: 9) == .endOfStream)
    #expect(pair.client.phase == .closed)
  }

  @Test func `a close during the handshake abandons and an error fails`() throws {
    var pair = try EnginePair.connected(handshake: false)
    #expect(try pair.client.closeWriting() == .done)
    #expect(pair.client.phase == .abandoned)
    #expect(thrownError { _ = try pair.server.feed(Array("GET / HTTP/1.1\r\n".utf8)) }?.code == .notTLS)
    #expect(pair.server.phase == .failed)
  }
}
