import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Law 1. When a call returns, libssl cannot make progress by itself.
struct QuiescenceTests {
  @Test(arguments: TLSVersion.both)
  func `a handshake at rest is changed by nothing but ciphertext`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    let hello = pair.client.outboundCount
    for _ in 0..<3 {
      #expect(try pair.client.handshake() == .needsFeed)
      #expect(try pair.server.handshake() == .needsFeed)
    }
    #expect(pair.client.outboundCount == hello)
    #expect(pair.server.outboundCount == 0)
  }

  @Test(arguments: TLSVersion.both)
  func `a fresh client wants to drain and a fresh server wants to be fed`(version: TLSVersion) throws {
    let pair = try EnginePair.connected(version, handshake: false)
    #expect(pair.client.needs == [.drain, .feed])
    #expect(pair.server.needs == [.feed])
  }

  @Test(arguments: TLSVersion.both)
  func `after the handshake repeated calls find nothing to do`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    while case .done = try pair.read(at: .client) {}
    pair.step()
    for _ in 0..<3 {
      #expect(try pair.client.handshake() == .done)
      #expect(try pair.read(at: .client) == .needsFeed)
      #expect(try pair.read(at: .server) == .needsFeed)
      #expect(pair.client.outboundCount == 0)
      #expect(pair.server.outboundCount == 0)
    }
    #expect(pair.client.needs == .feed)
    #expect(pair.server.needs == .feed)
  }

  @Test(arguments: TLSVersion.both)
  func `the handshake needs no call but feed and drain`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    #expect(pair.client.negotiated?.version == version)
    #expect(pair.server.negotiated?.version == version)
    #expect(try pair.transfer(Array("ping".utf8), from: .client) == Array("ping".utf8))
    #expect(try pair.transfer(Array("pong".utf8), from: .server) == Array("pong".utf8))
    try pair.shutdown()
  }
}
