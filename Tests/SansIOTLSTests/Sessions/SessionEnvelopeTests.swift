import Testing

@testable import SansIOTLS

/// The format of saved sessions, without libssl.
@Suite(.tags(.behaviour))
struct SessionEnvelopeTests {
  private static let names: [TLSServerName] = [
    .dns("a.example"), .ip("2001:db8::1"), .unverified(sni: nil), .unverified(sni: "a.example"),
  ]

  @Test(arguments: names, [nil, "", "domain"])
  func `what is written is read`(name: TLSServerName, domain: String?) throws {
    for flags in 0..<4 {
      let envelope = SessionEnvelope(
        serverName: name, isAcceptedOutOfDate: flags & 1 != 0, pausesAtPeerCertificates: flags & 2 != 0,
        domain: domain, chain: [[1], [], [2, 3]], identities: flags == 0 ? [] : [[4]])
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
    // The count of the chain, then that of the identities, is the last but one and the last value.
    for index in [head.count - 8, head.count - 4] {
      var bytes = head[...]
      bytes[index] = 0x7f
      #expect(thrownError { _ = try SessionEnvelope(head: &bytes) }?.code == .invalidSession)
    }
  }
}
