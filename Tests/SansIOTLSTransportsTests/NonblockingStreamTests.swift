import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Synchronization
import Testing

/// Streams over transports whose calls return at once.
struct NonblockingStreamTests {
  private typealias Uneven = TLSStream<UnevenTransport>
  private typealias Ends = (client: Uneven, server: Uneven)

  private func pair(
    seed: UInt64, version: TLSVersion? = nil, capacity: Int = 65_536, exactly: Bool = false,
    left: [UnevenTransport.Call: Int] = [:]
  ) throws -> Ends {
    let contexts = try TLSStreamTests.contexts(version)
    let (near, far) = MemoryTransport.pair(capacity: capacity)
    return (
      TLSStream(
        try TLSStreamTests.clientEngine(contexts.client), over: UnevenTransport(near, seed: seed, left: left),
        allowsReadAhead: !exactly),
      TLSStream(
        try TLSEngine(.server, context: contexts.server), over: UnevenTransport(far, seed: ~seed),
        allowsReadAhead: !exactly)
    )
  }

  private static func echo(_ server: Uneven) async throws(TLSStreamError) {
    while let piece = try await server.read() { try await server.write(piece) }
    try await server.close()
  }

  @Test(arguments: UInt64(0)..<24) func `uneven pieces arrive in order in both directions`(seed: UInt64) async throws {
    var random = SplitMix(seed: seed)
    let capacity = [1, 100, 4000, 65_536].randomElement(using: &random)!
    let version = [TLSVersion.tls12, .tls13].randomElement(using: &random)!
    let (client, server) = try pair(seed: seed, version: version, capacity: capacity, exactly: seed % 5 == 4)
    let bytes = TLSStreamTests.pattern(Int.random(in: 1...150_000, using: &random), Int(seed))
    async let served: Void = Self.echo(server)
    async let echoed = TLSStreamTests.readAll(client)
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = min(Int.random(in: 0...60_000, using: &random), rest.count)
      try await client.write(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    try await client.close()
    #expect(try await echoed == bytes)
    try await served
  }

  /// A writer that is cancelled continues after the bytes that were accepted: each arrives once.
  @Test(arguments: UInt64(0)..<12) func `cancelled calls lose no byte and repeat none`(seed: UInt64) async throws {
    let (client, server) = try pair(seed: seed, capacity: 3000)
    let bytes = TLSStreamTests.pattern(150_000, Int(seed))
    let writing = Task {
      var (random, start) = (SplitMix(seed: seed), 0)
      while start < bytes.count {
        let begin = start
        let call = Task { try await client.write(Array(bytes[begin...])) }
        for _ in 0..<Int.random(in: 0...60, using: &random) { await Task.yield() }
        call.cancel()
        do { try await call.value; start = bytes.count } catch let error as TLSStreamError {
          try #require(error.code == .cancelled)
          start += error.bytesAccepted
        }
      }
      try await client.close()
    }
    var random = SplitMix(seed: ~seed)
    var received: [UInt8] = []
    reading: while true {
      let limit = [1, 700, 1024, 1025, 65_536].randomElement(using: &random)!
      let call = Task { try await server.read(upTo: limit) }
      if Bool.random(using: &random) { call.cancel() }
      do {
        guard let piece = try await call.value else { break reading }
        try #require((1...limit).contains(piece.count))
        received += piece
      } catch let error as TLSStreamError { try #require(error.code == .cancelled) }
    }
    try await writing.value
    #expect(received == bytes)
  }

  /// The reader and the writer both perform the handshake.
  @Test(arguments: Array(stride(from: UInt64(0), to: 30, by: 2)), UnevenTransport.Call.allCases)
  func `a transport that fails ends every call`(
    number: UInt64, call: UnevenTransport.Call
  ) async throws {
    let (client, server) = try pair(seed: number, capacity: 2000, left: [call: Int(number) * 2])
    let served = Task {
      do { try await Self.echo(server) } catch { server.abort() }
    }
    async let read = { () async -> TLSStreamError? in
      do throws(TLSStreamError) {
        while try await client.read() != nil {}
        return nil
      } catch {
        // Without a reader the writer would wait for a server that waits to write.
        client.abort()
        return error
      }
    }()
    var errors: [TLSStreamError] = []
    do throws(TLSStreamError) {
      try await client.write(TLSStreamTests.pattern(20_000))
      try await client.close()
    } catch {
      #expect(error.bytesAccepted <= 20_000)
      // Its peer does not know; the reader may wait for it.
      client.abort()
      errors.append(error)
    }
    if let error = await read { errors.append(error) }
    for error in errors { #expect([.transport, .aborted].contains(error.code)) }
    #expect(errors.isEmpty || errors.contains { $0.transport is UnevenTransport.Broken })
    server.abort()
    await served.value
  }

  /// The peer is silent, and its direction stays open.
  @Test func `a failure to send ends the handshake although nothing is received`() async throws {
    let (client, server) = try pair(seed: 1, left: [.send: 0])
    let error = await #expect(throws: TLSStreamError.self) { try await client.handshake() }
    #expect(error?.code == .transport)
    withExtendedLifetime(server) {}
  }

  @Test func `a failed request for a notification ends the handshake`() async throws {
    let (client, server) = try pair(seed: 1, left: [.notify: 0])
    for _ in 0..<2 {
      let error = await #expect(throws: TLSStreamError.self) { try await client.handshake() }
      #expect(error?.code == .transport)
    }
    withExtendedLifetime(server) {}
  }

  /// The client's last flight is produced by the attempt that then finds no room for the plaintext.
  @Test func `a write continues after its handshake has reached the limit of pending output`() async throws {
    let contexts = try TLSStreamTests.contexts()
    let (near, far) = MemoryTransport.pair()
    var limits = TLSEngine.Limits()
    limits.pendingOutputByteCount = 1
    let engine = try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client, limits: limits)
    let client = TLSStream(engine, over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let received = server.read()
    try await client.write([1])
    #expect(try await received == [1])
  }

  // MARK: Misuse by a transport

  /// Receives nothing, and reports that as bytes.
  private final class Hollow: NonblockingByteTransport {
    var isNonblocking: Bool { true }
    func receive(into buffer: inout OutputRawSpan) -> TransportReading { .bytes(0) }
    func send(_ bytes: RawSpan) -> Int { bytes.byteCount }
    func notify(when direction: TransportDirection, _ notification: @escaping @Sendable () -> Void) {}
    func closeOutput() {}
    func receive(upTo count: Int) async -> [UInt8]? { [] }
    func send(_ bytes: [UInt8]) async {}
  }

  @Test func `a transport that receives nothing without end fails the stream`() async throws {
    let client = TLSStream(try TLSStreamTests.clientEngine(TLSStreamTests.contexts().client), over: Hollow())
    for _ in 0..<2 {
      let error = await #expect(throws: TLSStreamError.self) { try await client.handshake() }
      #expect(error?.code == .emptyReceives)
    }
  }

  // MARK: Hibernation

  @Test(arguments: FileDescriptorTransportTests.Kind.allCases)
  func `a stream that waits for its peer continues to hibernate`(
    kind: FileDescriptorTransportTests.Kind
  ) async throws {
    let contexts = try TLSStreamTests.contexts()
    let (near, far) = try kind.make()
    let client = TLSStream(try TLSStreamTests.clientEngine(contexts.client), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    for number in UInt8(0)..<3 {
      try #require(server.withEngine { $0.hibernate() })
      let reading = Task { try await server.read() }
      await TLSStreamTests.settle()
      #expect(server.withEngine { $0.isHibernating })
      try await client.write([number])
      #expect(try await reading.value == [number])
    }
  }

  // MARK: Ends

  /// The end of the message is in the part for which there is no room.
  @Test(arguments: [1, 2000, 40_000]) func `a released stream sends a beginning, then the end`(capacity: Int)
    async throws
  {
    let contexts = try TLSStreamTests.contexts()
    let (near, far) = MemoryTransport.pair(capacity: capacity)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    let bytes = TLSStreamTests.pattern(200_000)
    var client: TLSStream? = TLSStream(
      try TLSStreamTests.clientEngine(contexts.client), over: UnevenTransport(near, seed: UInt64(capacity)))
    async let handshake = server.handshake()
    try await client?.handshake()
    _ = try await handshake
    let writing = Task { [client] in try await client?.write(bytes) }
    await TLSStreamTests.settle()
    writing.cancel()
    await #expect(throws: TLSStreamError.self) { try await writing.value }
    client = nil
    var received: [UInt8] = []
    let error = await #expect(throws: TLSStreamError.self) {
      while let piece = try await server.read() { received += piece }
    }
    #expect(error?.tls?.code == .truncated)
    #expect(bytes.starts(with: received))
  }

  /// The alert waits for room: it is sent once the peer reads, without another call of the stream.
  @Test func `an alert is sent as soon as there is room`() async throws {
    // Without session tickets, which would wait at the client.
    let contexts = try TLSStreamTests.contexts(.tls12)
    let (near, far) = MemoryTransport.pair(capacity: 1)
    let client = TLSStream(try TLSStreamTests.clientEngine(contexts.client), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    // This occupies the room until the server reads.
    try await client.write([1])
    // No record.
    await far.send([UInt8](repeating: 0xff, count: 100))
    let failure = await #expect(throws: TLSStreamError.self) { while try await client.read() != nil {} }
    #expect(failure?.code == .tls)
    #expect(try await server.read() == [1])
    let error = await #expect(throws: TLSStreamError.self) { try await server.read() }
    #expect(error?.tls?.code == .alertReceived)
    withExtendedLifetime(client) {}
  }

  @Test func `the end that arrives with the end of a read is reported by the next`() async throws {
    let (client, server) = try TLSStreamTests().pair()
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    for count in [1024, 1025, 5000] {
      try await client.write(TLSStreamTests.pattern(count))
      var received: [UInt8] = []
      while received.count < count { received += try #require(try await server.read()) }
      #expect(received == TLSStreamTests.pattern(count))
    }
    try await client.write(TLSStreamTests.pattern(1024))
    try await client.close()
    #expect(try await server.read()?.count == 1024)
    for _ in 0..<2 { #expect(try await server.read() == nil) }
  }

  // MARK: Spans

  @Test(arguments: [1, 3, 1000, 70_000]) func `spans are read and written`(room: Int) async throws {
    let (client, server) = try TLSStreamTests().pair(capacity: 5000)
    let bytes = TLSStreamTests.pattern(100_000)
    async let written: Void = {
      // Sound: a byte has no padding.
      try await client.write(unsafe bytes.span.bytes.extracting(first: 40_000))
      try await client.write(RawSpan())
      try await client.write(bytes.span.extracting(droppingFirst: 40_000))
      try await client.close()
    }()
    #expect(try await readAll(server, room: room) == bytes)
    try await written
  }

  private func readAll(_ stream: TLSStreamTests.Memory, room: Int) async throws -> [UInt8] {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
    defer { unsafe memory.deallocate() }
    var received: [UInt8] = []
    while true {
      // Sound: the memory is used by one span at a time, and read as far as that initialized it.
      var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      let count = try await stream.read(into: &output)
      let filled = unsafe output.finalize(for: memory)
      #expect(filled == count ?? 0)
      unsafe received.append(contentsOf: memory[..<filled])
      if count == nil { return received }
      #expect(filled > 0)
    }
  }

  /// 34,750 bytes are 34,816 of ciphertext, twice the engine's buffer: only another receive finds nothing, or the end.
  @Test(arguments: [34_750, 50_000], [false, true])
  func `a read takes all records that the transport has, and leaves the end to the next call`(
    count: Int, isEnding: Bool
  ) async throws {
    let (client, server, _, far) = try await TLSStreamTests().connected { $0 }
    // The client reads the tickets before the byte.
    try await server.write([1])
    #expect(try await client.read() == [1])
    let bytes = TLSStreamTests.pattern(count)
    try await server.write(bytes)
    if isEnding { far.closeOutput() }
    #expect(try await read(client, room: 65_536) == bytes)
    if isEnding {
      let error = await #expect(throws: TLSStreamError.self) { try await client.read() }
      #expect(error?.tls?.code == .truncated)
    } else {
      async let next = client.read()
      try await server.write([2])
      #expect(try await next == [2])
    }
  }

  @Test func `without read-ahead a read takes one record, and nothing after it`() async throws {
    let contexts = try TLSStreamTests.contexts(.tls13)
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(
      try TLSStreamTests.clientEngine(contexts.client), over: near, allowsReadAhead: false)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    let bytes = TLSStreamTests.pattern(50_000)
    try await server.write(bytes)
    #expect(try await read(client, room: 65_536) == Array(bytes.prefix(16_384)))
    // Nothing of the second record was received.
    #expect(await near.receive(upTo: 5) == [0x17, 3, 3, 0x40, 0x11])
  }

  private func read(_ stream: TLSStreamTests.Memory, room: Int) async throws -> [UInt8] {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
    defer { unsafe memory.deallocate() }
    // Sound: the memory lives through the call, and is read as far as that initialized it.
    var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
    _ = try await stream.read(into: &output)
    return unsafe Array(memory[..<output.finalize(for: memory)])
  }

  @Test func `a read without room returns 0`() async throws {
    let (client, server) = try TLSStreamTests().pair()
    async let handshake = server.handshake()
    try await client.handshake()
    _ = try await handshake
    try await client.write([1, 2])
    var empty = OutputRawSpan()
    #expect(try await server.read(into: &empty) == 0)
    #expect(try await server.read() == [1, 2])
  }

  // MARK: Operations in tasks

  /// Ends the handshake while the call that waits for bytes starts.
  private final class Interrupting: ByteTransport {
    let stream = Mutex<TLSStream<Interrupting>?>(nil)
    let isCancelled = Mutex(false)
    private let base = MemoryTransport.pair().0
    func receive(upTo count: Int) async -> [UInt8]? {
      let stream = stream.withLock { $0.take() }
      Task.immediate { try await stream?.closeWriting() }
      _ = await base.receive(upTo: count)
      isCancelled.withLock { $0 = Task.isCancelled }
      return nil
    }
    func send(_ bytes: [UInt8]) async {}
    func closeOutput() async {}
  }

  @Test func `a receive that has just started is cancelled with the handshake`() async throws {
    let transport = Interrupting()
    let client = TLSStream(try TLSStreamTests.clientEngine(TLSStreamTests.contexts().client), over: transport)
    transport.stream.withLock { $0 = client }
    await #expect(throws: TLSStreamError.self) { try await client.handshake() }
    for _ in 0..<100 where !transport.isCancelled.withLock({ $0 }) { await TLSStreamTests.settle() }
    #expect(transport.isCancelled.withLock { $0 })
  }
}
