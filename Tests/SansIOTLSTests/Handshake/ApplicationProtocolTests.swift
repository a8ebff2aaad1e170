import CSansIOTLSOpenSSL
import SansIOTLSTestKit
import Testing

// With this libssl, which checks the selection too, the engine's own check is visible only from inside.
@testable import SansIOTLS

/// ALPN (RFC 7301).
@Suite(.tags(.behaviour))
struct ApplicationProtocolTests {
  typealias Mismatch = TLSContext.Configuration.ApplicationProtocolMismatch

  private func negotiated(
    _ version: TLSVersion, client offered: [String], server known: [String], _ mismatch: Mismatch = .refuse
  ) throws -> [String?] {
    let pair = try EnginePair.connected(version) { client, server in
      client.applicationProtocols = offered
      server.applicationProtocols = known
      server.applicationProtocolMismatch = mismatch
    }
    return [pair.client.negotiated?.applicationProtocol, pair.server.negotiated?.applicationProtocol]
  }

  @Test(arguments: TLSVersion.both)
  func `the server picks by its own order`(version: TLSVersion) throws {
    #expect(try negotiated(version, client: ["a", "b", "c"], server: ["c", "b"]) == ["c", "c"])
    #expect(try negotiated(version, client: ["c", "b"], server: ["a", "b", "c"]) == ["b", "b"])
    #expect(try negotiated(version, client: ["h2", "http/1.1"], server: ["http/1.1"]) == ["http/1.1", "http/1.1"])
  }

  @Test(arguments: TLSVersion.both)
  func `no protocol is selected if one side has none`(version: TLSVersion) throws {
    #expect(try negotiated(version, client: [], server: ["h2"]) == [nil, nil])
    #expect(try negotiated(version, client: ["h2"], server: []) == [nil, nil])
    #expect(try negotiated(version, client: [], server: []) == [nil, nil])
  }

  @Test(arguments: TLSVersion.both)
  func `a server without a common protocol refuses`(version: TLSVersion) throws {
    let failures = try EnginePair.failures(version) { client, server in
      client.applicationProtocols = ["h2"]
      server.applicationProtocols = ["http/1.1"]
    }
    #expect(failures.server?.code == .peerIncompatible)
    #expect(failures.server?.alertSent == .noApplicationProtocol)
    #expect(failures.server?.hint.contains("ALPN") == true)
    #expect(failures.client?.code == .alertReceived)
    #expect(failures.client?.alertReceived == .noApplicationProtocol)
  }

  @Test(arguments: TLSVersion.both)
  func `a server without a common protocol continues if configured to`(version: TLSVersion) throws {
    #expect(try negotiated(version, client: ["h2"], server: ["http/1.1"], .proceed) == [nil, nil])
  }

  @Test(arguments: TLSVersion.both)
  func `a name is its bytes: no case, no prefix is overlooked`(version: TLSVersion) throws {
    #expect(try negotiated(version, client: ["H2", "h2c"], server: ["h2"], .proceed) == [nil, nil])
    #expect(try negotiated(version, client: ["pröto", "a\0b"], server: ["a\0b"]) == ["a\0b", "a\0b"])
  }

  @Test(arguments: TLSVersion.both)
  func `names of the greatest length and many of them are carried`(version: TLSVersion) throws {
    let long = String(repeating: "x", count: 255)
    let many = (0..<500).map { "protocol-\($0)" }
    #expect(try negotiated(version, client: many + [long], server: [long]) == [long, long])
  }

  @Test func `a name of no bytes or too many, or a list too long is refused on either side`() throws {
    let identity = try TestIdentity.server().identity
    let lists = [
      [""], ["h2", ""], [String(repeating: "x", count: 256)], [String](repeating: "abcdefg", count: 8192),
    ]
    for protocols in lists {
      for var configuration in [TLSContext.Configuration.client(), .server(identity)] {
        configuration.applicationProtocols = protocols
        expectRefusal(.invalidApplicationProtocol, .misuse, naming: "255", "65,535") {
          _ = try TLSContext(configuration)
        }
      }
    }
  }

  @Test func `it is not known before the handshake is done`() throws {
    var pair = try EnginePair.connected(handshake: false) { client, server in
      client.applicationProtocols = ["h2"]
      server.applicationProtocols = ["h2"]
    }
    #expect(pair.client.negotiated == nil)
    try pair.handshake()
    #expect(pair.client.negotiated?.applicationProtocol == "h2")
  }

  // MARK: A server that selects what it likes

  /// A client that has sent its ClientHello, and a server that selects `evil`.
  private func clientOfEvil(
    _ version: TLSVersion, offering protocols: [String]
  ) throws -> (client: Box, peer: RawPeer) {
    let identity = TestIdentity.server()
    var (configuration, _) = try EnginePair.configurations(version: version, identity: identity)
    configuration.applicationProtocols = protocols
    return (
      Box(try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(configuration))),
      RawPeer(.server, version: version, identity: identity, selecting: "evil")
    )
  }

  /// A tuple cannot contain a noncopyable engine.
  private final class Box {
    var engine: TLSEngine
    init(_ engine: consuming TLSEngine) { self.engine = engine }
  }

  /// Completes the handshake, with the peer's first data after it, until the client fails.
  private func converse(_ client: Box, _ peer: RawPeer) -> TLSError? {
    thrownError {
      for _ in 0..<4 {
        _ = peer.absorb(client.engine.drain())
        peer.write([1, 2, 3])
        _ = try client.engine.absorb(peer.drain())
      }
    }
  }

  @Test(arguments: TLSVersion.both, [["h2"], ["evi", "evil2", "Evil", "devil"]])
  func `a protocol that was not offered is the server's breach`(version: TLSVersion, offered: [String]) throws {
    let (client, peer) = try clientOfEvil(version, offering: offered)
    let error = converse(client, peer)
    #expect(error?.code == .protocolViolation, "\(error as Any)")
    #expect(error?.blame == .peer)
    #expect(client.engine.negotiated == nil)
    #expect(client.engine.allEvents().isEmpty)
  }

  @Test(arguments: TLSVersion.both)
  func `an offered protocol is accepted from the same server`(version: TLSVersion) throws {
    let (client, peer) = try clientOfEvil(version, offering: ["h2", "evil"])
    var plaintext: [UInt8] = []
    for _ in 0..<4 {
      _ = peer.absorb(client.engine.drain())
      plaintext += try client.engine.absorb(peer.drain())
      if plaintext.isEmpty { peer.write([1]) }
    }
    #expect(client.engine.negotiated?.applicationProtocol == "evil")
    #expect(plaintext.contains(1))
  }

  /// libssl 3.0 looks at the selection only since the middle of 2024. As the one before, one is satisfied whose own
  /// list is changed without the engine's knowledge after the ClientHello was sent.
  @Test(arguments: TLSVersion.both, [["h2"], ["evi", "evil2", "Evil", "devil"]])
  func `the engine looks at the selection itself`(version: TLSVersion, offered: [String]) throws {
    let (client, peer) = try clientOfEvil(version, offering: offered)
    let list: [UInt8] = [4] + "evil".utf8
    #expect(unsafe SSL_set_alpn_protos(client.engine.handle.ssl, list, UInt32(list.count)) == 0)
    let error = converse(client, peer)
    #expect(error?.code == .protocolViolation, "\(error as Any)")
    #expect(error?.blame == .peer)
    #expect(error?.hint.contains("ALPN") == true)
    #expect(error?.alertSent == nil)
    #expect(client.engine.negotiated == nil)
    #expect(client.engine.allEvents().isEmpty, "neither the completion of the handshake nor a session is reported")
    #expect(thrownError { _ = try client.engine.read(upTo: 10) }?.code == .protocolViolation)
    #expect(thrownError { _ = try client.engine.write([1]) }?.code == .protocolViolation)
    // What libssl had written before leaves; nothing follows.
    _ = client.engine.drain()
    #expect(client.engine.needs == [])
  }

  /// An offer, a selection, and whether the selection is accepted.
  @Test(
    arguments: [
      (["h2"], "h2", true), (["http/1.1", "h2"], "h2", true), (["h2", "http/1.1"], "http/1.1", true),
      ([], "h2", false), ([], "", false), (["h2"], "", false), (["h2"], "h", false), (["h2"], "h2c", false),
      (["h2"], "H2", false), (["h2"], "2h", false), (["h2", "c"], "h2c", false), (["h2"], "h2\0", false),
      (["a\0b"], "a", false), (["a\0b"], "a\0b", true), (["\u{e9}"], "\u{e9}", true), (["\u{e9}"], "e\u{301}", false),
    ] as [([String], String, Bool)])
  func `an offered protocol is recognized by its exact bytes`(
    offered: [String], selected: String, isOffered: Bool
  ) throws {
    var configuration = TLSContext.Configuration.client()
    configuration.applicationProtocols = offered
    #expect(configuration.offers(Array(selected.utf8)) == isOffered)
    #expect(!configuration.offers(Array(selected.utf8) + [0xff]))
  }
}
