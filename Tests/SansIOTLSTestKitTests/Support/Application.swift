import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports

/// Code like an application's: contexts without tracing, streams, nothing specific to tests.
enum Application {
  static func contexts(_ version: TLSVersion? = nil) throws -> (client: TLSContext, server: TLSContext) {
    let identity = TestIdentity.server()
    var client = TLSContext.Configuration.client()
    client.trustRoots = [identity.trust]
    client.maximumVersion = version
    return (try TLSContext(client), try TLSContext(.server(identity.identity)))
  }

  /// Sends a client's request and the server's response, over streams.
  static func converse<Transport: ByteTransport>(over near: Transport, _ far: Transport) async throws {
    let contexts = try contexts()
    let client = TLSStream(
      try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    let serving = Task {
      while let request = try await server.read() { try await server.write(request) }
      try await server.close()
    }
    defer { serving.cancel() }
    try await client.write(Array("hello".utf8))
    try await client.close()
    while try await client.read() != nil {}
    try await serving.value
  }

  /// A seed whose link ends in the middle of a handshake.
  static func truncatingSeed() throws -> UInt64 {
    for seed in UInt64(1)... {
      var pair = try EnginePair(link: SimulatedLink(seed: seed, faults: .truncates))
      try? pair.handshake()
      if case .truncated(_, let count)? = pair.link.actions.last, count < 100 { return seed }
    }
    return 0
  }
}
