import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 31 and 33 of the page OpenSSLFacts.
@Suite(.tags(.openSSLFact))
struct ReadFactTests {
  /// Row 31. SSL_pending counts the current record alone; the engine's `needs` and `read` include all that was fed.
  @Test(arguments: TLSVersion.both, TLSRole.allCases)
  func `one read returns the data of all records that have arrived`(version: TLSVersion, side: TLSRole) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    var plaintext: [UInt8] = []
    for length in [1, 200, 3000, 5] {
      let some = pattern(length, seed: UInt64(length))
      _ = try pair.write(some[...], from: side.peer)
      plaintext += some
    }
    pair.step()
    #expect(try pair.read(at: side, upTo: 100) == .done(Array(plaintext[..<100])))
    #expect(pair[side].needs == [.read])
    #expect(try pair.read(at: side, upTo: 10_000) == .done(Array(plaintext[100...])))
    #expect(pair[side].needs == [.feed])
  }

  /// Row 31. The rest of a partially read record is available although the buffer is empty.
  @Test(arguments: TLSVersion.both)
  func `needs reports the rest of a partially read record`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    _ = try pair.client.write(pattern(16_384))
    pair.step()
    var received: [UInt8] = []
    while pair.server.needs.contains(.read) {
      guard case .done(let some) = try pair.server.read(upTo: 1000) else { break }
      #expect(!some.isEmpty)
      received += some
    }
    #expect(received == pattern(16_384))
    #expect(pair.server.needs == [.feed])
  }

  /// Row 33. A setting that costs speed and changes nothing else.
  @Test(arguments: TLSVersion.both)
  func `releasing buffers changes no result`(version: TLSVersion) throws {
    let identity = TestAuthority(key: .ed25519).issue(names: ["localhost"], key: .ed25519)
    func outcome(releases: Bool) throws -> Conversation.Outcome {
      var conversation = Conversation(
        try EnginePair.connected(version, handshake: false, identity: identity) { client, server in
          client.releasesBuffers = releases
          server.releasesBuffers = releases
          server.resumption = .off
        },
        nextPiece: { 700 })
      try conversation.run(count: 30_000, version: version)
      return conversation.outcome
    }
    #expect(try outcome(releases: true) == outcome(releases: false))
  }
}
