import CustomTransports
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// The same conversation over each transport.
struct CustomTransportsTests {
  private let client: TLSContext
  private let server: TLSContext

  init() throws {
    let identity = TestIdentity.server()
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [identity.trust]
    client = try TLSContext(configuration)
    server = try TLSContext(.server(identity.identity))
  }

  private static let bytes = (0..<30_000).map { UInt8(truncatingIfNeeded: $0 &* 11 ^ $0 >> 7) }

  private func streams<Transport>(
    _ near: Transport, _ far: Transport, allowsReadAhead: Bool = true
  ) throws -> (client: TLSStream<Transport>, server: TLSStream<Transport>) {
    (
      TLSStream(
        try TLSEngine(.client(serverName: .dns("localhost")), context: client), over: near,
        allowsReadAhead: allowsReadAhead),
      TLSStream(try TLSEngine(.server, context: server), over: far, allowsReadAhead: allowsReadAhead)
    )
  }

  private func readAll<Transport>(_ stream: TLSStream<Transport>) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    for try await piece in stream.plaintext { bytes += piece }
    return bytes
  }

  // Guide: serial
  @Test func `a serial line carries TLS in small chunks, and then plaintext`() async throws {
    let (near, far) = try PseudoTerminal.open()
    let line = (near: SerialLine(near, chunkSize: 32), far: SerialLine(far, chunkSize: 32))
    let (client, server) = try streams(line.near, line.far, allowsReadAhead: false)
    async let request = readAll(server)
    try await client.write(Self.bytes)
    try await client.closeWriting()
    #expect(try await request == Self.bytes)
    async let atClient = client.unwrap()
    let (farLine, nothing) = try await server.unwrap()
    let (nearLine, nothingEither) = try await atClient
    // Nothing after close_notify was read from the line.
    #expect(nothing.isEmpty && nothingEither.isEmpty)
    try await nearLine.send(Array("plain".utf8))
    var plain: [UInt8] = []
    while plain.count < 5, let bytes = try await farLine.receive(upTo: 5 - plain.count) { plain += bytes }
    #expect(plain == Array("plain".utf8))
  }
  // Guide: end

  @Test func `a transport of short frames carries TLS`() async throws {
    let (near, far) = MemoryTransport.pair()
    let (client, server) = try streams(MessageStream(FrameTransport(near)), MessageStream(FrameTransport(far)))
    async let request = readAll(server)
    try await client.write(Self.bytes)
    try await client.close()
    #expect(try await request == Self.bytes)
  }

  @Test func `TLS carries TLS`() async throws {
    let (near, far) = MemoryTransport.pair()
    let (outerClient, outerServer) = try streams(near, far)
    let inner = try outerClient.nested(client, .dns("localhost"))
    let innerServer = TLSStream(try TLSEngine(.server, context: server), over: outerServer)
    async let request = readAll(innerServer)
    try await inner.write(Self.bytes)
    try await inner.close()
    #expect(try await request == Self.bytes)
  }
}
