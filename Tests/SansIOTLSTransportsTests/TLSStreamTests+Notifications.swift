import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization
import Testing

/// A transport whose calls return at once, and that a test watches.
private final class WatchedTransport: NonblockingByteTransport {
  struct Calls: Sendable {
    var receives = 0
    var requests = 0
  }

  let base: MemoryTransport
  private let state = Mutex(Calls())
  /// The number of bytes that one call accepts.
  private let sendLimit: Int

  init(_ base: MemoryTransport, sendLimit: Int = .max) {
    self.base = base
    self.sendLimit = sendLimit
  }

  var calls: Calls { state.withLock { $0 } }
  var isNonblocking: Bool { true }

  func receive(upTo count: Int) async -> [UInt8]? { fatalError("a call that waits") }
  func send(_ bytes: [UInt8]) async { fatalError("a call that waits") }

  func receive(into buffer: inout OutputRawSpan) -> TransportReading {
    state.withLock { $0.receives += 1 }
    return base.receive(into: &buffer)
  }

  func send(_ bytes: RawSpan) -> Int { base.send(bytes.extracting(first: min(bytes.byteCount, sendLimit))) }

  func notify(when direction: TransportDirection, _ notification: @escaping @Sendable () -> Void) {
    if direction == .receiving { state.withLock { $0.requests += 1 } }
    base.notify(when: direction, notification)
  }

  func finishTransfers() { base.finishTransfers() }
  func closeOutput() { base.closeOutput() }
}

/// Transports whose calls return at once.
extension TLSStreamTests {
  @Test func `a transport that accepts a few bytes a call carries everything`() async throws {
    let (client, server, _, _) = try await connected { WatchedTransport($0, sendLimit: 100) }
    async let received = Self.readAll(server)
    try await client.write(Self.pattern(100_000))
    try await client.close()
    #expect(try await received == Self.pattern(100_000))
  }

  @Test func `a reader of a hibernating stream waits without allocating its buffers`() async throws {
    let (client, server, near, _) = try await connected(.tls12) { WatchedTransport($0) }
    #expect(client.withEngine { $0.hibernate() })
    let before = near.calls
    let reading = Task { try await client.read() }
    while near.calls.requests == before.requests { await Task.yield() }
    #expect(near.calls.receives == before.receives)
    #expect(client.withEngine { $0.hibernate() })
    try await server.write([7])
    #expect(try await reading.value == [7])
  }

  @Test func `a cancelled reader leaves its notification to the next`() async throws {
    let (client, server, near, _) = try await connected { WatchedTransport($0) }
    let before = near.calls
    let reading = Task { try await client.read() }
    while near.calls.requests == before.requests { await Task.yield() }
    reading.cancel()
    await #expect(throws: TLSStreamError.self) { try await reading.value }
    let next = Task { try await client.read() }
    await Self.settle()
    #expect(near.calls.requests == before.requests + 1)
    try await server.write([1])
    #expect(try await next.value == [1])
  }

  @Test(arguments: [1, 1023, 1024, 1025, 16_384, 20_000, 70_000])
  func `spans carry messages of any size`(size: Int) async throws {
    let (client, server) = try pair()
    let plaintext = Self.pattern(size)
    async let written: Void = client.write(plaintext.span)
    var received: [UInt8] = []
    while received.count < size {
      // Sound: the memory lives through the loop, and the span counts what was initialized.
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 5000, alignment: 1)
      defer { unsafe memory.deallocate() }
      var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      let count = try await server.read(into: &output)
      let total = unsafe output.finalize(for: memory)
      #expect(count == total)
      unsafe received.append(contentsOf: memory[..<total])
    }
    try await written
    #expect(received == plaintext)
  }

  @Test func `a read of a whole message returns it in as many pieces as the caller asks for`() async throws {
    for count in [1, 3, 1024, 1500, 65_536] {
      let (client, server) = try pair()
      async let written: Void = client.write(Self.pattern(4000))
      var pieces: [[UInt8]] = []
      while pieces.joined().count < 4000 { pieces.append(try #require(try await server.read(upTo: count))) }
      try await written
      #expect(Array(pieces.joined()) == Self.pattern(4000))
      #expect(pieces.allSatisfy { !$0.isEmpty && $0.count <= count })
    }
  }
}
