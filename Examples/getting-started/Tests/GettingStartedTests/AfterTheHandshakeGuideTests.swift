import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

@testable import GettingStarted

/// The code of the page AfterTheHandshake.
struct AfterTheHandshakeGuideTests {
  @Test
  func `keys change while a stream writes`() async throws {
    let (one, other) = MemoryTransport.pair()
    let pair = try EnginePair.configurations(version: .tls13)
    let client = TLSStream(
      try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(pair.client)), over: one)
    let server = TLSStream(try TLSEngine(.server, context: TLSContext(pair.server)), over: other)
    let plaintext = [UInt8](repeating: 7, count: 10_000)
    async let received = Task {
      var bytes: [UInt8] = []
      while bytes.count < plaintext.count, let some = try await server.read() { bytes += some }
      return bytes
    }.value
    try await write(plaintext, changingKeysEvery: 3000, to: client)
    #expect(try await received == plaintext)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `both sides have the same binding and key`(version: TLSVersion) throws {
    var pair = try EnginePair(version: version)
    try pair.handshake()
    let (name, bytes) = try channelBinding(of: pair.client)
    #expect(name == (version == .tls13 ? "tls-exporter" : "tls-unique"))
    #expect(try channelBinding(of: pair.server).bytes == bytes)
    #expect(try applicationKey(of: pair.client) == applicationKey(of: pair.server))
  }

  @Test
  func `a certificate is asked for when a request needs it`() throws {
    let authority = TestAuthority()
    let alice = authority.issue(subject: "Alice", usage: .client)
    var client = TLSContext.Configuration.client(try alice.identity)
    client.trustRoots = [authority.trust]
    let server = TLSContext.Configuration.server(
      try authority.issue(names: ["localhost"]).identity, admitting: authority.trust)
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    try pair.handshake()
    var admission = Admission()
    #expect(try admission.certificate(of: &pair.server) == nil)
    #expect(try pair.transfer([1], from: .server) == [1])
    #expect(try pair.transfer([2], from: .client) == [2])
    for _ in 0..<2 { #expect(try admission.certificate(of: &pair.server) == alice.certificate) }
  }

  @Test
  func `records start small, or hide lengths`() throws {
    var (client, server) = try EnginePair.configurations()
    client = client.hidingLengths(upTo: 256)
    server = server.startingSmall()
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    try pair.handshake()
    _ = try pair.receive(at: .client)
    for count in [1, 2, 255, 256] {
      _ = try pair.write([UInt8](repeating: 0, count: count)[...], from: .client)
      #expect(pair.drain(from: .client).count == 257 + 5 + 16)
    }
    _ = try pair.write([UInt8](repeating: 0, count: 2720)[...], from: .server)
    #expect(pair.drain(from: .server).count == 2720 + 2 * 22)
  }
}
