import SansIOTLS
import SansIOTLSTestKit
import Synchronization
import Testing

/// The key log: one line of the NSS format for each secret.
@Suite(.tags(.behaviour))
struct KeyLogTests {
  /// Collects lines from whatever thread.
  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
  }

  private func lines(_ version: TLSVersion) throws -> (client: [String], server: [String]) {
    let client = Lines()
    let server = Lines()
    _ = try EnginePair.connected(version) { clientConfiguration, serverConfiguration in
      clientConfiguration.keyLog = TLSKeyLog { client.append($0) }
      serverConfiguration.keyLog = TLSKeyLog { server.append($0) }
    }
    return (client.all, server.all)
  }

  private func isHexadecimal(_ text: Substring, count: Int) -> Bool {
    text.count == count && text.allSatisfy { $0.isHexDigit && !$0.isUppercase }
  }

  @Test func `TLS 1.2 logs one line with the main secret, the same on both sides`() throws {
    let (client, server) = try lines(.tls12)
    #expect(client.count == 1)
    #expect(client == server)
    let words = try #require(client.first).split(separator: " ")
    #expect(words.count == 3)
    #expect(words[0] == "CLIENT_RANDOM")
    #expect(isHexadecimal(words[1], count: 64))
    #expect(isHexadecimal(words[2], count: 96))
  }

  @Test func `TLS 1.3 logs five secrets under one client random, the same on both sides`() throws {
    let (client, server) = try lines(.tls13)
    let labels = [
      "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "EXPORTER_SECRET",
      "SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0",
    ]
    #expect(client.map { String($0.prefix { $0 != " " }) }.sorted() == labels)
    #expect(client.sorted() == server.sorted())
    #expect(Set(client.map { $0.split(separator: " ")[1] }).count == 1)
    for line in client {
      let words = line.split(separator: " ")
      #expect(words.count == 3)
      #expect(isHexadecimal(words[1], count: 64))
      #expect([64, 96].contains(words[2].count))
      #expect(!line.contains("\n"))
    }
  }

  @Test(arguments: TLSVersion.both)
  func `each connection of a context is logged apart`(version: TLSVersion) throws {
    let lines = Lines()
    var (client, server) = try EnginePair.configurations(version: version)
    client.keyLog = TLSKeyLog { lines.append($0) }
    server.keyLog = nil
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    for _ in 0..<3 {
      var pair = try EnginePair(client: contexts.client, server: contexts.server)
      try pair.handshake()
    }
    #expect(Set(lines.all.map { $0.split(separator: " ")[1] }).count == 3)
    #expect(Set(lines.all).count == lines.all.count)
  }

  @Test func `the context that answers a ClientHello logs keys as configured`() throws {
    let first = Lines()
    let second = Lines()
    let identity = TestIdentity.server()
    var other = TLSContext.Configuration.server(try identity.identity)
    other.keyLog = TLSKeyLog { second.append($0) }
    var pair = try EnginePair.connected(handshake: false, identity: identity) { _, server in
      server.pausesAtClientHello = true
      server.keyLog = TLSKeyLog { first.append($0) }
    }
    pair.step()
    try pair.server.answer(.serve(with: TLSContext(other)))
    try pair.handshake()
    #expect(first.all.isEmpty)
    #expect(second.all.count == 5)
  }
}
