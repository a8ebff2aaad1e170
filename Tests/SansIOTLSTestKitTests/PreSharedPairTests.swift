import SansIOTLS
import SansIOTLSTestKit
import Testing

/// The kit's pairs with pre-shared keys.
struct PreSharedPairTests {
  @Test(arguments: [TLSVersion.tls12, .tls13], TLSPreSharedKey.Hash.allCases)
  func `a pair by a key is one line`(version: TLSVersion, hash: TLSPreSharedKey.Hash) throws {
    var pair = try EnginePair(preSharedKey: .test("device", hash: hash), version: version)
    try pair.handshake()
    #expect(try pair.transfer([1, 2], from: .client) == [1, 2])
    #expect(pair.log.report.contains("pre-shared key device"))
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a seed decides every byte of a conversation by a key`(version: TLSVersion) throws {
    func tape(_ seed: UInt64) throws -> Tape {
      let world = SeededWorld(seed: seed)
      var pair = try EnginePair(preSharedKey: .test(), version: version, in: world)
      try pair.handshake()
      _ = try pair.transfer([1, 2, 3], from: .client)
      _ = try pair.transfer([4], from: .server)
      return try #require(pair.log.tape)
    }
    let (first, second, other) = (try tape(1), try tape(1), try tape(2))
    #expect(first.digest == second.digest)
    #expect(first.digest != other.digest)
    let world = SeededWorld(seed: 1)
    var again = try EnginePair(preSharedKey: .test(), version: version, in: world)
    try first.replay(on: &again)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a conversation by a key does not depend on how its bytes are divided`(version: TLSVersion) throws {
    for faults in 0..<4 {
      var pair = try EnginePair(
        preSharedKey: .test(), version: version, link: SimulatedLink(seed: UInt64(faults), faults: .harmless))
      try pair.handshake(limit: 100_000)
      #expect(try pair.transfer([UInt8](repeating: 5, count: 3000), from: .client).count == 3000)
    }
  }

  @Test func `keys for tests are the same in each process`() {
    #expect(TLSPreSharedKey.test("a") == .test("a"))
    #expect(TLSPreSharedKey.test("a") != .test("b"))
  }
}
