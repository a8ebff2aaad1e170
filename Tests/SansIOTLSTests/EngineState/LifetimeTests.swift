import SansIOTLS
import SansIOTLSTestKit
import Synchronization
import Testing

/// Promises of the types: threads, sizes, copies, and that nothing is kept longer than it is used.
@Suite(.tags(.behaviour))
struct LifetimeTests {
  private func isSendable<Value: Sendable & ~Copyable>(_: Value.Type) -> Bool { true }

  @Test func `every type of the module is sendable`() {
    #expect(isSendable(TLSEngine.self))
    #expect(isSendable(TLSContext.self))
    #expect(isSendable(TLSContext.Configuration.self))
    #expect(isSendable(TLSIdentity.self))
    #expect(isSendable(TLSCertificate.self))
    #expect(isSendable(TLSTrustRoots.self))
    #expect(isSendable(TLSSession.self))
    #expect(isSendable(TLSError.self))
    #expect(isSendable(TLSEngine.Event.self))
    #expect(isSendable(TLSEngine.Question.self))
    #expect(isSendable(TLSEngine.ClientHello.Answer.self))
    #expect(isSendable(TLSEngine.PeerCertificates.Answer.self))
    #expect(isSendable(TLSEngine.ReadStep<Int>.self))
  }

  @Test func `an engine is small, and an error has the size of a pointer`() {
    #expect(MemoryLayout<TLSEngine>.size <= 256)
    #expect(MemoryLayout<TLSError>.size == MemoryLayout<Int>.size)
    #expect(MemoryLayout<TLSError?>.size == MemoryLayout<Int>.size)
  }

  @Test func `a configuration is a value`() throws {
    let original = TLSContext.Configuration.client()
    var copy = original
    copy.applicationProtocols = ["h2"]
    copy.minimumVersion = .tls13
    #expect(original.applicationProtocols == [])
    #expect(original.minimumVersion == nil)
  }

  @Test func `a context is not affected by later changes of its configuration`() throws {
    var (client, server) = try EnginePair.configurations()
    server.applicationProtocols = ["a"]
    client.applicationProtocols = ["a", "b"]
    let context = try TLSContext(server)
    server.applicationProtocols = ["b"]
    var pair = try EnginePair(client: TLSContext(client), server: context)
    try pair.handshake()
    #expect(pair.client.negotiated?.applicationProtocol == "a")
    #expect(context.configuration.applicationProtocols == ["a"])
  }

  @Test func `one context serves connections on many threads`() async throws {
    let (client, server) = try EnginePair.configurations()
    let contexts = (client: try TLSContext(client), server: try TLSContext(server))
    try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<8 {
        group.addTask {
          var pair = try EnginePair(client: contexts.client, server: contexts.server)
          try pair.handshake()
          return try pair.transfer(pattern(1000 + number), from: .client).count
        }
      }
      var total = 0
      for try await count in group { total += count }
      #expect(total == 8 * 1000 + 28)
    }
  }

  @Test func `an engine may move to another thread`() async throws {
    let pair = Mutex<EnginePair?>(try EnginePair.connected())
    let received = try await Task.detached {
      try pair.withLock { try $0?.transfer([1, 2, 3], from: .client) }
    }.value
    #expect(received == [1, 2, 3])
  }

  private final class Witness: Sendable {}

  @Test(arguments: TLSVersion.both)
  func `an engine retains its context and releases it at its end`(version: TLSVersion) throws {
    weak var context: TLSContext?
    weak var witness: Witness?
    do {
      var pair: EnginePair
      do {
        let (client, server) = try EnginePair.configurations(version: version)
        var logging = client
        let held = Witness()
        logging.keyLog = TLSKeyLog { _ in _ = held }
        let made = try TLSContext(logging)
        context = made
        witness = held
        pair = try EnginePair(client: made, server: TLSContext(server))
      }
      #expect(context != nil)
      try pair.handshake()
      #expect(witness != nil)
      try pair.shutdown()
    }
    #expect(context == nil)
    #expect(witness == nil)
  }

  @Test func `an engine that failed, was abandoned or waits for an answer releases its context`() throws {
    weak var context: TLSContext?
    for ending in 0..<3 {
      do {
        var (client, server) = try EnginePair.configurations()
        server.pausesAtClientHello = ending == 2
        client.keyLog = TLSKeyLog { _ in }
        let made = try TLSContext(server)
        context = made
        var pair = try EnginePair(client: TLSContext(client), server: made)
        pair.step()
        if ending == 0 { _ = try? pair.server.feed(pattern(100)) }
        if ending == 1 { _ = try pair.server.closeWriting() }
      }
      #expect(context == nil)
    }
  }

  @Test func `an error, a certificate and a session outlive their connection`() throws {
    var certificate: TLSCertificate?
    var session: TLSSession?
    var error: TLSError?
    do {
      var pair = try EnginePair.connected(.tls12)
      certificate = pair.client.peerCertificates.first
      session = pair.client.allSessions().last
      pair.client.feedEOF()
      error = thrownError { _ = try pair.client.read(upTo: 1) }
    }
    #expect(certificate?.subject.description == "CN=localhost")
    #expect(session?.isResumable == true)
    #expect(error?.description.hasPrefix("truncated: ") == true)
  }
}
