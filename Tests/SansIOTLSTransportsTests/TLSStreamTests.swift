import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization
import Testing

/// TLS over an existing transport: both directions at once, ends, failures, cancellation, deadlines.
struct TLSStreamTests {
  // MARK: Moving

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `the first call performs the handshake`(version: TLSVersion) async throws {
    let (client, server) = try pair(version)
    async let received = server.read()
    try await client.write(Array("ping".utf8))
    #expect(try await received == Array("ping".utf8))
    #expect(client.negotiated?.version == version)
    #expect(server.negotiated?.version == version)
    #expect(server.negotiated?.cipherSuite == client.negotiated?.cipherSuite)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13], [1, 100, 65_536])
  func `both directions at once carry megabytes through a narrow transport`(
    version: TLSVersion, capacity: Int
  ) async throws {
    let (client, server) = try pair(version, capacity: capacity)
    let (up, down) = (Self.pattern(1_000_000), Self.pattern(1_500_000, 7))
    async let atServer = Self.readAll(server)
    async let atClient = Self.readAll(client)
    async let sentUp: Void = {
      try await client.write(up); try await client.close()
    }()
    async let sentDown: Void = {
      try await server.write(down); try await server.close()
    }()
    _ = try await (sentUp, sentDown)
    #expect(try await atServer == up)
    #expect(try await atClient == down)
  }

  @Test func `KeyUpdates during full traffic in both directions block no call`() async throws {
    let (client, server) = try pair(.tls13, capacity: 5000)
    let bytes = Self.pattern(200_000)
    async let atServer = Self.readAll(server)
    async let atClient = Self.readAll(client)
    @Sendable func send(_ stream: Memory) async throws {
      for start in stride(from: 0, to: bytes.count, by: 20_000) {
        try await stream.write(Array(bytes[start..<start + 20_000]))
        _ = try stream.withEngine { engine throws(TLSError) in try engine.keyUpdate(requestingPeer: true) }
      }
      try await stream.close()
    }
    async let up: Void = send(client)
    async let down: Void = send(server)
    _ = try await (up, down)
    #expect(try await atServer == bytes)
    #expect(try await atClient == bytes)
  }

  @Test func `a half-close leaves the other direction open`() async throws {
    let (client, server) = try pair()
    async let request = Self.readAll(server)
    try await client.write(Array("request".utf8))
    try await client.closeWriting()
    #expect(try await request == Array("request".utf8))
    async let answer = Self.readAll(client)
    try await server.write(Self.pattern(100_000))
    try await server.close()
    #expect(try await answer == Self.pattern(100_000))
    try await client.close()
    await #expect(throws: TLSStreamError.self) { try await client.write([1]) }
  }

  @Test func `a second reader is refused`() async throws {
    let (client, server) = try pair()
    try await withThrowingTaskGroup(of: Result<[UInt8]?, TLSStreamError>.self) { group in
      for _ in 0..<2 {
        group.addTask {
          do throws(TLSStreamError) { return .success(try await client.read()) } catch { return .failure(error) }
        }
      }
      // The second call is refused; the first waits.
      let sentAway = try #require(try await group.next())
      let error = #expect(throws: TLSStreamError.self) { try sentAway.get() }
      #expect(error?.code == .concurrentCall)
      try await server.write([9])
      #expect(try await group.next()?.get() == [9])
    }
  }

  @Test func `a stream without a reader blocks its peer's writer`() async throws {
    let (client, server) = try pair(capacity: 1000)
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    let isDone = Mutex(false)
    async let written: Void = {
      try await server.write(Self.pattern(100_000))
      isDone.withLock { $0 = true }
      try await server.close()
    }()
    for _ in 0..<1000 { await Task.yield() }
    #expect(isDone.withLock { !$0 })
    #expect(try await Self.readAll(client) == Self.pattern(100_000))
    try await written
  }

  // MARK: Failing

  @Test func `a transport that ends without close_notify is a truncation after the data`() async throws {
    let (near, far) = MemoryTransport.pair()
    let contexts = try Self.contexts()
    let client = TLSStream(try Self.clientEngine(contexts.client), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let first = client.read()
    try await server.write([1, 2, 3])
    #expect(try await first == [1, 2, 3])
    try await server.write([4])
    far.closeOutput()
    #expect(try await client.read() == [4])
    let error = await #expect(throws: TLSStreamError.self) { try await client.read() }
    #expect(error?.tls?.code == .truncated)
  }

  @Test func `a rejected certificate is reported on both sides`() async throws {
    let (client, server) = try pair { client, _ in client.trustRoots = [TestAuthority().trust] }
    async let atServer = #expect(throws: TLSStreamError.self) { try await server.handshake() }
    let atClient = await #expect(throws: TLSStreamError.self) { try await client.handshake() }
    #expect(atClient?.tls?.code == .certificateRejected)
    #expect(await atServer?.tls?.alertReceived == .unknownCA)
  }

  @Test(arguments: [(0, Int.max), (.max, 0)] as [(Int, Int)])
  func `a transport that fails during the handshake fails the stream permanently`(
    receives: Int, sends: Int
  ) async throws {
    let (near, _) = MemoryTransport.pair()
    let stream = TLSStream(
      try Self.clientEngine(Self.contexts().client), over: FailingTransport(near, receives: receives, sends: sends))
    for _ in 0..<2 {
      let error = await #expect(throws: TLSStreamError.self) { try await stream.handshake() }
      #expect(error?.transport is FailingTransport.Broken)
      await #expect(throws: TLSStreamError.self) { try await stream.read() }
      await #expect(throws: TLSStreamError.self) { try await stream.write([1]) }
      // The operation that waited for bytes has ended meanwhile, and changes nothing.
      await Self.settle()
    }
  }

  // MARK: Questions

  private struct Patient: TLSStreamDelegate {
    let answer: TLSEngine.PeerCertificates.Answer
    func answerPeerCertificates(
      _ certificates: TLSEngine.PeerCertificates
    ) async -> TLSEngine.PeerCertificates.Answer {
      for _ in 0..<10 { await Task.yield() }
      return answer
    }
  }

  @Test(arguments: [true, false])
  func `questions are answered later`(accepts: Bool) async throws {
    let contexts = try Self.contexts { client, server in
      client.pausesAtPeerCertificates = true
      client.trustRoots = [TestAuthority().trust]
    }
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(
      try Self.clientEngine(contexts.client), over: near,
      delegate: Patient(answer: accepts ? .trust : .distrust(.badCertificate)))
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    let atServer = Task { try await server.handshake() }
    if accepts {
      try await client.handshake()
      _ = try await atServer.value
    } else {
      let error = await #expect(throws: TLSStreamError.self) { try await client.handshake() }
      #expect(error?.tls?.code == .rejected)
      // In TLS 1.3 a server learns of it by its first read.
      await #expect(throws: TLSStreamError.self) {
        _ = try await atServer.value
        _ = try await server.read()
      }
    }
  }

  @Test(arguments: [TLSVersion.tls12, .tls13], [true, false])
  func `a server's question about its client is answered later`(version: TLSVersion, accepts: Bool) async throws {
    let alice = TestIdentity.client("Alice")
    let contexts = try Self.contexts(version) { client, server in
      client.identities = [try alice.identity]
      server.trustRoots = [alice.trust]
      server.clientAuthentication = .required
      server.pausesAtPeerCertificates = true
    }
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(try Self.clientEngine(contexts.client), over: near)
    let server = TLSStream(
      try TLSEngine(.server, context: contexts.server), over: far,
      delegate: Patient(answer: accepts ? .trust : .distrust(.accessDenied)))
    let atServer = Task { try await server.handshake() }
    if accepts {
      try await client.handshake()
      _ = try await atServer.value
      try await server.write([1, 2])
      #expect(try await client.read() == [1, 2])
    } else {
      // In TLS 1.3 a client learns of it by its first read.
      let error = await #expect(throws: TLSStreamError.self) {
        try await client.handshake()
        _ = try await client.read()
      }
      #expect(error?.tls?.alertReceived == .accessDenied)
      let refusal = await #expect(throws: TLSStreamError.self) { _ = try await atServer.value }
      #expect(refusal?.tls?.code == .rejected)
    }
  }

  private struct Presenting: TLSStreamDelegate {
    let answer: TLSEngine.CertificateRequest.Answer
    func answerCertificateRequest(
      _ request: TLSEngine.CertificateRequest
    ) async -> TLSEngine.CertificateRequest.Answer {
      for _ in 0..<10 { await Task.yield() }
      return answer
    }
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a client chooses its identity later`(version: TLSVersion) async throws {
    let alice = TestIdentity.client("Alice")
    let contexts = try Self.contexts(version) { client, server in
      client.pausesAtCertificateRequest = true
      server.trustRoots = [alice.trust]
      server.clientAuthentication = .required
    }
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(
      try Self.clientEngine(contexts.client), over: near, delegate: Presenting(answer: .present(try alice.identity)))
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    let atServer = Task { try await server.handshake() }
    try await client.handshake()
    _ = try await atServer.value
    try await server.write([1, 2])
    #expect(try await client.read() == [1, 2])
  }

  /// A delegate like one that queries a database.
  private struct ByName: TLSStreamDelegate {
    let contexts: [String: TLSContext]
    func answerClientHello(_ hello: TLSEngine.ClientHello) async -> TLSEngine.ClientHello.Answer {
      for _ in 0..<10 { await Task.yield() }
      return contexts[hello.serverName ?? ""].map { .serve(with: $0) } ?? .refuse(.unrecognizedName)
    }
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a context is fetched by server name`(version: TLSVersion) async throws {
    let contexts = try Self.contexts(version) { _, server in
      server.identities = [try TestIdentity.server("other.example").identity]
      server.pausesAtClientHello = true
    }
    let fetched = try Self.contexts(version) { _, server in server.applicationProtocols = ["fetched"] }.server
    for (name, isKnown) in [("localhost", true), ("other.example", false)] {
      let (near, far) = MemoryTransport.pair()
      let client = TLSStream(
        try TLSEngine(.client(serverName: .dns(name)), context: contexts.client), over: near)
      let server = TLSStream(
        try TLSEngine(.server, context: contexts.server), over: far, delegate: ByName(contexts: ["localhost": fetched]))
      let atServer = Task { try await server.handshake() }
      if isKnown {
        try await client.handshake()
        #expect(try await atServer.value.serverName == "localhost")
      } else {
        let error = await #expect(throws: TLSStreamError.self) { try await client.handshake() }
        #expect(error?.tls?.alertReceived == .unrecognizedName)
        await #expect(throws: TLSStreamError.self) { try await atServer.value }
      }
    }
  }

  // MARK: Cancelling

  @Test func `a cancelled read loses no byte`() async throws {
    let (client, server) = try pair()
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    var received: [UInt8] = []
    for number in UInt8(0)..<200 {
      let reading = Task { try await client.read() }
      if number % 3 == 0 { await Task.yield() }
      reading.cancel()
      try await server.write([number])
      do {
        received += try #require(await reading.value)
      } catch let error as TLSStreamError {
        #expect(error.code == .cancelled)
      }
    }
    try await server.close()
    #expect(try await received + Self.readAll(client) == Array(0..<200))
  }

  @Test func `a cancelled write reports what it encrypted`() async throws {
    let (client, server) = try pair(capacity: 1000)
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    // There is no reader, so that it has to wait.
    let plaintext = Self.pattern(2_000_000)
    let writing = Task { try await client.write(plaintext) }
    for _ in 0..<50 { await Task.yield() }
    writing.cancel()
    var accepted = 0
    do { try await writing.value } catch let error as TLSStreamError {
      #expect(error.code == .cancelled)
      accepted = error.bytesAccepted
    }
    #expect(accepted < plaintext.count)
    async let all = Self.readAll(server)
    try await client.write(Array("after".utf8))
    try await client.close()
    #expect(try await all == plaintext.prefix(accepted) + Array("after".utf8))
  }

  // MARK: Deadlines

  @Test func `a handshake that exceeds its deadline fails permanently`() async throws {
    let (near, _) = MemoryTransport.pair()
    let stream = TLSStream(try Self.clientEngine(Self.contexts().client), over: near)
    let clock = ManualClock()
    async let failure = #expect(throws: TLSStreamError.self) {
      try await stream.handshake(until: ManualClock.Instant(seconds: 5), clock: clock)
    }
    while !clock.hasSleepers { await Task.yield() }
    clock.advance(to: 5)
    #expect(await failure?.code == .deadlineExceeded)
    let again = await #expect(throws: TLSStreamError.self) { try await stream.read() }
    #expect(again?.code == .deadlineExceeded)
  }

  @Test func `a close waits for its transport no longer than its deadline`() async throws {
    let (client, server, near, _) = try await connected(capacity: 1) { FailingTransport($0) }
    let sendsBefore = near.sendsLeft
    let writing = Task { try await client.write(Self.pattern(100_000)) }
    // There is no reader for the first piece: what follows it waits.
    while near.sendsLeft == sendsBefore { await Task.yield() }
    writing.cancel()
    let clock = ManualClock()
    async let failure = #expect(throws: TLSStreamError.self) {
      try await client.close(until: ManualClock.Instant(seconds: 1), clock: clock)
    }
    while !clock.hasSleepers { await Task.yield() }
    clock.advance(to: 1)
    #expect(await failure?.code == .deadlineExceeded)
    _ = await writing.result
    withExtendedLifetime(server) {}
  }

  @Test func `abort ends waiting calls`() async throws {
    let (client, _) = try pair()
    async let failure = #expect(throws: TLSStreamError.self) { try await client.read() }
    for _ in 0..<20 { await Task.yield() }
    client.abort()
    #expect(await failure?.code == .aborted)
  }

  // MARK: Unwrapping, and nested TLS

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `unwrap returns the transport and what follows in plaintext`(version: TLSVersion) async throws {
    let (client, server) = try pair(version)
    try await client.write(Array("bye".utf8), beside: server)
    async let atClient = client.unwrap()
    // Plaintext has to be read before TLS ends.
    let unread = await #expect(throws: TLSStreamError.self) { try await server.unwrap() }
    #expect(unread?.code == .unreadPlaintext)
    #expect(try await Self.readAll(server) == Array("bye".utf8))
    let (far, trailing) = try await server.unwrap()
    let (near, none) = try await atClient
    #expect(none.isEmpty)
    await near.send(Array("plaintext".utf8))
    var clear = trailing
    while clear.count < 8 { clear += try #require(await far.receive(upTo: 100)) }
    #expect(clear == Array("plaintext".utf8))
    let error = await #expect(throws: TLSStreamError.self) { try await client.read() }
    #expect(error?.code == .unwrapped)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a stream without read-ahead leaves what follows in the transport`(version: TLSVersion) async throws {
    let contexts = try Self.contexts(version)
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(try Self.clientEngine(contexts.client), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far, allowsReadAhead: false)
    async let read = Self.readAll(server)
    try await client.write(Self.pattern(40_000))
    try await client.closeWriting()
    // In one piece with what follows it.
    await near.send(Array("plaintext".utf8))
    #expect(try await read == Self.pattern(40_000))
    async let atClient: Void = { _ = try await Self.readAll(client) }()
    let (transport, trailing) = try await server.unwrap()
    #expect(trailing.isEmpty)
    #expect(await transport.receive(upTo: 100) == Array("plaintext".utf8))
    try await atClient
  }

  @Test func `a stream carries another stream`() async throws {
    let (outerClient, outerServer) = try pair(capacity: 3000)
    let contexts = try Self.contexts()
    let client = TLSStream(try Self.clientEngine(contexts.client), over: outerClient)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: outerServer)
    async let up = Self.readAll(server)
    async let down = Self.readAll(client)
    async let sentDown: Void = {
      try await server.write(Self.pattern(300_000)); try await server.close()
    }()
    try await client.write(Self.pattern(200_000, 3))
    try await client.close()
    try await sentDown
    #expect(try await up == Self.pattern(200_000, 3))
    #expect(try await down == Self.pattern(300_000))
  }
}

extension TLSStream {
  /// Writes while the other end performs its handshake.
  fileprivate func write(_ bytes: [UInt8], beside other: TLSStream) async throws {
    async let handshake = other.handshake()
    try await write(bytes)
    _ = try await handshake
  }
}
