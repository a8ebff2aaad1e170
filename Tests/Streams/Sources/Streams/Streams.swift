import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports

/// Many asynchronous streams in one process: `Streams [COUNT]`, by default 10,000, two for each connection. Each
/// connection has a simulated transport that splits, joins, delays and stalls by a seed. All streams connect, echo,
/// hibernate, echo again and close; each byte is compared. Prints the resident memory of a stream before and during its
/// hibernation.
@main
enum Streams {
  private typealias Stream = TLSStream<SimulatedTransport>

  private struct Connection: Sendable {
    let client: Stream
    let server: Stream
    let echo: Task<Void, any Error>
  }

  /// An error: the echo differs from the sent data.
  private struct Lost: Error { let connection: Int }

  static func main() async throws {
    let count = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 10_000 : 10_000
    let identity = TestIdentity.server()
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [identity.trust]
    let contexts = (client: try TLSContext(configuration), server: try TLSContext(.server(identity.identity)))
    let start = ContinuousClock.now
    let empty = ResidentMemory.bytes

    let connections = try await all(count / 2) { number in
      let connection = try connect(number, contexts)
      try await exchange(number, connection)
      return connection
    }
    report("connected and echoed", count, start, empty)
    for connection in connections {
      for stream in [connection.client, connection.server] {
        guard stream.withEngine({ $0.hibernate() }) else { throw Lost(connection: -1) }
      }
    }
    report("hibernating", count, start, empty)
    _ = try await all(connections.count) { number in
      try await exchange(number, connections[number])
      try await connections[number].client.close()
      guard try await connections[number].client.read() == nil else { throw Lost(connection: number) }
      try await connections[number].echo.value
    }
    report("awake, echoed and closed", count, start, empty)
  }

  private static func connect(
    _ number: Int, _ contexts: (client: TLSContext, server: TLSContext)
  ) throws -> Connection {
    let (near, far) = SimulatedTransport.pair(SimulatedLink(seed: UInt64(number), faults: .harmless))
    let client = Stream(try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client), over: near)
    let server = Stream(try TLSEngine(.server, context: contexts.server), over: far)
    let echo = Task {
      while let bytes = try await server.read(upTo: 4096) { try await server.write(bytes) }
      try await server.close()
    }
    return Connection(client: client, server: server, echo: echo)
  }

  private static func exchange(_ number: Int, _ connection: Connection) async throws {
    let bytes = (0..<3000).map { UInt8(truncatingIfNeeded: $0 &* (number | 1)) }
    try await connection.client.write(bytes)
    var back: [UInt8] = []
    while back.count < bytes.count {
      guard let piece = try await connection.client.read(upTo: 4096) else { throw Lost(connection: number) }
      back += piece
    }
    guard back == bytes else { throw Lost(connection: number) }
  }

  /// Runs a body for each number, 200 at a time.
  private static func all<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) async throws -> Result
  ) async throws -> [Result] {
    try await withThrowingTaskGroup(of: Result.self) { group in
      var results: [Result] = []
      results.reserveCapacity(count)
      for number in 0..<count {
        if number >= 200, let result = try await group.next() { results.append(result) }
        group.addTask { try await body(number) }
      }
      for try await result in group { results.append(result) }
      return results
    }
  }

  private static func report(_ state: String, _ count: Int, _ start: ContinuousClock.Instant, _ empty: Int) {
    let resident = Double(ResidentMemory.bytes - empty) / Double(count) / 1000
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    print("\(count) streams \(state): \(Int(seconds)) s, \(Int(resident)) KB resident each")
  }
}
