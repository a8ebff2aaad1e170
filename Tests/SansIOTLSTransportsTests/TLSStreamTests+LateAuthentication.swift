import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// A server's request for its client's certificate after the handshake, and the sizes of records.
extension TLSStreamTests {
  private struct Judge: TLSStreamDelegate {
    let answer: TLSEngine.PeerCertificates.Answer

    func answerPeerCertificates(
      _ certificates: TLSEngine.PeerCertificates
    ) async -> TLSEngine.PeerCertificates.Answer { answer }
  }

  private static let alice = TestIdentity.client("Alice")

  private func authenticating(
    judgedBy answer: TLSEngine.PeerCertificates.Answer? = nil
  ) throws -> (client: Memory, server: Memory) {
    let contexts = try Self.contexts(.tls13) { client, server in
      client.identities = [try Self.alice.identity]
      client.offersPostHandshakeAuthentication = true
      server.clientAuthentication = .onRequest
      server.trustRoots = [Self.alice.trust]
      server.pausesAtPeerCertificates = answer != nil
    }
    let (near, far) = MemoryTransport.pair()
    return (
      TLSStream(try Self.clientEngine(contexts.client), over: near),
      TLSStream(
        try TLSEngine(.server, context: contexts.server), over: far, delegate: answer.map { Judge(answer: $0) })
    )
  }

  /// The client reads the request before the byte that follows it, and answers.
  private func request(_ client: Memory, _ server: Memory) async throws {
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    try await server.requestClientCertificate()
    try await server.write([9])
    #expect(try await client.read() == [9])
    try await client.write([1])
  }

  @Test(arguments: [nil, TLSEngine.PeerCertificates.Answer.followVerification])
  func `a client is asked for its certificate later`(answer: TLSEngine.PeerCertificates.Answer?) async throws {
    let (client, server) = try authenticating(judgedBy: answer)
    try await request(client, server)
    #expect(try await server.read() == [1])
    let events = server.withEngine { engine in
      var events: [String] = []
      while let event = engine.nextEvent() { events.append("\(event)") }
      return events
    }
    #expect(events == ["handshakeCompleted", "clientCertificateReceived"])
    #expect(server.withEngine { $0.peerCertificates } == [try Self.alice.certificate])
    try await server.requestClientCertificate()
    await #expect(throws: TLSStreamError.self) { try await server.requestClientCertificate() }
    #expect(server.withEngine { $0.failure } == nil)
  }

  @Test func `a client is refused by the delegate`() async throws {
    let (client, server) = try authenticating(judgedBy: .distrust(.accessDenied))
    try await request(client, server)
    await #expect(throws: TLSStreamError.self) { try await server.read() }
    let failure = server.withEngine { $0.failure }
    #expect(failure?.code == .rejected)
    await #expect(throws: TLSStreamError.self) { while try await client.read() != nil {} }
    #expect(client.withEngine { $0.failure }?.alertReceived == .accessDenied)
  }

  @Test func `after idleness the records are small again`() async throws {
    let (client, server) = try pair(.tls13) { _, server in
      server.records.smallStart = .init(recordByteCount: 100, totalByteCount: 1000)
    }
    let plaintext = Self.pattern(50_000)
    for _ in 0..<2 {
      async let received = Task {
        var bytes: [UInt8] = []
        while bytes.count < plaintext.count, let piece = try await client.read() { bytes += piece }
        return bytes
      }.value
      try await server.write(plaintext)
      #expect(try await received == plaintext)
      server.withEngine { $0.reportIdle() }
    }
  }
}
