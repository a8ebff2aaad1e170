import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization
import Testing

/// Nothing that waits for a peer keeps a stream and its transport alive.
extension TLSStreamTests {
  typealias Descriptors = TLSStream<FileDescriptorTransport>

  /// A weak reference.
  private final class Watched: Sendable {
    private let object: @Sendable () -> AnyObject?
    init<Object: AnyObject & Sendable>(_ object: Object) {
      self.object = { [weak object] in object }
    }

    private var isHeld: Bool { object() != nil }

    /// The number of objects that are not released. The last owner of one may be late: up to ten seconds.
    static func held(_ all: [Watched]) async throws -> Int {
      for _ in 0..<10_000 where all.contains(where: \.isHeld) { try await Task.sleep(for: .milliseconds(1)) }
      return all.count { $0.isHeld }
    }

    var isReleased: Bool {
      get async throws { try await Self.held([self]) == 0 }
    }
  }

  /// A client over a socket of its own and the server at the other end, after the handshake.
  private func overSockets() async throws -> (client: Descriptors, server: Descriptors, socket: Watched) {
    let contexts = try Self.contexts()
    let (near, far) = try FileDescriptorTransportTests.Kind.socket.make()
    let client = TLSStream(try Self.clientEngine(contexts.client), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    return (client, server, Watched(near))
  }

  @Test func `fifty closed streams whose read was cancelled keep no descriptor although their peers are silent`()
    async throws
  {
    var (clients, silent): ([Descriptors], [Descriptors]) = ([], [])
    var sockets: [Watched] = []
    for _ in 0..<50 {
      let (client, server, socket) = try await overSockets()
      clients.append(client)
      silent.append(server)
      sockets.append(socket)
    }
    var readings = clients.map { client in Task { try await client.read() } }
    await Self.settle()
    for reading in readings {
      reading.cancel()
      let error = await #expect(throws: TLSStreamError.self) { try await reading.value }
      #expect(error?.code == .cancelled)
    }
    for client in clients { try await client.close() }
    (clients, readings) = ([], [])
    #expect(try await Watched.held(sockets) == 0)
    withExtendedLifetime(silent) {}
  }

  @Test func `a released stream whose handshake was cancelled ends its transport`() async throws {
    let (near, far) = try FileDescriptorTransportTests.Kind.socket.make()
    let socket = Watched(near)
    try await { [near] in
      let stream = TLSStream(try Self.clientEngine(Self.contexts().client), over: near)
      let making = Task { try await stream.handshake() }
      _ = try await far.receive(upTo: 65_536)
      making.cancel()
      _ = await making.result
    }()
    #expect(try await far.receive(upTo: 65_536) == nil)
    withExtendedLifetime(socket) {}
  }

  @Test func `a released stream whose write was cancelled keeps no descriptor although its peer reads nothing`()
    async throws
  {
    var silent: Descriptors?
    var socket: Watched?
    do {
      let (client, server, watched) = try await overSockets()
      (silent, socket) = (server, watched)
      let writing = Task { try await client.write(Self.pattern(5_000_000)) }
      await Self.settle()
      writing.cancel()
      let error = await #expect(throws: TLSStreamError.self) { try await writing.value }
      #expect(error?.code == .cancelled)
    }
    #expect(try await socket?.isReleased == true)
    withExtendedLifetime(silent) {}
  }

  /// Waits for bytes, whether or not it is cancelled.
  private struct Deaf: ByteTransport {
    let base: MemoryTransport
    func receive(upTo count: Int) async -> [UInt8]? { await Task { await base.receive(upTo: count) }.value }
    func send(_ bytes: [UInt8]) async { await base.send(bytes) }
    func closeOutput() async { base.closeOutput() }
  }

  @Test func `a transport that ignores its cancellation does not keep the stream`() async throws {
    var (server, stream): (Memory?, Watched?)
    do {
      let connected = try await connected { Deaf(base: $0) }
      (server, stream) = (connected.server, Watched(connected.client))
      let reading = Task { try await connected.client.read() }
      await Self.settle()
      reading.cancel()
      _ = await reading.result
    }
    #expect(try await stream?.isReleased == true)
    // The peer does not wait either.
    let error = await #expect(throws: TLSStreamError.self) { try await server?.read() }
    #expect(error?.tls?.code == .truncated)
  }

  @Test func `a delegate that does not answer does not keep the stream`() async throws {
    let contexts = try Self.contexts(.tls13) { client, _ in client.pausesAtPeerCertificates = true }
    let (near, far) = MemoryTransport.pair()
    let late = LateDelegate()
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    let atServer = Task { try await server.handshake() }
    var stream: Watched?
    do {
      let client = TLSStream(try Self.clientEngine(contexts.client), over: near, delegate: late)
      stream = Watched(client)
      let making = Task { try await client.handshake() }
      while !late.isAsked { await Task.yield() }
      making.cancel()
      _ = await making.result
    }
    #expect(try await stream?.isReleased == true)
    await #expect(throws: TLSStreamError.self) { try await atServer.value }
    late.allow()
  }

  @Test func `a clock that ignores cancellation does not keep the stream`() async throws {
    let clock = ManualClock()
    var stream: Watched?
    do {
      let (client, server) = try pair()
      stream = Watched(client)
      async let handshake = server.handshake()
      try await client.handshake(until: ManualClock.Instant(seconds: 5), clock: clock)
      _ = try await handshake
    }
    #expect(try await stream?.isReleased == true)
    clock.advance(to: 5)
  }

  @Test func `a stream released after TLS failed still sends its alert, then the end`() async throws {
    for _ in 0..<20 {
      let (near, far) = try FileDescriptorTransportTests.Kind.socket.make()
      let contexts = try Self.contexts { client, _ in client.trustRoots = [TestAuthority().trust] }
      let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
      let atServer = Task { try await server.handshake() }
      try await { [near] in
        let client = TLSStream(try Self.clientEngine(contexts.client), over: near)
        await #expect(throws: TLSStreamError.self) { try await client.handshake() }
      }()
      let error = await #expect(throws: TLSStreamError.self) { try await atServer.value }
      #expect(error?.tls?.alertReceived == .unknownCA)
      #expect(try await far.receive(upTo: 100) == nil)
    }
  }

  @Test func `a stream that was unwrapped or aborted leaves its transport open when it is released`() async throws {
    for isAborted in [true, false] {
      var ends: (near: MemoryTransport, far: MemoryTransport)?
      do {
        let (client, server, near, far) = try await connected { $0 }
        ends = (near, far)
        if isAborted {
          client.abort()
          server.abort()
        } else {
          async let atServer = server.unwrap()
          _ = try await client.unwrap()
          _ = try await atServer
        }
      }
      await Self.settle()
      let (near, far) = try #require(ends)
      await near.send([1])
      #expect(await far.receive(upTo: 1) == [1])
    }
  }

  @Test func `a stream that was not used leaves its transport unchanged`() async throws {
    let (near, far) = MemoryTransport.pair()
    do { _ = TLSStream(try Self.clientEngine(Self.contexts().client), over: near) }
    await Self.settle()
    await near.send([1])
    #expect(await far.receive(upTo: 1) == [1])
  }

  @Test func `a released inner stream ends the outer one`() async throws {
    let (outer, outerServer, _, far) = try await connected { $0 }
    try await { [outer] in
      let inner = TLSStream(try Self.clientEngine(Self.contexts().client), over: outer)
      let making = Task { try await inner.handshake() }
      _ = try await outerServer.read()
      making.cancel()
      _ = await making.result
    }()
    #expect(try await outerServer.read() == nil)
    #expect(await far.receive(upTo: 1) == nil)
  }

  // MARK: Empty receives

  /// Returns empty arrays before each piece, or instead of everything.
  private final class Empty: ByteTransport {
    let base: MemoryTransport
    private let between: Int
    private let left: Mutex<Int>

    init(_ base: MemoryTransport, between: Int) {
      self.base = base
      self.between = between
      left = Mutex(between)
    }

    func receive(upTo count: Int) async -> [UInt8]? {
      let isEmpty = left.withLock { left in
        left -= 1
        if left < 0 { left = between }
        return left != between
      }
      return isEmpty ? [] : await base.receive(upTo: count)
    }
    func send(_ bytes: [UInt8]) async { await base.send(bytes) }
    func closeOutput() async { base.closeOutput() }
  }

  @Test func `a transport that returns nothing without end fails the stream`() async throws {
    let (near, far) = MemoryTransport.pair()
    // A stream that continued to receive would find the end, and report another error.
    far.closeOutput()
    let client = TLSStream(try Self.clientEngine(Self.contexts().client), over: Empty(near, between: 10_000))
    for _ in 0..<2 {
      let error = await #expect(throws: TLSStreamError.self) { try await client.handshake() }
      #expect(error?.code == .emptyReceives)
    }
  }

  @Test func `a transport that occasionally returns nothing is called again`() async throws {
    let (client, server, _, _) = try await connected { Empty($0, between: 64) }
    async let received = Self.readAll(client)
    try await server.write(Self.pattern(200_000))
    try await server.close()
    #expect(try await received == Self.pattern(200_000))
  }

  /// Messages without bytes, at once and without end.
  private struct Hollow: MessageTransport {
    let maximumMessageSize = 1000
    func receiveMessage() async -> [UInt8]? { [] }
    func sendMessage(_ message: [UInt8]) async {}
    func closeOutput() async {}
  }

  @Test func `a carrier of empty messages does not keep its stream`() async throws {
    var stream: Watched?
    do {
      let carrier = MessageStream(Hollow())
      stream = Watched(carrier)
      let client = TLSStream(try Self.clientEngine(Self.contexts().client), over: carrier)
      let making = Task { try await client.handshake() }
      await Self.settle()
      making.cancel()
      let error = await #expect(throws: TLSStreamError.self) { try await making.value }
      #expect(error?.code == .cancelled)
    }
    #expect(try await stream?.isReleased == true)
  }
}
