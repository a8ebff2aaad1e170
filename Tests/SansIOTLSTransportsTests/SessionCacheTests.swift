import SansIOTLS
import SansIOTLSTestKit
import Synchronization
import Testing

@testable import SansIOTLSTransports

/// A client's store of sessions, used by streams and by hand.
struct SessionCacheTests {
  private typealias Memory = TLSStream<MemoryTransport>

  /// Seconds since 1970, as a test sets them.
  private final class Clock: Sendable {
    let time = Atomic<Int64>(0)
  }

  /// A connection of two streams with a message each way.
  private func connect(
    _ contexts: (client: TLSContext, server: TLSContext), _ sessions: TLSSessionCache, name: String = "localhost"
  ) async throws -> TLSEngine.NegotiatedParameters {
    let (near, far) = MemoryTransport.pair(capacity: 65_536)
    let client = try TLSStream(
      connectingTo: .dns(name), context: contexts.client, sessions: sessions, over: near)
    let server = Memory(try TLSEngine(.server, context: contexts.server), over: far)
    async let received = server.read()
    try await client.write([1])
    #expect(try await received == [1])
    try await server.write([2])
    #expect(try await client.read() == [2])
    try await client.close()
    try await server.close()
    return try #require(client.negotiated)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a stream resumes by one argument`(version: TLSVersion) async throws {
    let contexts = try TLSStreamTests.contexts(version)
    let sessions = TLSSessionCache()
    #expect(try await !connect(contexts, sessions).isResumed)
    for _ in 0..<3 {
      #expect(sessions.count == 1)
      #expect(try await connect(contexts, sessions).isResumed)
    }
    sessions.removeAll()
    #expect(try await !connect(contexts, sessions).isResumed)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a context of the same configuration shares sessions, another does not`(version: TLSVersion) async throws {
    let contexts = try TLSStreamTests.contexts(version)
    let sessions = TLSSessionCache()
    _ = try await connect(contexts, sessions)
    let again = try TLSContext(contexts.client.configuration)
    #expect(try await connect((again, contexts.server), sessions).isResumed)
    var other = contexts.client.configuration
    other.applicationProtocols = ["x"]
    other.sessionDomain = "other"
    #expect(try await !connect((TLSContext(other), contexts.server), sessions).isResumed)
    #expect(try await connect(contexts, sessions).isResumed)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a session that the server refused is dropped`(version: TLSVersion) async throws {
    let contexts = try TLSStreamTests.contexts(version)
    let sessions = TLSSessionCache()
    _ = try await connect(contexts, sessions)
    // A server without the keys, and without tickets of its own.
    var configuration = contexts.server.configuration
    configuration.resumption = .off
    #expect(try await !connect((contexts.client, TLSContext(configuration)), sessions).isResumed)
    #expect(sessions.count == 0)
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `a session whose connection failed is dropped`(version: TLSVersion) async throws {
    let contexts = try TLSStreamTests.contexts(version)
    let sessions = TLSSessionCache()
    _ = try await connect(contexts, sessions)
    let (near, far) = MemoryTransport.pair(capacity: 65_536)
    let client = try TLSStream(
      connectingTo: .dns("localhost"), context: contexts.client, sessions: sessions, over: near)
    async let code = failure(of: client)
    _ = await far.receive(upTo: 10_000)
    await far.send([UInt8](repeating: 0, count: 20))
    #expect(await code == .tls)
    #expect(sessions.count == 0)
  }

  private func failure(of stream: TLSStream<MemoryTransport>) async -> TLSStreamError.Code? {
    do throws(TLSStreamError) { try await stream.handshake() } catch { return error.code }
    return nil
  }

  @Test func `connections at once share no session of TLS 1.3`() async throws {
    let contexts = try TLSStreamTests.contexts(.tls13) { _, server in server.resumption = .tickets(count: 4) }
    let sessions = TLSSessionCache(sessionsPerServer: 4)
    _ = try await connect(contexts, sessions)
    #expect(sessions.count == 4)
    let taken = await withTaskGroup(of: [UInt8]?.self) { group in
      for _ in 0..<8 {
        group.addTask { sessions.session(for: .dns("LOCALHOST"), context: contexts.client)?.bytes }
      }
      var taken: [[UInt8]] = []
      for await bytes in group { if let bytes { taken.append(bytes) } }
      return taken
    }
    #expect(taken.count == 4)
    #expect(Set(taken).count == 4)
  }

  @Test func `a server that issues tickets without end fills the cache up to its bound`() throws {
    let contexts = try TLSStreamTests.contexts(.tls13) { _, server in
      server.resumption = .tickets(count: 16, timing: .onRequest)
    }
    let sessions = TLSSessionCache(serverCount: 2, sessionsPerServer: 3)
    var connection = sessions.connection(to: .dns("localhost"), context: contexts.client)
    var pair = EnginePair(
      client: try connection.makeEngine(), server: try TLSEngine(.server, context: contexts.server))
    try pair.handshake()
    for _ in 0..<10 {
      _ = try pair.server.issueSessionTickets()
      #expect(try pair.transfer([1], from: .server) == [1])
      while let event = pair.client.nextEvent() { connection.note(event, pair.client) }
    }
    #expect(sessions.count == 3)
  }

  @Test func `an expired session is not offered`() async throws {
    let contexts = try TLSStreamTests.contexts(.tls12)
    let clock = Clock()
    let sessions = TLSSessionCache(serverCount: 4, sessionsPerServer: 1) { clock.time.load(ordering: .relaxed) }
    let engine = try TLSEngine(.client(serverName: .dns("localhost")), context: contexts.client)
    var pair = EnginePair(client: engine, server: try TLSEngine(.server, context: contexts.server))
    try pair.handshake()
    var session: TLSSession?
    while let event = pair.client.nextEvent() { if case .sessionTicket(let ticket) = event { session = ticket } }
    let kept = try #require(session)
    sessions.store(kept, for: .dns("localhost"), context: contexts.client)
    clock.time.store(kept.creationTime + kept.lifetime - 1, ordering: .relaxed)
    #expect(sessions.session(for: .dns("localhost"), context: contexts.client) != nil)
    clock.time.add(1, ordering: .relaxed)
    #expect(sessions.session(for: .dns("localhost"), context: contexts.client) == nil)
    #expect(sessions.count == 0)
  }

  @Test func `a session that does not prove the name is passed over`() throws {
    let contexts = try TLSStreamTests.contexts(.tls12)
    let sessions = TLSSessionCache()
    var pair = try EnginePair(client: contexts.client, server: contexts.server)
    try pair.handshake()
    while let event = pair.client.nextEvent() {
      // By mistake under another name: the engine verifies it all the same.
      if case .sessionTicket(let session) = event {
        sessions.store(session, for: .dns("other.example"), context: contexts.client)
      }
    }
    #expect(sessions.count == 1)
    var connection = sessions.connection(to: .dns("other.example"), context: contexts.client)
    let engine = try connection.makeEngine()
    #expect(engine.failure == nil)
    #expect(sessions.count == 0)
    #expect("\(sessions)" == "TLSSessionCache(0)")
  }

  @Test(arguments: [TLSVersion.tls12, .tls13])
  func `an error that is not about the session leaves the sessions`(version: TLSVersion) async throws {
    let contexts = try TLSStreamTests.contexts(version) { _, server in server.resumption = .tickets(count: 2) }
    let sessions = TLSSessionCache()
    _ = try await connect(contexts, sessions)
    let count = sessions.count
    #expect(count == (version == .tls13 ? 2 : 1))
    var limits = TLSEngine.Limits.default
    limits.bufferByteCount = 0
    for _ in 0..<2 {
      let (near, _) = MemoryTransport.pair(capacity: 65_536)
      var failure: TLSError?
      do throws(TLSError) {
        _ = try TLSStream(
          connectingTo: .dns("localhost"), context: contexts.client, sessions: sessions, over: near, limits: limits)
      } catch { failure = error }
      #expect(failure?.code == .invalidArgument)
      #expect(failure?.hint.contains("limits.bufferByteCount") == true)
      #expect(sessions.count == count)
    }
    #expect(try await connect(contexts, sessions).isResumed)
  }

  @Test func `a name that no server has leaves the sessions that were kept for it`() throws {
    let contexts = try TLSStreamTests.contexts(.tls13)
    let sessions = TLSSessionCache()
    var pair = try EnginePair(client: contexts.client, server: contexts.server)
    try pair.handshake()
    #expect(try pair.transfer([1], from: .server) == [1])
    while let event = pair.client.nextEvent() {
      if case .sessionTicket(let session) = event { sessions.store(session, for: .dns(""), context: contexts.client) }
    }
    #expect(sessions.count == 1)
    var connection = sessions.connection(to: .dns(""), context: contexts.client)
    var failure: TLSError?
    do throws(TLSError) { _ = try connection.makeEngine() } catch { failure = error }
    #expect(failure?.code == .invalidServerName)
    #expect(sessions.count == 1)
  }
}
