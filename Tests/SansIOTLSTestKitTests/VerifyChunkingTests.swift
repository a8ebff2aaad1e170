import SansIOTLS
import SansIOTLSTestKit
import Testing

/// A script that depends on chunking is detected.
struct VerifyChunkingTests {
  @Test(arguments: [TLSVersion.tls12, .tls13], [TestIdentity.KeyType.p256, .ed25519])
  func `a whole conversation is the same byte for byte however it is divided`(
    version: TLSVersion, key: TestIdentity.KeyType
  ) throws {
    try verifyChunking(seed: 5) { world, link in
      var pair = try EnginePair(version: version, key: key, link: link, in: world) { _, server in
        server.resumption = .tickets(count: 3)
      }
      try pair.handshake()
      _ = try pair.transfer(Array("GET / HTTP/1.1\r\n\r\n".utf8), from: .client)
      _ = try pair.transfer([UInt8](repeating: 9, count: 3000), from: .server)
      if version == .tls13 { try pair.keyUpdate(from: .server, requestingPeer: true) }
      _ = try pair.transfer([1], from: .server)
      try pair.shutdown()
      return pair
    }
  }

  @Test func `a certificate asked for later, and small records, are the same byte for byte`() throws {
    try verifyChunking(seed: 6) { world, link in
      let authority = world.authority()
      let alice = try authority.issue(subject: "Alice", usage: .client).identity
      var pair = try EnginePair(version: .tls13, link: link, in: world) { client, server in
        client.identities = [alice]
        client.offersPostHandshakeAuthentication = true
        client.records.paddingByteCount = 128
        server.clientAuthentication = .onRequest
        server.trustRoots = [authority.trust]
        server.records.smallStart = .init(recordByteCount: 100, totalByteCount: 1000)
      }
      try pair.handshake()
      for _ in 0..<2 {
        try pair.requestClientCertificate()
        _ = try pair.transfer([UInt8](repeating: 9, count: 3000), from: .server)
        _ = try pair.transfer([UInt8](repeating: 8, count: 300), from: .client)
        pair.reportIdle(at: .server)
      }
      try pair.shutdown()
      return pair
    }
  }

  @Test func `a failure is compared too`() throws {
    try verifyChunking { world, link in
      var pair = try EnginePair(link: link, in: world) { client, _ in client.trustRoots = [world.authority().trust] }
      #expect(throws: TLSError.self) { try pair.handshake() }
      return pair
    }
  }

  /// The error, or `nil`.
  private func difference(_ script: (SeededWorld, SimulatedLink) throws -> EnginePair) -> String? {
    do { try verifyChunking(of: script) } catch { return "\(error)" }
    return nil
  }

  @Test func `a script that depends on the pieces is detected`() {
    let text = difference { world, link in
      var pair = try EnginePair(link: link, in: world)
      try pair.handshake()
      // Reads as much as one piece by the engine's own call, like an application with a bug.
      try pair.send(Array("hello".utf8), from: .client)
      pair.link.send(pair.drain(from: .client), from: .client)
      if case .bytes(let piece) = pair.link.deliver(to: .server) {
        try pair.feed(piece, to: .server)
        _ = try pair.read(at: .server)
      }
      return pair
    }
    #expect(text?.hasPrefix("one byte at a time, ") == true)
  }

  @Test func `the failure of a script names the division`() {
    struct Clumsy: Error {}
    let text = difference { world, link in
      if link.seed == 3 { throw Clumsy() }
      var pair = try EnginePair(link: link, in: world)
      try pair.handshake()
      return pair
    }
    #expect(text == "divided at random by seed 3, the script threw: Clumsy()")
  }
}
