import SansIOTLS
import SansIOTLSTestKit
import Testing

/// ALPN (RFC 7301).
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
  func `there is none where one side has none`(version: TLSVersion) throws {
    #expect(try negotiated(version, client: [], server: ["h2"]) == [nil, nil])
    #expect(try negotiated(version, client: ["h2"], server: []) == [nil, nil])
    #expect(try negotiated(version, client: [], server: []) == [nil, nil])
  }

  @Test(arguments: TLSVersion.both)
  func `without one in common the server refuses`(version: TLSVersion) throws {
    let failures = try EnginePair.failures(version) { client, server in
      client.applicationProtocols = ["h2"]
      server.applicationProtocols = ["http/1.1"]
    }
    #expect(failures.server?.code == .nothingInCommon)
    #expect(failures.server?.alertSent == .noApplicationProtocol)
    #expect(failures.server?.hint.contains("ALPN") == true)
    #expect(failures.client?.code == .alertReceived)
    #expect(failures.client?.alertReceived == .noApplicationProtocol)
  }

  @Test(arguments: TLSVersion.both)
  func `without one in common the server goes on where it is told to`(version: TLSVersion) throws {
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
}
