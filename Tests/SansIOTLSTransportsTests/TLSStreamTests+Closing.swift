import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Closing and unwrapping, also at unusual times.
extension TLSStreamTests {
  @Test func `closing during the handshake ends the call that performs it`() async throws {
    let (_, far) = MemoryTransport.pair()
    let transport = FailingTransport(far)
    let server = TLSStream(try TLSEngine(.server, context: Self.contexts().server), over: transport)
    async let failure = #expect(throws: TLSStreamError.self) { try await server.handshake() }
    while transport.receivesLeft == .max { await Task.yield() }
    await Self.settle()
    try await server.closeWriting()
    #expect(await failure?.tls?.code == .abandoned)
  }

  /// Closes during the handshake, over a transport that throws when its receive is cancelled, and returns how the calls
  /// after that failed.
  ///
  /// - Parameter isLate: Whether the end is requested only after the receive has thrown.
  private func closeInHandshake<Transport: ByteTransport>(
    over transport: Transport, isLate: Bool, whenGreeted: () async throws -> Void
  ) async throws -> [TLSError.Code?] {
    let stream = TLSStream(try Self.clientEngine(Self.contexts().client), over: transport)
    let making = Task { try await stream.handshake() }
    // The receive started before the ClientHello was sent.
    try await whenGreeted()
    if isLate {
      try await stream.closeWriting()
      await Self.settle()
    }
    try await stream.close()
    try await stream.close()
    let errors = [
      await #expect(throws: TLSStreamError.self) { try await making.value },
      await #expect(throws: TLSStreamError.self) { try await stream.handshake() },
      await #expect(throws: TLSStreamError.self) { try await stream.read() },
      await #expect(throws: TLSStreamError.self) { try await stream.write([1]) },
    ]
    return errors.map { $0?.tls?.code }
  }

  @Test(arguments: [false, true], [false, true])
  func `closing during the handshake ends the descriptor below`(isLate: Bool, inMessages: Bool) async throws {
    for _ in 0..<10 {
      let (near, far) = try FileDescriptorTransportTests.Kind.socket.make()
      func greeted() async throws { #expect(try await far.receive(upTo: 65_536)?.isEmpty == false) }
      let codes =
        inMessages
        ? try await closeInHandshake(
          over: MessageStream(DescriptorMessages(base: near)), isLate: isLate, whenGreeted: greeted)
        : try await closeInHandshake(over: near, isLate: isLate, whenGreeted: greeted)
      #expect(codes == Array(repeating: .abandoned, count: 4))
      // A large ClientHello may arrive in several pieces; after its rest there is the end.
      while try await far.receive(upTo: 65_536) != nil {}
    }
  }

  @Test(arguments: [false, true])
  func `closing during the handshake ends the stream below`(isLate: Bool) async throws {
    for _ in 0..<10 {
      let (outer, outerServer, _, far) = try await connected { $0 }
      func greeted() async throws { #expect(try await outerServer.read()?.isEmpty == false) }
      let codes = try await closeInHandshake(over: outer, isLate: isLate, whenGreeted: greeted)
      #expect(codes == Array(repeating: .abandoned, count: 4))
      #expect(try await outerServer.read() == nil)
      #expect(await far.receive(upTo: 1) == nil)
      // The outer stream still waits for bytes on behalf of a read that has ended.
      outer.abort()
    }
  }

  @Test func `one close_notify and one end reach the transport however often the stream is closed`() async throws {
    let (client, server, near, _) = try await connected { FailingTransport($0) }
    let sendsBefore = near.sendsLeft
    async let first: Void = client.close()
    async let second: Void = client.close()
    _ = try await (first, second)
    try await client.closeWriting()
    try await client.close()
    #expect(near.sendsLeft == sendsBefore - 1)
    #expect(near.endCount == 1)
    #expect(try await server.read() == nil)
  }

  @Test func `one alert and one end reach the transport however often a failed stream is closed`() async throws {
    let (client, server, near, far) = try await connected { FailingTransport($0) }
    await far.send([UInt8](repeating: 0x55, count: 50))
    _ = await #expect(throws: TLSStreamError.self) { try await client.read() }
    for _ in 0..<3 {
      let error = await #expect(throws: TLSStreamError.self) { try await client.close() }
      #expect(error?.tls?.code == .protocolViolation)
    }
    #expect(near.endCount == 1)
    let failure = await #expect(throws: TLSStreamError.self) { try await server.read() }
    #expect(failure?.tls?.code == .alertReceived)
  }

  @Test func `an answer after a close is ignored`() async throws {
    let contexts = try Self.contexts(.tls13) { client, _ in client.pausesAtPeerCertificates = true }
    let (near, far) = MemoryTransport.pair()
    let late = LateDelegate()
    let client = TLSStream(try Self.clientEngine(contexts.client), over: near, delegate: late)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    let atServer = Task { try await server.handshake() }
    let making = Task { try await client.handshake() }
    while !late.isAsked { await Task.yield() }
    try await client.close()
    late.allow()
    await Self.settle()
    let error = await #expect(throws: TLSStreamError.self) { try await client.handshake() }
    #expect(error?.tls?.code == .abandoned)
    _ = await (making.result, atServer.result)
  }

  /// Whether a client's stream is released after use, although its peer sends nothing.
  private func isLetGo(_ use: (Memory) async throws -> Void) async throws -> Bool {
    let (near, far) = MemoryTransport.pair()
    weak var released: Memory?
    do {
      let stream = TLSStream(try Self.clientEngine(Self.contexts().client), over: near)
      released = stream
      try await use(stream)
    }
    // Its last owner may release it late: up to ten seconds.
    for _ in 0..<10_000 where released != nil { try await Task.sleep(for: .milliseconds(1)) }
    return withExtendedLifetime(far) { released == nil }
  }

  @Test func `a stream closed during the handshake is released although its peer sends nothing`() async throws {
    let isGone = try await isLetGo { stream in
      let making = Task { try await stream.handshake() }
      await Self.settle()
      making.cancel()
      _ = await making.result
      try await stream.close()
    }
    #expect(isGone)
  }

  @Test func `a stream that was aborted while it waited is released`() async throws {
    let isGone = try await isLetGo { stream in
      let reading = Task { try await stream.read() }
      await Self.settle()
      stream.abort()
      _ = await reading.result
    }
    #expect(isGone)
  }

  @Test func `abort ends a writer too, and may be repeated`() async throws {
    let (client, server, _, _) = try await connected(capacity: 1000) { $0 }
    async let failure = #expect(throws: TLSStreamError.self) { try await client.write(Self.pattern(2_000_000)) }
    await Self.settle()
    client.abort()
    client.abort()
    #expect(await failure?.code == .aborted)
    withExtendedLifetime(server) {}
  }

  @Test func `a writer whose direction another task closes learns how much was accepted`() async throws {
    let (client, server, _, _) = try await connected(capacity: 1000) { $0 }
    let plaintext = Self.pattern(2_000_000)
    async let failure = #expect(throws: TLSStreamError.self) { try await client.write(plaintext) }
    await Self.settle()
    async let closed: Void = client.close()
    let received = try await Self.readAll(server)
    try await closed
    let error = await failure
    #expect(error?.tls?.code == .closed)
    #expect(received.count == error?.bytesAccepted)
    let isPrefix = plaintext.starts(with: received)
    #expect(isPrefix)
  }

  @Test func `data that the peer sent before it closed is read although a write is blocked`() async throws {
    let (client, server, _, _) = try await connected(capacity: 1000) { $0 }
    let writing = Task { try await client.write(Self.pattern(1_000_000)) }
    await Self.settle()
    try await server.write([1, 2])
    try await server.closeWriting()
    #expect(try await client.read() == [1, 2])
    #expect(try await client.read() == nil)
    async let rest = Self.readAll(server)
    try await writing.value
    try await client.close()
    #expect(try await rest == Self.pattern(1_000_000))
  }

  @Test(arguments: [true, false])
  func `an end or garbage instead of the peer's close_notify is an error of unwrap`(ends: Bool) async throws {
    let (client, server, _, far) = try await connected { $0 }
    if ends { far.closeOutput() } else { await far.send([UInt8](repeating: 0x55, count: 50)) }
    let error = await #expect(throws: TLSStreamError.self) { try await client.unwrap() }
    #expect(error?.tls?.code == (ends ? .truncated : .protocolViolation))
    withExtendedLifetime(server) {}
  }

  @Test func `the next call continues a cancelled unwrap`() async throws {
    let (client, server, _, _) = try await connected { $0 }
    let leaving = Task { _ = try await client.unwrap() }
    await Self.settle()
    leaving.cancel()
    let error = await #expect(throws: TLSStreamError.self) { try await leaving.value }
    #expect(error?.code == .cancelled)
    async let atServer = server.unwrap()
    #expect(try await client.unwrap().trailing.isEmpty)
    _ = try await atServer
  }

  @Test func `aborting the inner stream leaves the outer one`() async throws {
    let (outer, outerServer, _, _) = try await connected { $0 }
    let inner = TLSStream(try Self.clientEngine(Self.contexts().client), over: outer)
    async let failure = #expect(throws: TLSStreamError.self) { try await inner.handshake() }
    _ = try await outerServer.read()
    await Self.settle()
    inner.abort()
    #expect(await failure?.code == .aborted)
    try await outerServer.write([1])
    var received: [UInt8]?
    while received == nil {
      do throws(TLSStreamError) { received = try await outer.read() } catch {
        // The inner stream's receive is about to end.
        guard error.code == .concurrentCall else { throw error }
        await Task.yield()
      }
    }
    #expect(received == [1])
  }
}
