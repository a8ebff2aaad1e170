import Foundation
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTrace
import Testing

/// Draws the five ladders of the guide:
/// `PICTURES=directory swift test --filter LadderPictures`, then open the files in a browser.
struct LadderPictures {
  private static let directory = ProcessInfo.processInfo.environment["PICTURES"]

  @Test(.enabled(if: directory != nil))
  func `the pictures are drawn`() throws {
    for (name, ladder) in try [
      ("full", full()), ("resumption", resumption()), ("retry", retry()), ("client-certificate", clientCertificate()),
      ("truncation", truncation()),
    ] {
      let path = try #require(Self.directory) + "/\(name)"
      try ladder.svg().write(toFile: path + ".svg", atomically: true, encoding: .utf8)
      try ladder.svg(.dark).write(toFile: path + "-dark.svg", atomically: true, encoding: .utf8)
      try ladder.text().write(toFile: path + ".txt", atomically: true, encoding: .utf8)
    }
  }

  private func pair(
    _ title: String, version: TLSVersion = .tls13, link: SimulatedLink = .direct, session: TLSSession? = nil,
    world: SeededWorld = SeededWorld(seed: 1),
    configure: (inout TLSContext.Configuration, inout TLSContext.Configuration) -> Void = { _, _ in }
  ) throws -> EnginePair {
    var (client, server) = try EnginePair.configurations(
      version: version, identity: world.authority().issue(names: ["localhost"]))
    client.applicationProtocols = ["http/1.1"]
    server.applicationProtocols = ["http/1.1"]
    configure(&client, &server)
    return try EnginePair(
      client: world.context(client), server: world.context(server), session: session, link: link, in: world,
      title: title)
  }

  private func talk(_ pair: inout EnginePair) throws {
    try pair.handshake()
    _ = try pair.transfer(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), from: .client)
    _ = try pair.transfer([UInt8](repeating: 10, count: 40_000), from: .server)
    try pair.shutdown()
  }

  private func full() throws -> Ladder {
    var pair = try pair("A full handshake, TLS 1.3")
    try talk(&pair)
    return pair.log.ladder
  }

  private func resumption() throws -> Ladder {
    let world = SeededWorld(seed: 1)
    let (client, server) = try EnginePair.configurations(
      version: .tls13, identity: world.authority().issue(names: ["localhost"]))
    let contexts = (client: try world.context(client), server: try world.context(server))
    var first = try EnginePair(client: contexts.client, server: contexts.server, in: world)
    try talk(&first)
    var session: TLSSession?
    while let event = first.client.nextEvent() { if case .sessionTicket(let ticket) = event { session = ticket } }
    var second = try EnginePair(
      client: contexts.client, server: contexts.server, session: session, in: world, title: "A resumption, TLS 1.3")
    try talk(&second)
    return second.log.ladder
  }

  private func retry() throws -> Ladder {
    var pair = try pair("A HelloRetryRequest") { client, server in
      client.groups = [.x25519, .secp256r1]
      server.groups = [.secp256r1]
    }
    try talk(&pair)
    return pair.log.ladder
  }

  private func clientCertificate() throws -> Ladder {
    var pair = try pair("A client with an unknown certificate") { client, server in
      client.identities = (try? [TestIdentity.client().identity]) ?? []
      server.trustRoots = [TestAuthority().trust]
      server.clientAuthentication = .required
    }
    #expect(throws: TLSError.self) { try talk(&pair) }
    _ = try? pair.receive(at: .client)
    return pair.log.ladder
  }

  private func truncation() throws -> Ladder {
    var pair = try pair("A transport that ends inside a record", link: .truncating(from: .server, after: 12_000))
    #expect(throws: TLSError.self) {
      try pair.handshake()
      try pair.send(Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8), from: .client)
      _ = try pair.receive(at: .server)
      try pair.send([UInt8](repeating: 10, count: 40_000), from: .server)
      while try !pair.receive(at: .client).isEmpty {}
    }
    return pair.log.ladder
  }
}
