import SansIOTLS
import SansIOTLSTestKit
import Testing

/// Rows 46 to 48 of the page OpenSSLFacts: a server that accepts renegotiations counts them itself.
@Suite(.tags(.openSSLFact))
struct RenegotiationTests {
  private struct Ends: ~Copyable {
    var server: TLSEngine
    let client: RawPeer

    mutating func turn() throws -> [UInt8] {
      let plaintext = try server.absorb(client.drain())
      _ = client.absorb(server.drain())
      return plaintext
    }

    /// A renegotiation by the client, to its end.
    mutating func renegotiate() throws {
      client.renegotiate()
      for _ in 0..<4 { _ = try turn() }
    }
  }

  private static func ends(
    limits: TLSEngine.Limits = .default, _ change: (inout TLSContext.Configuration) throws -> Void = { _ in }
  ) throws -> Ends {
    var configuration = TLSContext.Configuration.server(try TestIdentity.server().identity)
    configuration.acceptsRenegotiation = true
    try change(&configuration)
    let client = TestIdentity.client()
    if configuration.clientAuthentication != .none { configuration.trustRoots = [client.trust] }
    var ends = Ends(
      server: try TLSEngine(.server, context: TLSContext(configuration), limits: limits),
      client: RawPeer(.client, identity: client))
    _ = ends.client.absorb([])
    for _ in 0..<4 { _ = try ends.turn() }
    #expect(ends.server.allEvents() == ["handshakeCompleted"])
    #expect(ends.server.negotiated?.version == .tls12)
    return ends
  }

  @Test func `a client renegotiates, and the server reports it`() throws {
    var ends = try Self.ends()
    let exported = try ends.server.exportKeyingMaterial(label: "EXPORTER-test", count: 32)
    let unique = try ends.server.channelBinding(.unique)
    for _ in 0..<3 {
      try ends.renegotiate()
      #expect(ends.server.failure == nil)
      #expect(ends.server.allEvents() == ["renegotiated"])
      #expect(try ends.server.write([1, 2]) == .done(2))
      #expect(ends.client.absorb(ends.server.drain()) == [1, 2])
      ends.client.write([3])
      #expect(try ends.turn() == [3])
    }
    #expect(ends.server.negotiated?.isResumed == false)
    #expect(try ends.server.exportKeyingMaterial(label: "EXPORTER-test", count: 32) != exported)
    #expect(try ends.server.channelBinding(.unique) != unique)
  }

  @Test(.tags(.law11))
  func `one renegotiation more than the limit is refused by an alert`() throws {
    var ends = try Self.ends(limits: .with { $0.renegotiationCount = 3 })
    for _ in 0..<3 { try ends.renegotiate() }
    #expect(ends.server.failure == nil)
    let error = thrownError { try ends.renegotiate() }
    #expect(error?.code == .limitExceeded)
    #expect(error?.blame == .peer)
    #expect(error?.hint.contains("limits.renegotiationCount, 3") == true)
    #expect(error?.alertSent == .handshakeFailure)
    #expect(ends.server.pendingOutputByteCount > 0)
  }

  /// Libssl would ask for no certificate where it resumed the session.
  @Test(.tags(.law15), arguments: [TLSContext.Configuration.ClientAuthentication.requested, .required])
  func `each renegotiation proves the client again`(demand: TLSContext.Configuration.ClientAuthentication) throws {
    var ends = try Self.ends { $0.clientAuthentication = demand }
    #expect(ends.server.peerCertificates.count == 1)
    try ends.renegotiate()
    #expect(ends.server.allEvents() == ["renegotiated"])
    #expect(ends.server.peerCertificates.count == 1)
    #expect(ends.server.negotiated?.isResumed == false)
  }

  @Test(.tags(.law4))
  func `during a renegotiation a write waits, and a close follows it`() throws {
    var ends = try Self.ends()
    ends.client.renegotiate()
    _ = try ends.server.absorb(ends.client.drain())
    #expect(try ends.server.write([1]) == .needsFeed)
    let isRefused = try ends.server.keyUpdateIsRefused()
    #expect(isRefused)
    expectRefusal(.handshakeNotComplete, .misuse, naming: "renegotiation") {
      _ = try ends.server.channelBinding(.unique)
    }
    expectRefusal(.handshakeNotComplete, .misuse, naming: "renegotiation") {
      _ = try ends.server.exportKeyingMaterial(label: "EXPORTER-test", count: 32)
    }
    #expect(ends.server.negotiated?.version == .tls12)
    #expect(try ends.server.closeWriting() == .needsFeed)
    for _ in 0..<4 {
      _ = ends.client.absorb(ends.server.drain())
      _ = try ends.server.absorb(ends.client.drain())
    }
    _ = ends.client.absorb(ends.server.drain())
    #expect(ends.client.hasReceivedCloseNotify)
    #expect(ends.server.phase == .writingClosed)
  }

  @Test(.tags(.law2, .law3), arguments: [64, 17 * 1024], [1, 100_000])
  func `buffers of any size and input divided anywhere give the same`(ring: Int, piece: Int) throws {
    var ends = try Self.ends(limits: .with { $0.bufferByteCount = ring })
    ends.client.renegotiate()
    for _ in 0..<4 {
      _ = try ends.server.absorb(ends.client.drain(), piece: piece)
      _ = ends.client.absorb(ends.server.drain())
    }
    #expect(ends.server.allEvents() == ["renegotiated"])
    ends.client.write(pattern(1000))
    #expect(try ends.server.absorb(ends.client.drain(), piece: piece) == pattern(1000))
  }

  @Test func `without the setting a renegotiation is declined`() throws {
    var ends = try Self.ends { $0.acceptsRenegotiation = false }
    ends.client.renegotiate()
    _ = try ends.server.absorb(ends.client.drain())
    #expect(ends.server.drain().first == 21, "a warning")
    #expect(ends.server.allEvents().isEmpty)
  }

  @Test func `the context that serves decides`() throws {
    for (first, second) in [(true, false), (false, true)] {
      var configuration = TLSContext.Configuration.server(try TestIdentity.server().identity)
      configuration.acceptsRenegotiation = first
      configuration.pausesAtClientHello = true
      var serving = TLSContext.Configuration.server(try TestIdentity.server().identity)
      serving.acceptsRenegotiation = second
      var ends = Ends(
        server: try TLSEngine(.server, context: TLSContext(configuration)), client: RawPeer(.client))
      _ = ends.client.absorb([])
      _ = try ends.turn()
      try ends.server.answer(.serve(with: TLSContext(serving)))
      for _ in 0..<4 {
        _ = ends.client.absorb(ends.server.drain())
        _ = try ends.turn()
      }
      #expect(ends.server.allEvents() == ["handshakeCompleted"])
      try? ends.renegotiate()
      #expect(ends.server.allEvents().contains("renegotiated") == second)
    }
  }

  @Test(.tags(.law16))
  func `settings that exclude each other are refused`() throws {
    let identity = try TestIdentity.server().identity
    var client = TLSContext.Configuration.client()
    client.acceptsRenegotiation = true
    expectRefusal(.invalidConfiguration, .misuse, naming: "a server's") { _ = try TLSContext(client) }
    var server = TLSContext.Configuration.server(identity)
    server.acceptsRenegotiation = true
    server.minimumVersion = .tls13
    expectRefusal(.invalidConfiguration, .misuse, naming: "minimumVersion") { _ = try TLSContext(server) }
    server.minimumVersion = nil
    server.clientAuthentication = .required
    server.trustRoots = [TestAuthority().trust]
    server.pausesAtPeerCertificates = true
    expectRefusal(.invalidConfiguration, .misuse, naming: "pausesAtPeerCertificates") { _ = try TLSContext(server) }
  }
}

extension TLSEngine {
  /// TLS 1.2 has no KeyUpdate, whatever else is in progress.
  fileprivate mutating func keyUpdateIsRefused() throws -> Bool {
    thrownError { _ = try keyUpdate(requestingPeer: false) }?.code == .unsupported
  }
}
