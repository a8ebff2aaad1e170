import CCounters
import SansIOTLSTransports

/// The heap allocations, tasks and jobs of each operation of a stream in its steady state, by all threads.
struct StreamCounts {
  /// The allocations of each read or write at most, with the result of a read.
  private static let allocationBar = 2.0
  /// The messages on their way at once, which a Unix socket's buffer holds.
  private static let batch = 64
  private static let batches = 16

  /// Prints a row per transport and operation.
  ///
  /// - Returns: Whether every bar was met.
  func run(_ credentials: Credentials) async throws -> Bool {
    let contexts = try EngineContexts.streams(credentials)
    var table = Table(["per operation", "allocations", "bar", "tasks", "bar", "jobs", "result"])
    var isKept = true
    func append(_ name: String, _ work: counters_task_work, _ operations: Int, tasks: Double?) {
      let values = [work.allocations, work.tasks, work.jobs].map { Double($0) / Double(operations) }
      let isMet = values[0] <= Self.allocationBar && tasks.map { values[1] <= $0 } != false
      isKept = isKept && isMet
      table.append([
        name, values[0].fixed(2), "<= \(Self.allocationBar.fixed(0))", values[1].fixed(2),
        tasks.map { "<= \($0.fixed(0))" } ?? "", values[2].fixed(2), isMet ? "ok" : "ABOVE",
      ])
    }
    func measure<Transport: ByteTransport>(_ name: String, _ make: () throws -> (Transport, Transport)) async throws {
      let ends = try await contexts.connect(make())
      let (writes, reads) = try await batches(ends)
      append("\(name): write that has room", writes, Self.batch * Self.batches, tasks: 0)
      append("\(name): read of what has arrived", reads, Self.batch * Self.batches, tasks: 0)
      for work in StreamWork.allCases {
        let loop = TransportLoop(work, try await contexts.connect(make()))
        let count = 1000
        try await loop.run(count / 10)
        let counted = try await counting { try await loop.run(count) }
        // A round trip is two writes and two reads.
        append("\(name): \(work.name)", counted, work == .roundTrip ? 4 * count : 2 * count, tasks: nil)
      }
    }
    try await measure("memory") { MemoryTransport.pair() }
    try await measure("sockets") { try SocketPair.transports() }
    print("Heap allocations except libssl's, tasks created, and jobs enqueued on Swift's pool")
    table.print()
    return isKept
  }

  /// Writes small messages without a reader, then reads them without a writer.
  private func batches<Transport: ByteTransport>(
    _ ends: (TLSStream<Transport>, TLSStream<Transport>)
  ) async throws -> (writes: counters_task_work, reads: counters_task_work) {
    let message = [UInt8](repeating: 0x5a, count: 64)
    var (writes, reads) = (counters_task_work(), counters_task_work())
    for batch in -1..<Self.batches {
      let written = try await counting {
        for _ in 0..<Self.batch { try await ends.0.write(message) }
      }
      let read = try await counting {
        for _ in 0..<Self.batch {
          guard try await ends.1.read(upTo: message.count)?.count == message.count else {
            throw Failure("a message was divided")
          }
        }
      }
      // The first batch allocates buffers that stay.
      guard batch >= 0 else { continue }
      writes += written
      reads += read
    }
    return (writes, reads)
  }

  private func counting(_ body: () async throws -> Void) async throws -> counters_task_work {
    counters_task_work_start()
    defer { _ = counters_task_work_stop() }
    try await body()
    return counters_task_work_stop()
  }
}

extension counters_task_work {
  fileprivate static func += (sum: inout counters_task_work, other: counters_task_work) {
    sum.allocations += other.allocations
    sum.tasks += other.tasks
    sum.jobs += other.jobs
  }
}
