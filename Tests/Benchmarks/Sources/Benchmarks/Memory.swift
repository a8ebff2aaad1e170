import CCounters
import SansIOTLS
import SansIOTLSTestKit

/// What an idle connection costs after `hibernate()`: growth of the heap and of the resident set over 2,000 connections
/// of one side, whose peers are gone. All is counted: libssl's objects, the engine's record, the box of the engine.
///
/// C is brought to the same state by the same calls of libssl. It shows how much of the whole is libssl's own, most of
/// all the peer's certificate, whose size goes by its key.
///
/// Beside them stands what one costs that does not hibernate, with and without `releasesBuffers`: the difference shows
/// that the option does what it is for.
struct Memory {
  private static let connections = 2000
  /// The engine's own share, in bytes, where libssl alone is over the bar.
  private static let shareBar = 1000.0
  /// What `releasesBuffers` saves at least, in bytes: both of libssl's record buffers, of 16 KB and more each.
  private static let releaseBar = 32_000.0

  private enum Side: String {
    case server, client

    var bar: Double { self == .server ? 15_000 : 18_000 }
  }

  /// One idle connection, as a server's table would hold it.
  private final class Box {
    var engine: TLSEngine

    init(_ engine: consuming TLSEngine) { self.engine = engine }
  }

  /// Prints a row for each side and kind of certificate, and one for each side that does not hibernate.
  ///
  /// - Returns: whether the bars were kept: the side's, or the engine's share where C is over the side's; and that of what
  ///   `releasesBuffers` saves.
  func run() throws -> Bool {
    guard counters_heap_bytes() >= 0 else {
      print("memory: not available (needs glibc 2.33 or later)")
      return true
    }
    var table = Table(["idle connection", "C", "Swift", "resident", "bar", "verdict"])
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

  /// - Returns: whether `releasesBuffers` saves what it should.
  private func runReleasing() throws -> Bool {
    var table = Table(["idle connection", "default", "releasing", "saved", "bar", "verdict"])
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

  /// Bytes for each connection, in the heap and resident. One is made and dropped first: what stays of it is no
  /// connection's.
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
      // To have given memory back is worth nothing if it cannot be had again.
      guard case .done = try box.engine.write([0x5a]) else { throw Failure("an idle engine does not wake") }
    }
  }

  /// Connects a pair, passes a message each way, lets both sides hibernate if they are to, and drops one.
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
