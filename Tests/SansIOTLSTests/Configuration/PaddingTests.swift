import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Records are as long as what is in them, also where openssl.cnf asks for padding (`RecordPadding`):
/// `Tests/Policy/check` runs these under such a policy.
@Suite(.tags(.law16))
struct PaddingTests {
  @Test(arguments: TLSRole.allCases)
  func `no record is padded`(side: TLSRole) throws {
    var pair = try EnginePair.connected(.tls13)
    try pair.settle()
    for count in [1, 100, 16_384] {
      _ = try pair.write(pattern(count)[...], from: side)
      // Header, content type and tag (RFC 8446, section 5.2).
      #expect(recordLengths(pair.drain(from: side)) == [5 + count + 1 + 16])
    }
  }
}
