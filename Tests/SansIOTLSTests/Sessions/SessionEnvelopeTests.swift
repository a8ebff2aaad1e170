import Testing

@testable import SansIOTLS

/// The format of saved sessions, without libssl.
@Suite(.tags(.behaviour))
struct SessionEnvelopeTests {
  private static let names: [TLSServerName] = [
    .dns("a.example"), .ip("2001:db8::1"), .unverified(sni: nil), .unverified(sni: "a.example"),
    .anyOf(["a.example", "b.example"], sni: nil), .anyOf([], sni: "a.example"),
  ]
  private static let staples: [StapleProof] = [.notAsked, .absent, .good(until: 4_102_444_800), .good(until: -1)]

  @Test(arguments: names, [nil, "", "domain"])
  func `what is written is read`(name: TLSServerName, domain: String?) throws {
    for flags in 0..<8 {
      let envelope = SessionEnvelope(
        serverName: name, isAcceptedOutOfDate: flags & 1 != 0, pausesAtPeerCertificates: flags & 2 != 0,
        pausesAtCertificateRequest: flags & 4 != 0, domain: domain, chain: [[1], [], [2, 3]],
        identities: flags == 0 ? [] : [[4]], pins: [[UInt8]](repeating: [5], count: flags),
        staple: Self.staples[flags & 3])
      var bytes = (envelope.head + [9, 8, 7])[...]
      #expect(try SessionEnvelope(head: &bytes) == envelope)
      #expect(bytes == [9, 8, 7])
    }
  }

  @Test func `a count that the bytes cannot hold reserves nothing`() {
    let head = SessionEnvelope(
      serverName: .dns("a"), isAcceptedOutOfDate: false, pausesAtPeerCertificates: false, domain: nil, chain: [],
      identities: []
    ).head
    // The counts of the chain, the identities and the pins stand before the staple, a value of one byte.
    for index in [head.count - 17, head.count - 13, head.count - 9] {
      var bytes = head[...]
      bytes[index] = 0x7f
      #expect(thrownError { _ = try SessionEnvelope(head: &bytes) }?.code == .invalidSession)
    }
  }
}
