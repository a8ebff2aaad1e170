import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Failures of transports and of TLS under a stream, and how they are reported.
extension TLSStreamTests {
  @Test
  func `a close after a failed handshake sends the alert, ends the transport and reports the failure`() async throws {
    let contexts = try Self.contexts { client, _ in client.trustRoots = [TestAuthority().trust] }
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(try Self.clientEngine(contexts.client), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let atServer = #expect(throws: TLSStreamError.self) { try await server.handshake() }
    await #expect(throws: TLSStreamError.self) { try await client.handshake() }
    let error = await #expect(throws: TLSStreamError.self) { try await client.close() }
    #expect(error?.tls?.code == .certificateRejected)
    #expect(await atServer?.tls?.alertReceived == .unknownCA)
    #expect(await far.receive(upTo: 100) == nil)
  }

  @Test func `an alert is sent although no call waits any more`() async throws {
    let contexts = try Self.contexts { client, _ in client.trustRoots = [TestAuthority().trust] }
    let (near, far) = MemoryTransport.pair()
    let transport = FailingTransport(near)
    let client = TLSStream(try Self.clientEngine(contexts.client), over: transport)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    let making = Task { try await client.handshake() }
    while transport.receivesLeft == .max { await Task.yield() }
    making.cancel()
    _ = await making.result
    let error = await #expect(throws: TLSStreamError.self) { try await server.handshake() }
    #expect(error?.tls?.alertReceived == .unknownCA)
  }

  @Test func `an answer after the transport's failure changes nothing`() async throws {
    let contexts = try Self.contexts(.tls13) { client, _ in client.pausesAtPeerCertificates = true }
    let (near, far) = MemoryTransport.pair()
    let late = LateDelegate()
    // The first receive brings the server's flight; the next, while the question waits, fails.
    let client = TLSStream(
      try Self.clientEngine(contexts.client), over: FailingTransport(near, receives: 1), delegate: late)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    let atServer = Task { try await server.handshake() }
    let first = await #expect(throws: TLSStreamError.self) { try await client.handshake() }
    #expect(first?.transport is FailingTransport.Broken)
    late.allow()
    await Self.settle()
    let again = await #expect(throws: TLSStreamError.self) { try await client.handshake() }
    #expect(again?.transport is FailingTransport.Broken)
    server.abort()
    _ = await atServer.result
  }

  @Test func `a transport that ends during the handshake is a truncation for every call`() async throws {
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(try Self.clientEngine(Self.contexts().client), over: near)
    far.closeOutput()
    for _ in 0..<2 {
      let errors = [
        await #expect(throws: TLSStreamError.self) { try await client.handshake() },
        await #expect(throws: TLSStreamError.self) { try await client.read() },
        await #expect(throws: TLSStreamError.self) { try await client.write([1]) },
      ]
      #expect(errors.allSatisfy { $0?.tls?.code == .truncated })
    }
  }

  @Test func `abort after a failure keeps the failure`() async throws {
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(try Self.clientEngine(Self.contexts().client), over: near)
    far.closeOutput()
    await #expect(throws: TLSStreamError.self) { try await client.handshake() }
    client.abort()
    let error = await #expect(throws: TLSStreamError.self) { try await client.read() }
    #expect(error?.tls?.code == .truncated)
  }

  @Test func `when sending fails, writing fails permanently and reading continues`() async throws {
    // ClientHello and Finished leave; the first record of data does not.
    let (client, server, _, _) = try await connected(.tls13) { FailingTransport($0, sends: 2) }
    for _ in 0..<2 {
      let error = await #expect(throws: TLSStreamError.self) { try await client.write([1]) }
      #expect(error?.transport is FailingTransport.Broken)
    }
    try await server.write([5])
    #expect(try await client.read() == [5])
  }

  @Test func `when receiving fails, earlier data is read first and writing continues`() async throws {
    let (client, server, _, far) = try await connected { ResettingTransport(base: $0) }
    try await server.write([1, 2])
    far.closeOutput()
    #expect(try await client.read() == [1, 2])
    for _ in 0..<2 {
      let error = await #expect(throws: TLSStreamError.self) { try await client.read() }
      #expect(error?.transport is ResettingTransport.Broken)
    }
    try await client.write([3])
    #expect(try await server.read() == [3])
  }
}
