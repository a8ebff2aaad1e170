import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports

/// Streams in memory, and what tests do with them.
extension TLSStreamTests {
  typealias Memory = TLSStream<MemoryTransport>

  private static let server = TestIdentity.server()

  /// Creates the two contexts; `configure` changes their configurations.
  static func contexts(
    _ version: TLSVersion? = nil,
    configure: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> (client: TLSContext, server: TLSContext) {
    var (client, server) = try EnginePair.configurations(version: version, identity: Self.server)
    try configure(&client, &server)
    return (try TLSContext(client), try TLSContext(server))
  }

  static func clientEngine(_ context: TLSContext) throws -> TLSEngine {
    try TLSEngine(.client(serverName: .dns("localhost")), context: context)
  }

  func pair(
    _ version: TLSVersion? = nil, capacity: Int = 65_536,
    configure: (inout TLSContext.Configuration, inout TLSContext.Configuration) throws -> Void = { _, _ in }
  ) throws -> (client: Memory, server: Memory) {
    let contexts = try Self.contexts(version, configure: configure)
    let (near, far) = MemoryTransport.pair(capacity: capacity)
    return (
      TLSStream(try Self.clientEngine(contexts.client), over: near),
      TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    )
  }

  /// Bytes in which a shift or a swap is detected. Another salt starts at another place. They are copied from one
  /// period, since a loop over each byte of a debug build is what these tests would spend their time in.
  static func pattern(_ count: Int, _ salt: Int = 0) -> [UInt8] {
    let start = salt &* 257 % period.count
    var bytes = Array(period[start...].prefix(count))
    while bytes.count < count { bytes += period.prefix(count - bytes.count) }
    return bytes
  }

  private static let period = (0..<65_536).map { UInt8(truncatingIfNeeded: ($0 &* 31) ^ ($0 >> 8)) }

  static func readAll<Transport>(_ stream: TLSStream<Transport>) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await piece in stream.plaintext { bytes += piece }
    return bytes
  }

  /// Lets all other tasks run until they wait.
  static func settle() async { for _ in 0..<1000 { await Task.yield() } }

  /// Creates both ends, after the handshake; `wrap` wraps the client's transport.
  func connected<Near: ByteTransport>(
    _ version: TLSVersion? = nil, capacity: Int = 65_536, _ wrap: (MemoryTransport) -> Near
  ) async throws -> (client: TLSStream<Near>, server: Memory, near: Near, far: MemoryTransport) {
    let contexts = try Self.contexts(version)
    let (base, far) = MemoryTransport.pair(capacity: capacity)
    let near = wrap(base)
    let client = TLSStream(try Self.clientEngine(contexts.client), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    return (client, server, near, far)
  }
}
