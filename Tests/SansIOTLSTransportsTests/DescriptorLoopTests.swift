import Glibc
import SansIOTLS
import SansIOTLSTestKit
import Synchronization
import Testing

@testable import SansIOTLSTransports

/// The loop as an executor, and what it watches.
struct DescriptorLoopTests {
  private static let loop = DescriptorLoop()

  /// Counts notifications, and lets one task wait for them.
  private final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .acquiring) }
    func increment() { count.add(1, ordering: .releasing) }
    /// Whether the count reaches a value. The loop's thread may be late: up to ten seconds.
    func reaches(_ value: Int) async throws -> Bool {
      for _ in 0..<10_000 where self.value < value { try await Task.sleep(for: .milliseconds(1)) }
      return self.value >= value
    }
  }

  /// The threads on which a test ran.
  private final class Threads: Sendable {
    private let all = Mutex<Set<pthread_t>>([])
    var count: Int { all.withLock { $0.count } }
    func note() { all.withLock { _ = $0.insert(pthread_self()) } }
  }

  // MARK: Tasks

  @Test func `tasks that prefer a loop run on one thread, across every wait`() async throws {
    let contexts = try TLSStreamTests.contexts()
    let pair = Channel.socketPair()
    let near = FileDescriptorTransport(
      try NonblockingDescriptorPair(reading: pair.0, writing: pair.0), on: Self.loop)
    let far = FileDescriptorTransport(
      try NonblockingDescriptorPair(reading: pair.1, writing: pair.1), on: Self.loop)
    let client = TLSStream(try TLSStreamTests.clientEngine(contexts.client), over: near)
    let server = TLSStream(try TLSEngine(.server, context: contexts.server), over: far)
    let threads = Threads()
    try await withTaskExecutorPreference(Self.loop) {
      async let served: Void = {
        while let bytes = try await server.read() {
          threads.note()
          try await server.write(bytes)
          threads.note()
        }
      }()
      for number in UInt8(0)..<100 {
        try await client.write([number])
        threads.note()
        #expect(try await client.read() == [number])
        threads.note()
      }
      try await client.close()
      try await served
    }
    #expect(threads.count == 1)
  }

  @Test func `jobs from any thread run, while the loop is idle and while it is busy`() async {
    let sum = await withTaskGroup(of: Int.self) { group in
      for number in 0..<200 {
        group.addTask(executorPreference: number % 3 == 0 ? nil : Self.loop) {
          for _ in 0..<50 { await Task.yield() }
          // From the loop's thread to the pool, and back.
          return await Task.detached { number }.value
        }
      }
      return await group.reduce(0, +)
    }
    #expect(sum == (0..<200).reduce(0, +))
  }

  @Test func `a task that never waits does not keep a descriptor waiting`() async throws {
    let pipe = Channel.pipe()
    defer { close(pipe.writing) }
    let transport = FileDescriptorTransport(
      try NonblockingDescriptorPair(reading: pipe.reading, writing: Channel.duplicate(pipe.writing)), on: Self.loop)
    let busy = Task(executorPreference: Self.loop) { while !Task.isCancelled { await Task.yield() } }
    for number in UInt8(0)..<20 {
      let reading = Task { try await transport.receive(upTo: 10) }
      await Task.yield()
      Channel.sendAll([number], to: pipe.writing)
      #expect(try await reading.value == [number])
    }
    busy.cancel()
    await busy.value
  }

  // MARK: Descriptors

  // A borrowed descriptor is closed after its transport was released: its number may belong to another test then.

  private func borrowed(_ pipe: Channel) throws -> FileDescriptorTransport {
    FileDescriptorTransport(
      try NonblockingDescriptorPair(reading: pipe.reading, writing: pipe.writing, ownership: .borrowed),
      on: Self.loop)
  }

  @Test func `two transports of one descriptor are both notified, and one survives the other`() async throws {
    let pipe = Channel.pipe()
    defer { for end in [pipe.reading, pipe.writing] { close(end) } }
    do {
      var transports = [try borrowed(pipe), try borrowed(pipe)]
      let counter = Counter()
      for transport in transports { try transport.notify(when: .receiving) { counter.increment() } }
      Channel.sendAll([1], to: pipe.writing)
      #expect(try await counter.reaches(2))
      transports.removeFirst()
      #expect(try await transports[0].receive(upTo: 10) == [1])
      let reading = Task { [transport = transports[0]] in try await transport.receive(upTo: 10) }
      await TLSStreamTests.settle()
      Channel.sendAll([2], to: pipe.writing)
      #expect(try await reading.value == [2])
    }
  }

  @Test func `a released transport calls the notification that was requested`() async throws {
    let pipe = Channel.pipe()
    defer { for end in [pipe.reading, pipe.writing] { close(end) } }
    let counter = Counter()
    do {
      let transport = try borrowed(pipe)
      try transport.notify(when: .receiving) { counter.increment() }
    }
    #expect(counter.value == 1)
  }

  /// The set of the kernel has forgotten the file that had the number before.
  @Test func `a borrowed number that belongs to another file is watched again`() async throws {
    let (pipe, socket) = (Channel.pipe(), Channel.socketPair())
    defer { for end in [pipe.reading, pipe.writing, socket.0, socket.1] { close(end) } }
    do {
      let transport = FileDescriptorTransport(
        try NonblockingDescriptorPair(reading: socket.0, writing: pipe.writing, ownership: .borrowed), on: Self.loop)
      let counter = Counter()
      try transport.notify(when: .receiving) { counter.increment() }
      Channel.sendAll([1], to: socket.1)
      #expect(try await counter.reaches(1))
      let (near, far) = Channel.socketPair()
      defer { close(far) }
      dup2(near, socket.0)
      close(near)
      // Nothing has arrived at the other socket: it is not ready.
      try transport.notify(when: .receiving) { counter.increment() }
      for _ in 0..<20 {
        // The loop has had its turn after each of these.
        await Task(executorPreference: Self.loop) {}.value
      }
      #expect(counter.value == 1)
      Channel.sendAll([2], to: far)
      #expect(try await counter.reaches(2))
    }
  }

  // MARK: Files and devices

  @Test func `a regular file is read to its end, and is always ready`() async throws {
    let bytes = TLSStreamTests.pattern(150_000)
    let file = unsafe tmpfile()!
    defer { unsafe fclose(file) }
    let number = unsafe fileno(file)
    Channel.sendAll(bytes[...], to: number)
    lseek(number, 0, SEEK_SET)
    let sink = Channel.duplicate(number)
    let transport = FileDescriptorTransport(
      try NonblockingDescriptorPair(reading: Channel.duplicate(number), writing: sink), on: Self.loop)
    #expect(!transport.isNonblocking)
    let counter = Counter()
    for count in 1...5 {
      try transport.notify(when: count % 2 == 0 ? .receiving : .sending) { counter.increment() }
      #expect(try await counter.reaches(count))
    }
    var received: [UInt8] = []
    while let piece = try await transport.receive(upTo: 10_000) { received += piece }
    #expect(received == bytes)
    try await transport.send([1, 2, 3])
    #expect(try await transport.receive(upTo: 1) == nil)
  }

  @Test func `the null device accepts everything and is at its end`() async throws {
    let device = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    let transport = FileDescriptorTransport(
      try NonblockingDescriptorPair(reading: device, writing: device), on: Self.loop)
    #expect(try await transport.receive(upTo: 10) == nil)
    try await transport.send(TLSStreamTests.pattern(200_000))
    let counter = Counter()
    try transport.notify(when: .receiving) { counter.increment() }
    #expect(try await counter.reaches(1))
    transport.closeOutput()
    #expect(throws: TransportError.self) { try transport.notify(when: .sending) {} }
  }
}
