import CCounters
import SansIOTLSTransports

/// The heap allocations, tasks and jobs of each call of a stream in its steady state, by all threads.
struct StreamCounts {
  /// The allocations of each read or write at most, with the result of a read.
  private static let allocationBar = 2.0
  /// The same where calls wait: a wait may add its continuation and its notification.
  private static let waitingAllocationBar = 3.0
  /// The messages on their way at once, which a Unix socket's buffer holds.
  private static let batch = 64
  private static let batches = 16

  private let contexts: EngineContexts
  private var table = Table(["per call", "allocations", "bar", "tasks", "bar", "jobs", "result"])
  private var isKept = true

  init(_ credentials: Credentials) throws { contexts = try EngineContexts.streams(credentials) }

  /// Prints a row per transport and kind of call.
  ///
  /// - Returns: Whether every bar was met.
  mutating func run() async throws -> Bool {
    try await measure("memory") { MemoryTransport.pair() }
    try await measure("sockets") { try SocketPair.transports() }
    print("Heap allocations except libssl's, tasks created, and jobs enqueued on Swift's pool")
    table.print()
    return isKept
  }

  private mutating func measure<Transport: ByteTransport>(
    _ name: String, _ make: () throws -> (Transport, Transport)
  ) async throws {
    let (writes, reads) = try await batches(contexts.connect(make()))
    append("\(name), write that has room", writes, allocationBar: Self.allocationBar)
    append("\(name), read of what has arrived", reads, allocationBar: Self.allocationBar)
    for work in StreamWork.allCases {
      let arrays = TransportLoop(work, try await contexts.connect(make()))
      append("\(name), \(work.name), arrays", try await steady(arrays), allocationBar: Self.waitingAllocationBar)
      let spans = SpanLoop(work, try await contexts.connect(make()))
      append("\(name), \(work.name), spans", try await steady(spans), allocationBar: Self.waitingAllocationBar)
    }
  }

  /// The work of a number of calls.
  private struct Count {
    var work = counters_task_work()
    var calls = 0

    func perCall(_ value: Int) -> Double { Double(value) / Double(calls) }
  }

  private mutating func append(_ name: String, _ count: Count, allocationBar: Double) {
    let (allocations, tasks) = (count.perCall(count.work.allocations), count.perCall(count.work.tasks))
    let isMet = allocations <= allocationBar && tasks <= 0
    isKept = isKept && isMet
    table.append([
      name, allocations.fixed(2), "<= \(allocationBar.fixed(0))", tasks.fixed(2), "0",
      count.perCall(count.work.jobs).fixed(2), isMet ? "ok" : "ABOVE",
    ])
  }

  /// Counts a run of two parts less one of one part: without the work of starting and ending.
  private func steady(_ loop: some StreamLoop) async throws -> Count {
    let part = 1000
    try await loop.run(part)
    let short = try await counting { try await loop.run(part) }
    let long = try await counting { try await loop.run(2 * part) }
    return Count(work: long.work - short.work, calls: long.calls - short.calls)
  }

  /// Writes small messages while nothing is read, then reads them while nothing is written.
  private func batches<Transport: ByteTransport>(
    _ ends: (TLSStream<Transport>, TLSStream<Transport>)
  ) async throws -> (writes: Count, reads: Count) {
    let message = [UInt8](repeating: 0x5a, count: 64)
    var (writes, reads) = (Count(), Count())
    for batch in -1..<Self.batches {
      let written = try await counting {
        for _ in 0..<Self.batch { try await ends.0.write(message) }
        return Self.batch
      }
      let read = try await counting {
        for _ in 0..<Self.batch {
          guard try await ends.1.read(upTo: message.count)?.count == message.count else {
            throw Failure("a message was divided")
          }
        }
        return Self.batch
      }
      // The first batch allocates buffers that stay.
      guard batch >= 0 else { continue }
      writes = Count(work: writes.work + written.work, calls: writes.calls + written.calls)
      reads = Count(work: reads.work + read.work, calls: reads.calls + read.calls)
    }
    return (writes, reads)
  }

  /// - Parameter body: Returns the number of its calls.
  private func counting(_ body: () async throws -> Int) async throws -> Count {
    counters_task_work_start()
    defer { _ = counters_task_work_stop() }
    let calls = try await body()
    return Count(work: counters_task_work_stop(), calls: calls)
  }
}

extension counters_task_work {
  fileprivate static func + (a: Self, b: Self) -> Self {
    Self(allocations: a.allocations + b.allocations, tasks: a.tasks + b.tasks, jobs: a.jobs + b.jobs)
  }

  fileprivate static func - (a: Self, b: Self) -> Self {
    Self(allocations: a.allocations - b.allocations, tasks: a.tasks - b.tasks, jobs: a.jobs - b.jobs)
  }
}
