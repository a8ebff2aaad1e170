import CCounters
import SansIOTLS
import SansIOTLSTestKit

/// The memory of an idle connection after `hibernate()`: the growth of the heap and of the resident set over 2,000
/// connections of one side, without their peers. It includes libssl's objects, the engine's callback state and the box
/// of the engine. The loop in C reaches the same state with the same calls of libssl. It shows libssl's share, most of
/// it the peer's certificate, whose size depends on its key. For comparison, connections that do not hibernate are
/// measured with and without `releasesBuffers`: the difference is the effect of the option.
struct Memory {
  private static let connections = 2000
  /// The bar for the engine's own share, in bytes, if libssl alone exceeds the bar.
  private static let shareBar = 1000.0
  /// The least saving of `releasesBuffers`, in bytes: both of libssl's record buffers, each at least 16 KB.
  private static let releaseBar = 32_000.0

  private enum Side: String {
    case server, client

    var bar: Double { self == .server ? 15_000 : 18_000 }
  }

  /// One idle connection, as in a server's table.
  private final class Box {
    var engine: TLSEngine

    init(_ engine: consuming TLSEngine) { self.engine = engine }
  }

  /// Prints a row for each side and kind of certificate, and one for each side without hibernation.
  /// - Returns: whether the bars were met: the side's, or that of the engine's share if C exceeds the side's; and that
  ///   of `releasesBuffers`.
  func run() throws -> Bool {
    guard counters_heap_bytes() >= 0 else {
      print("memory: not available (needs glibc 2.33 or later)")
      return true
    }
    var table = Table(["idle connection", "C", "Swift", "resident", "bar", "result"])
    var isKept = true
    for key in [TestIdentity.KeyType.p256, .ed25519] {
      let credentials = Credentials(key: key)
      for side in [Side.server, .client] {
        let reference = try measureReference(side, credentials).heap
        let engine = try measureEngine(side, try EngineContexts(.tls13, credentials))
        let isOverInC = reference > side.bar
        let isOver = engine.heap > (isOverInC ? reference + Self.shareBar : side.bar)
        isKept = isKept && !isOver
        table.append([
          "\(side.rawValue), certificate \(key)", Self.kilobytes(reference), Self.kilobytes(engine.heap),
          Self.kilobytes(engine.resident), "<= \((side.bar / 1000).fixed(0)) KB",
          isOver ? "ABOVE" : isOverInC ? "C is above" : "ok",
        ])
      }
    }
    print("Memory of \(Self.connections) hibernating connections, divided")
    table.print()
    let isReleasing = try runReleasing()
    return isKept && isReleasing
  }

  /// - Returns: whether the saving of `releasesBuffers` reaches its bar.
  private func runReleasing() throws -> Bool {
    var table = Table(["idle connection", "default", "releasing", "saved", "bar", "result"])
    let credentials = Credentials()
    let contexts = try EngineContexts(.tls13, credentials)
    let releasing = try EngineContexts(.tls13, credentials, releasesBuffers: true)
    var isKept = true
    for side in [Side.server, .client] {
      let kept = try measureEngine(side, contexts, hibernates: false).heap
      let released = try measureEngine(side, releasing, hibernates: false).heap
      let isSaved = kept - released >= Self.releaseBar
      isKept = isKept && isSaved
      table.append([
        side.rawValue, Self.kilobytes(kept), Self.kilobytes(released), Self.kilobytes(kept - released),
        ">= \((Self.releaseBar / 1000).fixed(0)) KB", isSaved ? "ok" : "BELOW",
      ])
    }
    print("Memory of \(Self.connections) connections that do not hibernate, divided: what releasesBuffers saves")
    table.print()
    return isKept
  }

  private static func kilobytes(_ bytes: Double) -> String { "\((bytes / 1000).fixed(2)) KB" }

  /// Returns the bytes of each connection, in the heap and resident. Memory that remains after a first connection is
  /// not counted.
  private func growth<Connection>(
    of make: () throws -> Connection, check: (Connection) throws -> Void
  ) throws -> (heap: Double, resident: Double) {
    _ = try make()
    var connections: [Connection] = []
    connections.reserveCapacity(Self.connections)
    let resident = counters_resident_bytes()
    let heap = counters_heap_bytes()
    for _ in 0..<Self.connections { connections.append(try make()) }
    let heapGrowth = counters_heap_bytes() - heap
    let residentGrowth = counters_resident_bytes() - resident
    for connection in connections.prefix(10) { try check(connection) }
    return (
      Double(heapGrowth) / Double(Self.connections), Double(residentGrowth) / Double(Self.connections)
    )
  }

  private func measureReference(
    _ side: Side, _ credentials: Credentials
  ) throws -> (heap: Double, resident: Double) {
    let contexts = try ReferenceContexts(.tls13, credentials)
    return try growth {
      try ReferenceIdle(contexts, isServer: side == .server)
    } check: { _ in
    }
  }

  private func measureEngine(
    _ side: Side, _ contexts: EngineContexts, hibernates: Bool = true
  ) throws -> (heap: Double, resident: Double) {
    try growth {
      try idle(side, contexts, hibernates: hibernates)
    } check: { box in
      // Released memory must be allocated again when it is needed.
      guard case .done = try box.engine.write([0x5a]) else { throw Failure("an idle engine does not wake") }
    }
  }

  /// Connects a pair, transfers a message in each direction, hibernates both sides if requested, and drops one.
  private func idle(_ side: Side, _ contexts: EngineContexts, hibernates: Bool) throws -> Box {
    var client = try contexts.makeClient()
    var server = try contexts.makeServer()
    try EnginePair.connect(&client, &server)
    try pass(from: &client, to: &server)
    try pass(from: &server, to: &client)
    if hibernates {
      guard client.hibernate(), server.hibernate() else { throw Failure("an idle engine does not hibernate") }
    }
    return switch side {
    case .server: Box(server)
    case .client: Box(client)
    }
  }

  private func pass(from source: inout TLSEngine, to target: inout TLSEngine) throws {
    let message: [UInt8] = Array(repeating: 0x5a, count: 1000)
    guard case .done(message.count) = try source.write(message) else { throw Failure("a write was held back") }
    try source.drain { (segment) throws(TLSError) in try target.feed(segment) }
    guard case .done(message) = try target.read(upTo: 2 * message.count) else { throw Failure("a message was lost") }
  }
}
