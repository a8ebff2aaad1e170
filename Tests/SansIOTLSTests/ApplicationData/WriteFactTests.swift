import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 9, 10, 11, 14 and 21 of the page OpenSSLFacts: the contract of SSL_write, which does not apply to the engine's
/// callers.
@Suite(.tags(.openSSLFact))
struct WriteFactTests {
  private static func held(_ version: TLSVersion) throws -> EnginePair {
    let limits = TLSEngine.Limits.with { $0.pendingOutputByteCount = 16_000 }
    var pair = try EnginePair.connected(version, limits: limits)
    try pair.settle()
    #expect(try pair.client.write(pattern(16_384)) == .done(16_384))
    #expect(try pair.client.write(pattern(10)) == .needsDrain)
    return pair
  }

  /// Row 9. libssl requires the same buffer again, or sends the old bytes, or reports bad length.
  @Test(arguments: TLSVersion.both)
  func `a refused write may be dropped, moved, changed or shortened`(version: TLSVersion) throws {
    var pair = try Self.held(version)
    var ciphertext = pair.client.drain()
    #expect(try pair.client.write([42]) == .done(1))
    ciphertext += pair.client.drain()
    #expect(try pair.server.absorb(ciphertext) == pattern(16_384) + [42])
  }

  /// Row 10. 40,000 bytes into a buffer of 17 KB: libssl accepts 16,384; the engine all, as its queue has space.
  @Test(arguments: TLSVersion.both)
  func `a write larger than the buffer is accepted at once`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    let plaintext = pattern(40_000)
    #expect(try pair.client.write(plaintext) == .done(40_000))
    let ciphertext = pair.client.drain()
    #expect(recordLengths(ciphertext).count == 3)
    #expect(try pair.server.absorb(ciphertext) == plaintext)
  }

  /// Row 11. A post-handshake request that is read while a write is pending is fatal in libssl.
  @Test
  func `a request that is read after a refused write is answered`() throws {
    var pair = try Self.held(.tls13)
    #expect(try pair.server.keyUpdate(requestingPeer: true) == .done)
    let before = pair.client.pendingOutputByteCount
    #expect(try pair.client.absorb(pair.server.drain()).isEmpty)
    #expect(try pair.client.keyUpdate(requestingPeer: true) == .done)
    #expect(pair.client.pendingOutputByteCount > before)
    #expect(try pair.server.absorb(pair.client.drain()) == pattern(16_384))
    #expect(try pair.transfer([1], from: .client) == [1])
    #expect(try pair.transfer([2], from: .server) == [2])
  }

  /// Row 14. SSL_shutdown with a write pending: the write can never finish.
  @Test(arguments: TLSVersion.both)
  func `close after a refused write sends a complete stream`(version: TLSVersion) throws {
    var pair = try Self.held(version)
    #expect(try pair.client.closeWriting() == .done)
    #expect(try pair.server.absorb(pair.client.drain()) == pattern(16_384))
    #expect(try pair.server.read(upTo: 1) == .endOfStream)
  }

  /// Row 21. SSL_write of 0 bytes looks like an error, SSL_read of 0 bytes like WANT_READ.
  @Test(arguments: TLSVersion.both)
  func `empty calls do nothing and are not errors`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(try pair.client.write([UInt8]()) == .done(0))
    #expect(pair.client.pendingOutputByteCount == 0)
    #expect(try pair.client.feed([UInt8]()) == 0)
    _ = try pair.server.write([1])
    _ = try pair.client.feed(pair.server.drain())
    var nothing: [UInt8] = []
    #expect(try pair.client.read(upTo: 0).map(\.count) == .done(0))
    nothing += try pair.client.readAll()
    #expect(nothing == [1], "reading nothing took nothing")
    #expect(try pair.client.write([UInt8]()) == .done(0))
  }
}
