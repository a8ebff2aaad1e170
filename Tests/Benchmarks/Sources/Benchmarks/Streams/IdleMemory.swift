import CCounters
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports

/// The memory of many hibernating connections with both ends in this process. Each figure is the growth of the heap or
/// of the resident set, divided by the number of ends: the mean of a client and a server with a P-256 certificate.
///
/// The resident set exceeds the heap in use by what the allocator keeps. An end that hibernates leaves holes of 70 KB
/// between the objects that stay. The next connection uses them; if there is none, `malloc_trim(3)` returns their whole
/// pages to the system.
struct IdleMemory {
  /// The state of the ends.
  private enum Kind: CaseIterable {
    case engines, streams, readers, peak

    var name: String {
      switch self {
      case .engines: "engine"
      case .streams: "TLSStream over MemoryTransport"
      case .readers: "the same, and a task that waits in a read"
      case .peak: "the same, all awake at once before"
      }
    }
  }

  private typealias Stream = TLSStream<MemoryTransport>

  private final class Box {
    var engine: TLSEngine

    init(_ engine: consuming TLSEngine) { self.engine = engine }
  }

  /// The number of ends that are awake at once, at most: 85 KB each.
  private static let awakeLimit = 20_000

  /// The number of ends.
  private let count: Int
  private let contexts: EngineContexts
  private var table: Table
  /// The heap of an engine.
  private var engineHeap = 0.0

  init(count: Int, _ credentials: Credentials) throws {
    self.count = count
    contexts = try EngineContexts.streams(credentials)
    table = Table(["each of \(count) idle ends", "heap", "the stream's", "resident", "untrimmed"])
  }

  /// Prints a row for each kind of end.
  mutating func run() async throws {
    guard counters_heap_bytes() >= 0 else { return print("idle: not available (needs glibc 2.33 or later)") }
    // What remains after a first connection is not counted.
    try await measure(.engines, count: 2)
    try await measure(.readers, count: 2)
    for kind in Kind.allCases {
      if kind == .peak, count > Self.awakeLimit { continue }
      append(kind, try await measure(kind, count: count))
    }
    print("Bytes of a hibernating end, the mean of client and server")
    table.print()
  }

  /// The bytes of each end.
  private struct Growth {
    var heap, untrimmed, resident: Double
  }

  private mutating func append(_ kind: Kind, _ growth: Growth) {
    if kind == .engines { engineHeap = growth.heap }
    let own = kind == .engines ? "" : (growth.heap - engineHeap).fixed(0)
    table.append([
      kind.name, growth.heap.fixed(0), own, growth.resident.fixed(0), growth.untrimmed.fixed(0),
    ])
  }

  @discardableResult
  private func measure(_ kind: Kind, count: Int) async throws -> Growth {
    let resident = counters_resident_bytes()
    let heap = counters_heap_bytes()
    func growth() -> Growth {
      let bytes = [
        counters_heap_bytes() - heap, counters_untrimmed_resident_bytes() - resident,
        counters_resident_bytes() - resident,
      ].map { Double($0) / Double(count) }
      return Growth(heap: bytes[0], untrimmed: bytes[1], resident: bytes[2])
    }
    let result: Growth
    switch kind {
    case .engines:
      result = try measureEngines(count, growth)
    case .streams, .readers, .peak:
      result = try await measureStreams(kind, count, growth)
    }
    // The last tasks of streams release them a moment later: the heap shrinks until then. Each look at it visits every
    // free piece, so that they are few.
    var (left, previous) = (counters_heap_bytes(), Int64.max)
    while left < previous {
      try await Task.sleep(for: .milliseconds(100))
      (left, previous) = (counters_heap_bytes(), left)
    }
    return result
  }

  /// Apart from the asynchronous function, in which the compiler of Swift 6.3 fails to split this code.
  @inline(never)
  private func measureEngines(_ count: Int, _ growth: () -> Growth) throws -> Growth {
    let boxes = try (0..<count / 2).map { _ in try engines() }
    return withExtendedLifetime(boxes) { growth() }
  }

  private func measureStreams(_ kind: Kind, _ count: Int, _ growth: () -> Growth) async throws -> Growth {
    var streams: [Stream] = []
    streams.reserveCapacity(count)
    for _ in 0..<count / 2 {
      let (client, server) = try await pair()
      streams += [client, server]
      if kind != .peak { try hibernate([client, server]) }
    }
    if kind == .streams { return growth() }
    let readers = streams.map { stream in Task { try await stream.read() } }
    // Each starts in a task of its own, and an operation of its stream may too.
    for _ in 0..<2 * count { await Task.yield() }
    try hibernate(streams)
    let result = growth()
    // The other end of each is its neighbour.
    let awake = min(count, Self.awakeLimit)
    for stream in streams[..<awake] { try await stream.write([1]) }
    for reader in readers[..<awake] {
      guard try await reader.value == [1] else { throw Failure("an idle stream does not wake") }
    }
    for stream in streams[awake...] { stream.abort() }
    for reader in readers[awake...] { _ = await reader.result }
    return result
  }

  private func engines() throws -> (Box, Box) {
    var client = try contexts.makeClient()
    var server = try contexts.makeServer()
    try EnginePair.connect(&client, &server)
    guard client.hibernate(), server.hibernate() else { throw Failure("an idle engine does not hibernate") }
    return (Box(client), Box(server))
  }

  /// Connects two streams and passes a message in each direction.
  private func pair() async throws -> (Stream, Stream) {
    let (client, server) = try await contexts.connect(MemoryTransport.pair())
    let message = [UInt8](repeating: 0x5a, count: 1000)
    try await client.write(message)
    try await server.write(message)
    guard try await client.read() == message, try await server.read() == message else {
      throw Failure("the streams lost a message")
    }
    return (client, server)
  }

  private func hibernate(_ streams: [Stream]) throws {
    for stream in streams {
      guard stream.withEngine({ $0.hibernate() }) else { throw Failure("an idle stream does not hibernate") }
    }
  }
}
