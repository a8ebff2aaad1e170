import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Signed certificate timestamps of the peer, as values.
@Suite(.tags(.openSSLFact))
struct TimestampTests {
  private static let identity = TestAuthority().issueIntermediate().issue(names: ["localhost"])

  /// A timestamp that no log has signed.
  private static func timestamp(_ number: UInt8) -> [UInt8] {
    [0] + Array(repeating: number, count: 32) + [0, 0, 1, 0x8f, 0, 0, 0, number] + [0, 0] + [4, 3, 0, 4, 1, 2, 3, 4]
  }

  private static func list(_ timestamps: [[UInt8]]) -> [UInt8] {
    func field(_ bytes: [UInt8]) -> [UInt8] { [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes }
    return field(timestamps.flatMap(field))
  }

  /// Row 67 of the second table of the page OpenSSLFacts. The extension is sent only if timestamps are collected, which
  /// asks for a staple too.
  @Test(arguments: TLSVersion.both)
  func `timestamps of the handshake are readable where they are collected`(version: TLSVersion) throws {
    for collects in [false, true] {
      let peer = StaplingPeer(
        Self.identity, staple: Self.identity.staple(), version: version,
        timestamps: Self.list([Self.timestamp(1), Self.timestamp(2)]))
      let client = try peer.connect(Self.identity.trust, stapling: .requested) {
        $0.collectsCertificateTimestamps = collects
      }
      let timestamps = client.peerCertificateTimestamps
      #expect(client.negotiated?.version == version)
      // libssl keeps them in an order of its own.
      #expect(timestamps.count == (collects ? 2 : 0))
      #expect(Set(timestamps.map(\.bytes)) == (collects ? Set([1, 2].map(Self.timestamp)) : []))
      #expect(Set(timestamps.map { $0.logID[0] }) == (collects ? [1, 2] : []))
      #expect(peer.callCount == 1)
    }
  }

  @Test(arguments: TLSVersion.both)
  func `a malformed list is no list, and ends nothing`(version: TLSVersion) throws {
    for list in [[0], [0, 9, 1], Self.list([[0, 1, 2]])] as [[UInt8]] {
      let peer = StaplingPeer(Self.identity, staple: [], version: version, timestamps: list)
      let client = try peer.connect(Self.identity.trust, stapling: .requested) {
        $0.collectsCertificateTimestamps = true
      }
      let timestamps = client.peerCertificateTimestamps
      #expect(client.failure == nil)
      #expect(client.negotiated?.version == version)
      #expect(timestamps == [])
    }
  }

  @Test func `timestamps are collected with staples alone`() throws {
    var client = TLSContext.Configuration.client()
    client.collectsCertificateTimestamps = true
    expectRefusal(.invalidConfiguration, .misuse, naming: "stapling") { _ = try TLSContext(client) }
  }
}
