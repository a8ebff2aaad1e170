import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Buffers smaller than what arrives at once.
extension TLSStreamTests {
  @Test(arguments: [TLSVersion.tls12, .tls13], [64, 4096])
  func `a record larger than the buffer is read from one piece of the transport`(
    version: TLSVersion, ring: Int
  ) async throws {
    let contexts = try Self.contexts(version)
    var limits = TLSEngine.Limits()
    limits.bufferByteCount = ring
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(
      try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client, limits: limits), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server, limits: limits), over: far)
    async let atServer = Self.readAll(server)
    async let atClient = Self.readAll(client)
    try await client.write(Self.pattern(50_000))
    try await client.close()
    try await server.write(Self.pattern(70_000))
    try await server.close()
    #expect(try await atServer == Self.pattern(50_000))
    #expect(try await atClient == Self.pattern(70_000))
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `unwrap returns what follows close_notify, also what the buffer has no room for`(
    version: TLSVersion
  ) async throws {
    try await unwrap(version) { $0 }
    // Its calls wait, so that the stream itself keeps what the buffer has no room for.
    try await unwrap(version) { FailingTransport($0) }
  }

  private func unwrap<Near: ByteTransport>(
    _ version: TLSVersion, over wrap: (MemoryTransport) -> Near
  ) async throws {
    let contexts = try Self.contexts(version)
    var limits = TLSEngine.Limits()
    limits.bufferByteCount = 64
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(
      try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client, limits: limits), over: wrap(near))
    var server = try TLSEngine(.server, context: contexts.server)
    async let connected = client.handshake()
    while server.negotiated == nil {
      _ = try server.feed(try #require(await far.receive(upTo: 65_536)))
      await far.send(server.drain())
    }
    _ = try await connected
    _ = try server.closeWriting()
    // One piece of the transport.
    await far.send(server.drain() + Self.pattern(3_000))
    far.closeOutput()
    let (transport, trailing) = try await client.unwrap()
    var following = trailing
    while let bytes = try await transport.receive(upTo: 1000) { following += bytes }
    #expect(following == Self.pattern(3_000))
  }

  @Test func `unwrap ignores more tickets than the buffer holds`() async throws {
    let contexts = try Self.contexts(.tls13)
    var limits = TLSEngine.Limits()
    limits.bufferByteCount = 64
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(
      try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client, limits: limits), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    async let atServer = server.unwrap()
    #expect(try await client.unwrap().trailing.isEmpty)
    #expect(try await atServer.trailing.isEmpty)
  }

  @Test func `a read of any size returns what is available`() async throws {
    let (client, server) = try pair()
    async let received = server.read(upTo: .max)
    try await client.write([1, 2])
    let bytes = try #require(try await received)
    #expect(bytes == [1, 2])
    // A caller that keeps small pieces keeps small arrays.
    #expect(bytes.capacity < 100)
  }

  @Test func `nothing is received from the transport without a reader`() async throws {
    let (client, server, transport, _) = try await connected(capacity: 1000) { FailingTransport($0) }
    await Self.settle()
    let before = transport.receivesLeft
    let writing = Task {
      try await server.write(Self.pattern(100_000))
      try await server.close()
    }
    await Self.settle()
    #expect(transport.receivesLeft == before)
    #expect(try await Self.readAll(client) == Self.pattern(100_000))
    try await writing.value
  }
}
