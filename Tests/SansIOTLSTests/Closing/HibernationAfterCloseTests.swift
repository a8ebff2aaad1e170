import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A peer would mistake what follows an engine's close_notify for plaintext: nothing follows it, however often the
/// engine has hibernated since.
@Suite(.tags(.law9))
struct HibernationAfterCloseTests {
  /// A connection whose client has closed its direction, and has hibernated so many times after that.
  private func closed(_ version: TLSVersion, naps: Int) throws -> EnginePair {
    var pair = try EnginePair.connected(version)
    try pair.settle()
    #expect(try pair.client.closeWriting() == .done)
    try pair.settle()
    for _ in 0..<naps {
      #expect(pair.client.hibernate() == true)
      #expect(try pair.transfer([7], from: .server) == [7])
    }
    return pair
  }

  @Test(arguments: [0, 1, 2])
  func `a request for new keys is not answered`(naps: Int) throws {
    var pair = try closed(.tls13, naps: naps)
    // libssl answers the first when it reads the second.
    for _ in 0..<3 { #expect(try pair.server.keyUpdate(requestingPeer: true) == .done) }
    #expect(try pair.transfer([1, 2, 3], from: .server) == [1, 2, 3])
    #expect(pair.client.pendingOutputByteCount == 0)
  }

  @Test(arguments: TLSVersion.both, [0, 1, 2])
  func `a broken record is answered by no alert`(version: TLSVersion, naps: Int) throws {
    var pair = try closed(version, naps: naps)
    _ = thrownError { _ = try pair.client.absorb([23, 3, 3, 0, 40] + pattern(40)) }
    #expect(pair.client.failure?.code == .protocolViolation)
    #expect(pair.client.drain().isEmpty)
  }
}
