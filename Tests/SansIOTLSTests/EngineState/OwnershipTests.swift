import SansIOTLS
import SansIOTLSTestKit
import Synchronization
import Testing

/// Law 12. One owner. The compiler proves that no two threads are inside one engine; these are the ways to own
/// one that it allows.
@Suite(.tags(.law12))
struct OwnershipTests {
  private final class Holder {
    var engine: TLSEngine
    init(_ engine: consuming TLSEngine) { self.engine = engine }
  }

  private final class Guarded: Sendable {
    let engine: Mutex<TLSEngine?>
    init(_ engine: consuming sending TLSEngine) { self.engine = Mutex(engine) }
    var version: TLSVersion? { engine.withLock { $0?.negotiated?.version } }
    func drain() -> [UInt8] { engine.withLock { $0?.drain() ?? [] } }
    func absorb(_ bytes: [UInt8]) throws { _ = try engine.withLock { try $0?.absorb(bytes) } }
  }

  private actor Connection {
    private var engine: TLSEngine
    init(_ engine: consuming sending TLSEngine) { self.engine = engine }
    func drain() -> [UInt8] { engine.drain() }
    func absorb(_ bytes: [UInt8]) throws -> [UInt8] { try engine.absorb(bytes) }
    func write(_ bytes: [UInt8]) throws -> TLSEngine.WriteStep { try engine.write(bytes) }
    var version: TLSVersion? { engine.negotiated?.version }
  }

  private enum Slot: ~Copyable {
    case empty
    case taken(TLSEngine)
  }

  private static func requireSendable<Value: Sendable & ~Copyable>(_: borrowing Value) {}

  @Test(arguments: TLSVersion.both)
  func `a class, an optional and an enum may contain an engine`(version: TLSVersion) throws {
    var pair = try EnginePair.connected(version, handshake: false)
    let hello = pair.client.drain()
    let holder = Holder(try TLSEngine(.server, context: TLSContext(EnginePair.configurations(version: version).server)))
    #expect(try holder.engine.feed(hello) == hello.count)
    #expect(holder.engine.pendingOutputByteCount > 0)
    var optional: TLSEngine? = try TLSEngine(
      .server, context: TLSContext(EnginePair.configurations(version: version).server))
    let fed = try optional?.feed(hello)
    #expect(fed == hello.count)
    var slot = Slot.empty
    if let engine = optional.take() { slot = .taken(engine) }
    switch consume slot {
    case .taken(var engine): #expect(!engine.drain().isEmpty)
    case .empty: Issue.record("the engine is lost")
    }
  }

  @Test(arguments: TLSVersion.both)
  func `two actors have a conversation`(version: TLSVersion) async throws {
    let (clientConfiguration, serverConfiguration) = try EnginePair.configurations(version: version)
    let client = Connection(
      try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(clientConfiguration)))
    let server = Connection(try TLSEngine(.server, context: TLSContext(serverConfiguration)))
    for _ in 0..<4 {
      _ = try await server.absorb(client.drain())
      _ = try await client.absorb(server.drain())
    }
    #expect(await client.version == version)
    #expect(await server.version == version)
    #expect(try await client.write([1, 2, 3]) == .done(3))
    #expect(try await server.absorb(client.drain()) == [1, 2, 3])
  }

  @Test(arguments: TLSVersion.both)
  func `an engine goes from task to task in mid-handshake`(version: TLSVersion) async throws {
    let (clientConfiguration, serverConfiguration) = try EnginePair.configurations(version: version)
    let clientEngine = try TLSEngine(.client(serverName: .dns("localhost")), context: TLSContext(clientConfiguration))
    let serverEngine = try TLSEngine(.server, context: TLSContext(serverConfiguration))
    Self.requireSendable(clientEngine)
    let (client, server) = (Guarded(clientEngine), Guarded(serverEngine))
    for _ in 0..<4 {
      try await Task.detached { try server.absorb(client.drain()) }.value
      try await Task.detached { try client.absorb(server.drain()) }.value
    }
    #expect(client.version == version)
    #expect(server.version == version)
  }

  @Test
  func `one context serves engines on many threads at once`() async throws {
    let (clientConfiguration, serverConfiguration) = try EnginePair.configurations()
    let (client, server) = (try TLSContext(clientConfiguration), try TLSContext(serverConfiguration))
    let done = try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 0..<16 {
        group.addTask {
          var pair = try EnginePair(client: client, server: server)
          try pair.handshake()
          let plaintext = pattern(3000, seed: UInt64(index))
          return try pair.transfer(plaintext, from: .client) == plaintext
        }
      }
      return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(done == 16)
  }
}
