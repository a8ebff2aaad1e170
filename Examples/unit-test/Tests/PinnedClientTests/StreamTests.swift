import SansIOTLS
import SansIOTLSSwiftTesting
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Code on `TLSStream`, over a simulated network.
@Suite(.conversations)
struct StreamTests {
  // Guide: async
  @Test(arguments: TestSeeds.first(10))
  func `a stream receives the whole answer over a slow network`(seed: UInt64) async throws {
    let server = TestIdentity.server()
    let (near, far) = SimulatedTransport.pair(SimulatedLink(seed: seed, faults: .harmless))
    async let served: Void = echo(
      TLSStream(TLSEngine(.server, context: TLSContext(.server(server.identity))), over: far))

    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [server.trust]
    let engine = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(configuration))
    let stream = TLSStream(engine, over: near)
    try await stream.write(Array("hello".utf8))
    try await stream.closeWriting()
    var answer: [UInt8] = []
    for try await bytes in stream.plaintext { answer += bytes }
    #expect(answer == Array("hello".utf8))
    try await stream.close()
    try await served
  }

  /// A server that returns what it receives.
  private func echo(_ stream: TLSStream<SimulatedTransport>) async throws {
    for try await bytes in stream.plaintext { try await stream.write(bytes) }
    try await stream.close()
  }
  // Guide: end
}
