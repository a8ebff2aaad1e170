import Testing

@testable import SansIOTLS

/// The parser of the extension pre_shared_key (RFC 8446, section 4.2.11).
@Suite(.tags(.law11))
struct OfferedPreSharedKeysTests {
  private func sized(_ contents: [UInt8]) -> [UInt8] {
    [UInt8(contents.count >> 8), UInt8(contents.count & 0xff)] + contents
  }

  private func offer(_ identities: [[UInt8]], binders: Int? = nil, size: Int = 32) -> [UInt8] {
    sized(identities.flatMap { sized($0) + [0, 0, 0, 1] })
      + sized((0..<(binders ?? identities.count)).flatMap { _ in [UInt8(size)] + [UInt8](repeating: 9, count: size) })
  }

  private func read(_ bytes: [UInt8]) -> [[UInt8]] { TLSEngine.ClientHello.preSharedKeyIdentities(in: bytes) }

  @Test func `identities come in the client's order`() {
    #expect(read(offer([[1, 2], [3], [0, 255]])) == [[1, 2], [3], [0, 255]])
    #expect(read(offer([[1]], size: 48)) == [[1]])
  }

  @Test func `an extension that is absent or malformed has none`() {
    #expect(read([]).isEmpty)
    #expect(read(offer([[]])).isEmpty)
    #expect(read(offer([[1]], binders: 0)).isEmpty)
    #expect(read(offer([[1]], binders: 2)).isEmpty)
    #expect(read(offer([[1]], size: 31)).isEmpty)
    #expect(read(offer([[1]]) + [0]).isEmpty)
    let whole = offer([[1, 2, 3], [4]])
    for count in whole.indices { #expect(read(Array(whole[..<count])).isEmpty, "\(count)") }
  }

  @Test func `64 identities are read at most`() {
    let identities = (0..<100).map { [UInt8($0)] }
    #expect(read(offer(identities)) == Array(identities.prefix(64)))
  }

  @Test func `an offer by its fields shows its identities`() {
    let hello = TLSEngine.ClientHello(serverName: nil, preSharedKeyIdentities: [[1]])
    #expect(hello.preSharedKeyIdentities == [[1]])
  }
}
