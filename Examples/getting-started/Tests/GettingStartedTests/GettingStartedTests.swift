import Foundation
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports
import Testing

@testable import GettingStarted

struct GettingStartedTests {
  private let authority = TestAuthority()
  private let shout: @Sendable ([UInt8]) -> [UInt8] = { Array(String(decoding: $0, as: UTF8.self).uppercased().utf8) }

  @Test(arguments: ["hello\n", ""])
  func `a blocking client and server converse over a transport of 7 bytes at a time`(message: String) async throws {
    let files = try Files(authority)
    async let served: Void = onThread { [shout] in
      var tls = try TLSEngine(
        .server, context: serverContext(certificateFile: files.certificate, privateKeyFile: files.key))
      try serve(&tls, over: files.sockets.far, answer: shout)
    }
    let response = try await onThread {
      let context = try clientContext(trustFile: files.authority)
      var tls = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
      return try request(Array(message.utf8), &tls, over: files.sockets.near)
    }
    #expect(response == shout(Array(message.utf8)))
    try await served
  }

  /// The server answers nothing: neither side writes much while the other does.
  @Test
  func `a request that exceeds the engine's buffers arrives whole`() async throws {
    let files = try Files(authority)
    async let received: Int = onThread {
      var tls = try TLSEngine(
        .server, context: serverContext(certificateFile: files.certificate, privateKeyFile: files.key))
      var count = 0
      try serve(&tls, over: files.sockets.far) { bytes in
        count += bytes.count
        return []
      }
      return count
    }
    let response = try await onThread {
      let context = try clientContext(trustFile: files.authority)
      var tls = try TLSEngine(.client(serverName: .dns("localhost")), context: context)
      return try request([UInt8](repeating: 1, count: 400_000), &tls, over: files.sockets.near)
    }
    #expect(response == [])
    #expect(try await received == 400_000)
  }

  @Test
  func `a saved session is resumed by another server of the fleet, and a damaged one is ignored`() throws {
    let identity = try authority.issue(names: ["localhost"]).identity
    let secrets = (1...2).map { [UInt8](repeating: UInt8($0), count: 32) }
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [authority.trust]
    func connect(_ server: TLSContext.Configuration, _ saved: [UInt8]?) throws -> (isResumed: Bool, saved: [UInt8]?) {
      var client = try client(of: "localhost", context: TLSContext(configuration), saved: saved)
      var server = try TLSEngine(.server, context: TLSContext(server))
      while client.pendingOutputByteCount + server.pendingOutputByteCount > 0 {
        _ = try server.feed(client.drain())
        _ = try client.feed(server.drain())
        _ = try client.read(upTo: 1)
      }
      let isResumed = client.negotiated?.isResumed == true
      return (isResumed, newestSession(of: &client))
    }
    let keys = try (0..<2).map { _ in TLSTicketKeyHolder(try TLSTicketKeys(current: secrets[0])) }
    let servers = keys.map { TLSContext.Configuration.fleetServer(identity, keys: $0) }
    let first = try connect(servers[0], nil)
    #expect(!first.isResumed)
    var saved = try #require(first.saved)
    let steps: [(TLSTicketKeyHolder) throws -> Void] = [
      { try announce(secrets[1], current: secrets[0], in: $0) }, { try use(secrets[1], after: secrets[0], in: $0) },
    ]
    for step in steps {
      // One server after the other: each resumes what the other issued in every moment between.
      for holder in keys {
        try step(holder)
        for server in servers {
          let next = try connect(server, saved)
          #expect(next.isResumed)
          saved = try #require(next.saved)
        }
      }
    }
    #expect(try !connect(servers[1], Array(saved.dropLast())).isResumed)
  }

  @Test
  func `streams resume by a cache on one side and a store on the other`() async throws {
    let identity = try authority.issue(names: ["localhost"]).identity
    var client = TLSContext.Configuration.client()
    client.trustRoots = [authority.trust]
    let context = try TLSContext(client)
    let store = Table()
    sessions.removeAll()
    for isResumed in [false, true, true] {
      // Another machine each time.
      let server = try TLSContext(.storingServer(identity, fleet: "shop"))
      let stored = StoredSessions(store)
      let (near, far) = MemoryTransport.pair()
      let left = try stream(to: "localhost", context: context, over: near)
      let right = TLSStream(try TLSEngine(.server, context: server), over: far, delegate: stored)
      async let received = right.read()
      try await left.write([1])
      #expect(try await received == [1])
      await stored.keepSessions(of: right)
      try await right.write([2])
      #expect(try await left.read() == [2])
      #expect(left.negotiated?.isResumed == isResumed)
      try await left.close()
      try await right.close()
    }
  }

  private actor Table: SessionStore {
    private var values: [[UInt8]: [UInt8]] = [:]
    func value(of key: [UInt8]) -> [UInt8]? { values[key] }
    func set(_ value: [UInt8], of key: [UInt8], for seconds: Int64) { values[key] = value }
  }

  @Test
  func `a blocking client asks over a descriptor`() async throws {
    let files = try Files(authority)
    let (near, far) = try Sockets.pair()
    defer { for descriptor in [near, far] { Glibc.close(descriptor) } }
    async let served: Void = onThread { [shout] in
      var tls = try TLSEngine(
        .server, context: serverContext(certificateFile: files.certificate, privateKeyFile: files.key))
      try serve(&tls, over: BlockingDescriptor(far), answer: shout)
    }
    let response = try await onThread {
      let context = try clientContext(trustFile: files.authority)
      return try ask(Array("hello\n".utf8), of: "localhost", context: context, over: BlockingDescriptor(near))
    }
    #expect(response == Array("HELLO\n".utf8))
    try await served
  }

  /// Runs code that blocks on a thread of its own.
  private func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
  }

  @Test
  func `a client and a server of streams converse, with certificates of both and ALPN`() async throws {
    let files = try Files(authority)
    let identity = try TLSIdentity(certificateFile: files.certificate, privateKeyFile: files.key)
    let issued = try authority.issue(subject: "client", usage: .client).identity
    let server = try TLSContext(.mutualServer(identity, clientTrustFile: files.authority).negotiatingHTTP())
    let client = try TLSContext(.mutualClient(issued, trustFile: files.authority).negotiatingHTTP())
    let (near, far) = try Sockets.pair()
    async let served: Void = serve(over: transport(of: far), context: server, answer: shout)
    let response = try await request(
      Array("hello\n".utf8), of: "localhost", context: client, over: transport(of: near))
    #expect(response == Array("HELLO\n".utf8))
    try await served
  }

  @Test(.timeLimit(.minutes(1)))
  func `a client's certificate of another authority is refused, and the client reads the alert`() async throws {
    let files = try Files(authority)
    let identity = try TLSIdentity(certificateFile: files.certificate, privateKeyFile: files.key)
    let stranger = try TestAuthority().issue(subject: "client", usage: .client).identity
    let server = try TLSContext(.mutualServer(identity, clientTrustFile: files.authority))
    let client = try TLSContext(.mutualClient(stranger, trustFile: files.authority))
    let (near, far) = MemoryTransport.pair()
    let served = Task { [shout] in try await serve(over: far, context: server, answer: shout) }
    let error = await #expect(throws: TLSStreamError.self) {
      try await request([1], of: "localhost", context: client, over: near)
    }
    #expect(report(try #require(error)).line.hasPrefix("the peer refused: "))
    await #expect(throws: TLSStreamError.self) { try await served.value }
  }

  @Test(.timeLimit(.minutes(1)))
  func `neither side waits for the other over a transport with room for 7 bytes`() async throws {
    let (near, far) = MemoryTransport.pair(capacity: 7)
    try await converse(
      Array("hello\n".utf8), over: ConnectionTransport(Narrow(memory: near)), ConnectionTransport(Narrow(memory: far)))
  }

  @Test(.timeLimit(.minutes(1)))
  func `neither side waits for the other with a message larger than the transport's room`() async throws {
    let (near, far) = MemoryTransport.pair()
    try await converse([UInt8](repeating: 0x61, count: 1_000_000), over: near, far)
  }

  /// Sends a message to a server that answers while it is being sent.
  private func converse(_ message: [UInt8], over near: some ByteTransport, _ far: some ByteTransport) async throws {
    let files = try Files(authority)
    let server = try serverContext(certificateFile: files.certificate, privateKeyFile: files.key)
    let client = try clientContext(trustFile: files.authority)
    async let served: Void = serve(over: far, context: server, answer: shout)
    let response = try await request(message, of: "localhost", context: client, over: near)
    #expect(response == shout(message))
    try await served
  }

  @Test
  func `both sides agree on HTTP/2`() throws {
    let identity = authority.issue(names: ["localhost"])
    var client = TLSContext.Configuration.client()
    client.trustRoots = [authority.trust]
    var pair = try EnginePair(
      client: TLSContext(client.negotiatingHTTP()),
      server: TLSContext(TLSContext.Configuration.server(identity.identity).negotiatingHTTP()))
    try pair.handshake()
    let negotiated = pair.client.negotiated
    #expect(negotiated?.applicationProtocol == "h2")
  }

  @Test
  func `an unknown authority is reported as an untrusted peer`() throws {
    let identity = authority.issue(names: ["localhost"])
    var client = TLSContext.Configuration.client()
    client.trustRoots = [TestAuthority().trust]
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(.server(identity.identity)))
    let error = #expect(throws: TLSError.self) { try pair.handshake() }
    let (line, isWorthRetrying) = report(try #require(error))
    #expect(line.hasPrefix("untrusted peer: ") && !isWorthRetrying)
    let failure = pair.server.failure
    #expect(report(try #require(failure)).line.hasPrefix("the peer refused: "))
  }

  @Test
  func `a delegate chooses the context by name, without a handshake`() async throws {
    let context = try TLSContext(.server(authority.issue(names: ["shout.example"]).identity))
    let hosts = VirtualHosts(contexts: ["shout.example": context])
    let known = TLSEngine.ClientHello(serverName: "shout.example")
    let unknown = TLSEngine.ClientHello(serverName: "other.example")
    #expect(await hosts.answerClientHello(known) == .serve(with: context))
    #expect(await hosts.answerClientHello(unknown) == .refuse(.unrecognizedName))
  }

  @Test
  func `an engine's question is answered with the context of the name`() throws {
    let named = try TLSContext(.server(authority.issue(names: ["localhost"]).identity))
    var server = try TLSContext.Configuration.server(authority.issue(names: ["other.example"]).identity)
    server.pausesAtClientHello = true
    var client = TLSContext.Configuration.client()
    client.trustRoots = [authority.trust]
    var pair = try EnginePair(client: TLSContext(client), server: TLSContext(server))
    _ = pair.step()  // the ClientHello reaches the server
    try answer(&pair.server, hosts: ["localhost": named])
    try pair.handshake()
    let negotiated = pair.client.negotiated
    #expect(negotiated?.serverName == "localhost")
  }
}

/// Certificate files in a folder of their own, and two connected sockets.
private final class Files: Sendable {
  let folder: URL
  let sockets: (near: SmallSteps, far: SmallSteps)

  init(_ authority: TestAuthority) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (near, far) = try Sockets.pair()
    sockets = (SmallSteps(near), SmallSteps(far))
    let identity = authority.issue(names: ["localhost"])
    try Data(identity.chainPEM).write(to: URL(fileURLWithPath: certificate))
    try Data(identity.privateKeyPEM).write(to: URL(fileURLWithPath: key))
    try Data(authority.rootPEM).write(to: URL(fileURLWithPath: self.authority))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  var certificate: String { folder.path + "/server.pem" }
  var key: String { folder.path + "/server.key" }
  var authority: String { folder.path + "/ca.pem" }
}

private enum Sockets {
  static func pair() throws -> (Int32, Int32) {
    var descriptors: [Int32] = [0, 0]
    let status = unsafe descriptors.withUnsafeMutableBufferPointer {
      unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, $0.baseAddress!)
    }
    try #require(status == 0)
    return (descriptors[0], descriptors[1])
  }
}

/// A blocking socket that moves 7 bytes at a time.
private final class SmallSteps: Transport, Sendable {
  private let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { Glibc.close(descriptor) }

  func send(_ bytes: RawSpan) throws -> Int {
    let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, min($0.count, 7)) }
    if count < 0 { throw CocoaError(.fileWriteUnknown) }
    return count
  }

  func receive() throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 7)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, 7) }
    return count > 0 ? Array(bytes[..<count]) : nil
  }
}

/// A connection with room for 7 bytes in each direction.
private struct Narrow: Connection {
  let memory: MemoryTransport

  func receive() async -> [UInt8]? { await memory.receive(upTo: 65_536) }

  func send(_ bytes: [UInt8]) async {
    for start in stride(from: 0, to: bytes.count, by: 7) {
      await memory.send(Array(bytes[start..<min(start + 7, bytes.count)]))
    }
  }

  func finish() async { memory.closeOutput() }
}
