import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Failures whose cause is known well enough for an advice of their own.
@Suite(.tags(.behaviour))
struct AdviceTests {
  @Test func `a server without secure renegotiation is refused with advice`() throws {
    var pair = try EnginePair.connected(.tls12, handshake: false)
    // ServerHello: version, random, no session, ECDHE-ECDSA-AES128-GCM-SHA256, no compression, no extensions.
    let hello: [UInt8] = [3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0xc0, 0x2b, 0]
    let message = [2, 0, 0, UInt8(hello.count)] + hello
    _ = try? pair.client.feed([22, 3, 3, 0, UInt8(message.count)] + message)
    let error = try #require(thrownError { _ = try pair.client.handshake() })
    #expect(error.openSSLErrors.contains { $0.reason == "unsafe legacy renegotiation disabled" }, "\(error)")
    #expect(error.blame == .peer)
    #expect(error.hint.contains("RFC 5746"))
  }

  @Test func `a client that fell back needlessly is refused with advice`() throws {
    var pair = try EnginePair.connected(handshake: false) { client, _ in client.maximumVersion = .tls12 }
    var hello = pair.client.drain()
    // The last of the suites gives its place to TLS_FALLBACK_SCSV.
    let suites = 44 + Int(hello[43])
    let count = Int(hello[suites]) << 8 | Int(hello[suites + 1])
    hello[suites + count] = 0x56
    hello[suites + count + 1] = 0x00
    _ = try? pair.server.feed(hello)
    let error = try #require(thrownError { _ = try pair.server.handshake() })
    #expect(error.openSSLErrors.contains { $0.reason == "inappropriate fallback" }, "\(error)")
    #expect(error.alertSent == .inappropriateFallback)
    #expect(error.hint.contains("TLS_FALLBACK_SCSV"))
    _ = try? pair.client.feed(pair.server.drain())
    let other = try #require(thrownError { _ = try pair.client.handshake() })
    #expect(other.alertReceived == .inappropriateFallback)
    #expect(other.hint.contains("TLS_FALLBACK_SCSV"))
  }
}
