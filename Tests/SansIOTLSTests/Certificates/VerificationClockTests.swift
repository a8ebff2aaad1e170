import CSansIOTLSOpenSSL
import Testing

@testable import SansIOTLS

/// The clock of verifications and of sessions.
@Suite(.tags(.behaviour))
struct VerificationClockTests {
  @Test func `libssl's clock is the one by which libcrypto checks certificates`() throws {
    let before = try Self.now()
    let time = VerificationClock.system
    let after = try Self.now()
    #expect((before...after).contains(time))
  }

  /// The time by libcrypto.
  private static func now() throws -> Int64 {
    let time = unsafe X509_gmtime_adj(nil, 0)
    defer { unsafe ASN1_TIME_free(time) }
    return try #require(unsafe VerificationClock.seconds(time))
  }
}
