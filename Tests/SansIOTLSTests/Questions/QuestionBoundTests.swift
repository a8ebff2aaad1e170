import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Input received while a question is open counts towards the limit of the handshake.
@Suite(.tags(.law11))
struct QuestionBoundTests {
  private static let limits = {
    let limits = TLSEngine.Limits.with { $0.handshakeInputByteCount = 4096 }
    return limits
  }()

  @Test(arguments: TLSVersion.both, [1, 100, 5000])
  func `a server that pauses at the ClientHello accepts no more than the limit of handshake input`(
    version: TLSVersion, piece: Int
  ) throws {
    var pair = try EnginePair.connected(version, handshake: false, limits: Self.limits) { _, server in
      server.pausesAtClientHello = true
    }
    var taken = try pair.server.feed(pair.client.drain())
    #expect(pair.server.question != nil)
    let more = [UInt8](repeating: 1, count: piece)
    for _ in 0..<(10_000 / piece) { taken += try pair.server.feed(more) }
    #expect(taken == 4096)
  }

  @Test(arguments: TLSVersion.both, [1, 100, 5000])
  func `a client that pauses at the certificate accepts no more than the limit of handshake input`(
    version: TLSVersion, piece: Int
  ) throws {
    var pair = try EnginePair.connected(version, handshake: false, limits: Self.limits) { client, _ in
      client.pausesAtPeerCertificates = true
    }
    _ = try pair.server.feed(pair.client.drain())
    var taken = try pair.client.feed(pair.server.drain())
    #expect(pair.client.question != nil)
    let more = [UInt8](repeating: 1, count: piece)
    for _ in 0..<(10_000 / piece) { taken += try pair.client.feed(more) }
    #expect(taken == 4096)
  }
}
