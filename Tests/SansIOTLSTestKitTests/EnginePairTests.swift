import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTrace
import Testing

/// A pair is created in a line, calls its engines, and never blocks.
struct EnginePairTests {
  @Test func `one line creates a connection`() throws {
    var pair = try EnginePair()
    try pair.handshake()
    #expect(try pair.transfer(Array("ping".utf8), from: .client) == Array("ping".utf8))
    try pair.shutdown()
  }

  @Test(arguments: [TLSVersion.tls12, .tls13], [TestIdentity.KeyType.p256, .ed25519])
  func `version, key and configuration are as requested`(version: TLSVersion, key: TestIdentity.KeyType) throws {
    var pair = try EnginePair(version: version, key: key) { client, server in
      client.applicationProtocols = ["h2"]
      server.applicationProtocols = ["h2"]
    }
    try pair.handshake()
    #expect(pair.client.negotiated?.version == version)
    #expect(pair.server.negotiated?.applicationProtocol == "h2")
  }

  @Test func `sending alone and receiving alone move everything`() throws {
    var pair = try EnginePair()
    try pair.handshake()
    let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    try pair.send(bytes, from: .server)
    #expect(try pair.receive(at: .client) == bytes)
    #expect(try pair.receive(at: .client).isEmpty)
  }

  /// The message of a stalled pair, or `nil` if it did not stall.
  private func stuck(_ body: () throws -> Void) -> String? {
    do { try body() } catch let error as EnginePair.Stalled { return error.description } catch { return "\(error)" }
    return nil
  }

  @Test func `a stalled handshake throws the ladder and the needs of both sides`() throws {
    var pair = try EnginePair(version: .tls13, link: .stalling(from: .server, after: 0))
    let text = stuck { try pair.handshake() }
    #expect(text?.hasPrefix("the handshake stalled: client needs [feed], server needs [feed]\n") == true)
    #expect(text?.contains("ClientHello") == true)
    #expect(text?.contains("link delivers nothing after 0 bytes from the server") == true)
  }

  @Test func `every drive is limited`() throws {
    var pair = try EnginePair()
    #expect(stuck { try pair.handshake(limit: 1) }?.contains("the handshake stalled") == true)
    try pair.handshake()
    #expect(stuck { _ = try pair.transfer([UInt8](repeating: 0, count: 400_000), from: .client, limit: 1) } != nil)
    pair.link = .stalling(from: .client, after: 0)
    #expect(stuck { try pair.shutdown() }?.contains("the shutdown stalled") == true)
  }

  @Test func `the failure of a pair is the first one`() throws {
    var pair = try EnginePair { client, _ in client.trustRoots = [TestAuthority().trust] }
    do {
      try pair.handshake()
      Issue.record("the handshake succeeded")
    } catch let error as TLSError {
      #expect(error.code == .certificateRejected)
    }
    #expect(pair.failure?.side == .client)
    #expect(pair.server.failure?.alertReceived == .unknownCA)
    #expect(pair.log.report.contains("client failed: certificateRejected"))
  }

  @Test func `a transport that ends without close_notify is a truncation`() throws {
    var pair = try EnginePair()
    try pair.handshake()
    try pair.send(Array("last".utf8), from: .server)
    pair.cut(from: .server)
    #expect(try pair.receive(at: .client) == Array("last".utf8))
    #expect(throws: TLSError.self) { _ = try pair.receive(at: .client) }
    #expect(pair.client.failure?.code == .truncated)
  }

  @Test func `a half-closed link leaves the other direction open`() throws {
    var pair = try EnginePair()
    try pair.handshake()
    try pair.close(from: .client)
    #expect(try pair.transfer([1, 2, 3], from: .server) == [1, 2, 3])
    try pair.shutdown()
  }

  @Test func `the report names the seeds`() throws {
    let pair = try EnginePair(link: SimulatedLink(seed: 77), in: SeededWorld(seed: 78))
    #expect(pair.log.report.contains("seed of the world 78\nseed of the link 77\n"))
    #expect(pair.log.seed == 78)
    #expect(try EnginePair().log.tape == nil)
  }

  @Test func `conversations of a task are collected, the latest eight`() async throws {
    let collector = ConversationLog.Collector()
    try await ConversationLog.Collector.$current.withValue(collector) {
      // In child tasks too.
      for _ in 0..<10 { try await Task { _ = try EnginePair() }.value }
    }
    #expect(collector.logs.count == 8)
    _ = try EnginePair()
    #expect(collector.logs.count == 8)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `the ladder is the same whether or not the contexts trace messages`(version: TLSVersion) throws {
    func names(tapped: Bool) throws -> String {
      var (client, server) = try EnginePair.configurations(version: version)
      client.tracesMessages = tapped
      server.tracesMessages = tapped
      var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
      try pair.handshake()
      _ = try pair.transfer([1, 2, 3], from: .client)
      try pair.shutdown()
      // Signatures differ in size.
      return pair.log.ladder.text().filter { $0.isLetter || $0.isNewline }
    }
    let names = (untapped: try names(tapped: false), tapped: try names(tapped: true))
    #expect(names.untapped == names.tapped)
  }

  @Test func `engines that were created directly trace the waiting ClientHello`() throws {
    let contexts = try Application.contexts()
    let client = try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client)
    let size = client.pendingOutputByteCount
    let pair = EnginePair(client: client, server: try TLSEngine(.server, context: contexts.server))
    // The ladder divides large numbers by commas.
    #expect(pair.log.ladder.text().filter { $0 != "," }.contains("ClientHello \(size - 5) bytes"))
    #expect(pair.client.pendingOutputByteCount == size)
  }
}
