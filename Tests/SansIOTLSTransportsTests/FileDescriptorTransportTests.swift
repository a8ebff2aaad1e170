import Glibc
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

/// Descriptors as transports of asynchronous streams: nothing blocks Swift's threads, nothing is lost.
struct FileDescriptorTransportTests {
  private static let pattern = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 8) }

  enum Kind: CaseIterable, Sendable {
    case pipes, socket

    /// Both ends.
    func make() throws -> (FileDescriptorTransport, FileDescriptorTransport) {
      switch self {
      case .pipes:
        let (there, back) = (Channel.pipe(), Channel.pipe())
        return (
          FileDescriptorTransport(
            try NonblockingDescriptorPair(reading: back.reading, writing: there.writing)),
          FileDescriptorTransport(
            try NonblockingDescriptorPair(reading: there.reading, writing: back.writing))
        )
      case .socket:
        let pair = Channel.socketPair()
        return (
          FileDescriptorTransport(
            try NonblockingDescriptorPair(reading: pair.0, writing: pair.0)),
          FileDescriptorTransport(
            try NonblockingDescriptorPair(reading: pair.1, writing: pair.1))
        )
      }
    }
  }

  @Test(arguments: Kind.allCases)
  func `bytes arrive in order, then the end`(kind: Kind) async throws {
    let (near, far) = try kind.make()
    async let sent: Void = {
      try await near.send(Self.pattern)
      near.closeOutput()
    }()
    var received: [UInt8] = []
    while let piece = try await far.receive(upTo: 16_384) { received += piece }
    try await sent
    #expect(received == Self.pattern)
    #expect(try await far.receive(upTo: 16_384) == nil)
  }

  @Test(arguments: Kind.allCases, [false, true])
  func `TLS over descriptors, both directions at once`(kind: Kind, exactly: Bool) async throws {
    let contexts = try TLSStreamTests.contexts()
    let (near, far) = try kind.make()
    let client = TLSStream(try TLSStreamTests.clientEngine(contexts.client), over: near, allowsReadAhead: !exactly)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far, allowsReadAhead: !exactly)
    let bytes = Self.pattern
    async let served: Void = {
      while let piece = try await server.read() { try await server.write(piece) }
      try await server.close()
    }()
    async let echoed = { () async throws -> [UInt8] in
      var received: [UInt8] = []
      for try await piece in client.plaintext { received += piece }
      return received
    }()
    try await client.write(Array(bytes))
    try await client.close()
    #expect(try await echoed == Array(bytes))
    try await served
  }

  /// More than there are threads in the pool.
  @Test func `a hundred waiting streams block no other task`() async throws {
    let ends = try (0..<100).map { _ in try Kind.socket.make() }
    try await withThrowingTaskGroup(of: Int.self) { group in
      for (number, pair) in ends.enumerated() {
        group.addTask { try await pair.0.receive(upTo: 16_384)?.count ?? -number }
      }
      // All wait; other tasks still run.
      for (number, pair) in ends.enumerated() { try await pair.1.send([UInt8](repeating: 1, count: number + 1)) }
      var counts: [Int] = []
      for try await count in group { counts.append(count) }
      #expect(counts.sorted() == Array(1...100))
    }
  }

  @Test(arguments: Kind.allCases)
  func `a cancelled wait ends, and what arrives later is available`(kind: Kind) async throws {
    let (near, far) = try kind.make()
    for number in UInt8(0)..<50 {
      let waiting = Task { try await near.receive(upTo: 16_384) }
      if number % 2 == 0 { await Task.yield() }
      waiting.cancel()
      // Nothing has arrived, and it is not the end.
      let error = await #expect(throws: TransportError.self) { try await waiting.value }
      #expect(error?.number == ECANCELED)
      try await far.send([number])
      #expect(try await near.receive(upTo: 16_384) == [number])
    }
  }

  @Test(arguments: Kind.allCases)
  func `a reader that is gone is an error of the sender`(kind: Kind) async throws {
    let (near, gone) = try kind.make()
    _ = consume gone
    let error = await #expect(throws: TransportError.self) {
      while true { try await near.send(Self.pattern) }
    }
    #expect(error?.isDisconnection == true)
  }

  @Test(arguments: Kind.allCases)
  func `sending after the end is an error`(kind: Kind) async throws {
    let (near, far) = try kind.make()
    near.closeOutput()
    let error = await #expect(throws: TransportError.self) { try await near.send([1]) }
    #expect(error == TransportError(.write, number: EBADF))
    // The other direction continues.
    try await far.send([2])
    #expect(try await near.receive(upTo: 1) == [2])
  }

  /// The number is reused at once: a stream that had kept it would wait for another file's descriptor.
  @Test func `sending after the end does not use a descriptor that has the number now`() async throws {
    let (inward, outward, other) = (Channel.pipe(), Channel.pipe(), Channel.pipe())
    let ends = [inward, outward, other].flatMap { [$0.reading, $0.writing] }
    defer { for end in ends { close(end) } }
    do {
      let stream = FileDescriptorTransport(
        try NonblockingDescriptorPair(reading: inward.reading, writing: outward.writing, ownership: .borrowed))
      stream.closeOutput()
      // A full pipe without a reader, under the old number: it would never be ready.
      _ = dup2(other.writing, outward.writing)
      Self.fill(other.writing)
      let error = await #expect(throws: TransportError.self) { try await stream.send([1]) }
      #expect(error?.number == EBADF)
    }
  }

  @Test(arguments: Kind.allCases)
  func `a send that waits while sending is ended throws`(kind: Kind) async throws {
    for _ in 0..<50 {
      let (near, far) = try kind.make()
      let sending = Task { try await near.send([UInt8](repeating: 0, count: 10_000_000)) }
      // Something has arrived: the sender waits now or soon.
      #expect(try await far.receive(upTo: 1) == [0])
      near.closeOutput()
      let error = await #expect(throws: TransportError.self) { try await sending.value }
      #expect(error?.number == EBADF)
    }
  }

  @Test(arguments: Kind.allCases)
  func `a task cancelled before it sends still sends what there is room for`(kind: Kind) async throws {
    let (near, far) = try kind.make()
    let sending = Task {
      while !Task.isCancelled { await Task.yield() }
      try await near.send([1, 2, 3])
    }
    sending.cancel()
    try await sending.value
    #expect(try await far.receive(upTo: 100) == [1, 2, 3])
  }

  @Test(arguments: Kind.allCases)
  func `a cancelled send ends and reports that it did not send everything`(kind: Kind) async throws {
    let (near, far) = try kind.make()
    let bytes = [UInt8](repeating: 7, count: 10_000_000)
    let sending = Task { try await near.send(bytes) }
    #expect(try await far.receive(upTo: 1) == [7])
    sending.cancel()
    let error = await #expect(throws: TransportError.self) { try await sending.value }
    #expect(error?.number == ECANCELED)
    // The stream is intact: what arrives next follows what was sent.
    let rest = Task {
      try await near.send([8])
      near.closeOutput()
    }
    var (count, last) = (1, UInt8(7))
    while let piece = try await far.receive(upTo: 65_536) {
      count += piece.count
      last = piece.last ?? last
    }
    try await rest.value
    #expect(count < bytes.count && last == 8)
  }

  @Test(arguments: Kind.allCases, [Int.max, 65_537, 0, .min])
  func `a read of any size returns what is available`(kind: Kind, count: Int) async throws {
    let (near, far) = try kind.make()
    try await far.send([1, 2, 3])
    far.closeOutput()
    var received: [UInt8] = []
    while let piece = try await near.receive(upTo: count) { received += piece }
    #expect(received == [1, 2, 3])
  }

  /// `poll(2)` promises a byte, and `read(2)` then waits for nine more.
  @Test func `a terminal that blocks its reader blocks no writer`() async throws {
    let ends = Channel.terminal(minimum: 10)
    defer { close(ends.primary) }
    let stream = FileDescriptorTransport(
      try NonblockingDescriptorPair(reading: ends.secondary, writing: ends.secondary))
    Channel.sendAll([1], to: ends.primary)
    try #require(Self.isReadable(ends.secondary, within: 10_000))
    let executor = ThreadExecutor()
    let reading = Task(executorPreference: executor) { try await stream.receive(upTo: 10) }
    // The reader has read the byte, and is blocked. This thread waits for that moment: a task that yields may resume
    // long after the reader has returned, after all the other tests.
    while Self.isReadable(ends.secondary, within: 0) { usleep(1_000) }
    // It returns 25 seconds after the last byte: one more every 10 seconds blocks it until the writer has written.
    let holding = BackgroundThread { () -> (bytes: Int, hasSeenWriter: Bool) in
      for count in 1...9 {
        if Self.isReadable(ends.primary, within: 10_000) { return (count, true) }
        if count < 9 { Channel.sendAll([1], to: ends.primary) }
      }
      return (9, false)
    }
    try await stream.send([2])
    let held = holding.value()
    #expect(held.hasSeenWriter, "the writer waited for the reader")
    Channel.sendAll(Array(repeating: 1, count: 10 - held.bytes)[...], to: ends.primary)
    #expect(try await reading.value == Array(repeating: 1, count: 10))
    executor.join()
  }

  private static func isReadable(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    // Sound: one entry, which lives through the call.
    return unsafe poll(&entry, 1, milliseconds) == 1
  }

  /// Fills a pipe until it has no more room.
  private static func fill(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    let bytes = [UInt8](repeating: 0, count: 4096)
    // Sound: the array lives through the call and is as long as it says.
    while unsafe write(descriptor, bytes, bytes.count) > 0 {}
  }

  // MARK: Messages

  /// Messages in memory, no longer than a limit.
  private struct Carrier: MessageTransport {
    let base: MemoryTransport
    let maximumMessageSize: Int
    func receiveMessage() async -> [UInt8]? { await base.receive(upTo: 16_384) }
    func sendMessage(_ message: [UInt8]) async {
      #expect((1...maximumMessageSize).contains(message.count))
      await base.send(message)
      // Some carriers send empty ones.
      await base.send([])
    }
    func closeOutput() async { base.closeOutput() }
  }

  @Test(arguments: [1, 125, 16_384])
  func `TLS over messages of a limited size`(size: Int) async throws {
    let contexts = try TLSStreamTests.contexts()
    let (near, far) = MemoryTransport.pair()
    let client = TLSStream(
      try TLSStreamTests.clientEngine(contexts.client),
      over: MessageStream(Carrier(base: near, maximumMessageSize: size)))
    let server = TLSStream(
      try TLSEngine(.server, context: contexts.server),
      over: MessageStream(Carrier(base: far, maximumMessageSize: size)))
    let bytes = Array(Self.pattern.prefix(20_000))
    async let received = { () async throws -> [UInt8] in
      var received: [UInt8] = []
      for try await piece in server.plaintext { received += piece }
      return received
    }()
    try await client.write(bytes)
    try await client.close()
    #expect(try await received == bytes)
  }
}
