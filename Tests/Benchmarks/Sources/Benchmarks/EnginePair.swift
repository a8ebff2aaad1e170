import SansIOTLS
import SansIOTLSTestKit

/// A context for each side, with exactly one protocol version.
struct EngineContexts {
  let client: TLSContext
  let server: TLSContext
  let serverName: String

  init(
    _ version: TLSVersion, _ credentials: Credentials, releasesBuffers: Bool = false,
    cipherSuites: [TLSCipherSuite]? = nil, library: TLSLibraryContext = .default
  ) throws {
    var client = TLSContext.Configuration.client()
    client.trustRoots = [credentials.identity.trust]
    client.minimumVersion = version
    client.maximumVersion = version
    client.releasesBuffers = releasesBuffers
    client.cipherSuites = cipherSuites
    client.library = library
    self.client = try TLSContext(client)

    var server = TLSContext.Configuration.server(try credentials.identity.identity)
    server.resumption = .tickets(count: 1)
    server.minimumVersion = version
    server.maximumVersion = version
    server.releasesBuffers = releasesBuffers
    server.cipherSuites = cipherSuites
    server.library = library
    self.server = try TLSContext(server)
    serverName = credentials.serverName
  }

  func makeClient(_ session: TLSSession? = nil) throws -> TLSEngine {
    try TLSEngine(.client(serverName: .dns(serverName)), context: client, session: session)
  }

  func makeServer() throws -> TLSEngine { try TLSEngine(.server, context: server) }
}

/// Two connected engines.
final class EnginePair {
  var client: TLSEngine
  var server: TLSEngine

  init(_ contexts: EngineContexts) throws {
    client = try contexts.makeClient()
    server = try contexts.makeServer()
    try Self.connect(&client, &server)
  }

  /// Performs a handshake for the session that the client receives, and another that resumes it.
  static func session(_ contexts: EngineContexts) throws -> TLSSession {
    var client = try contexts.makeClient()
    var server = try contexts.makeServer()
    var session: TLSSession?
    try connect(&client, &server) { if case .sessionTicket(let ticket) = $0 { session = ticket } }
    guard let session else { throw Failure("the server sent no session") }
    var second = try contexts.makeClient(session)
    var resuming = try contexts.makeServer()
    try connect(&second, &resuming)
    guard second.negotiated?.isResumed == true else { throw Failure("the session is not resumed") }
    return session
  }

  /// Performs the handshake, reads the server's tickets at the client and removes the events, as an application does.
  ///
  /// At most four exchanges: a TLS 1.2 handshake takes two, the tickets of TLS 1.3 one more.
  static func connect(
    _ client: inout TLSEngine, _ server: inout TLSEngine, _ take: (TLSEngine.Event) -> Void = { _ in }
  ) throws {
    for _ in 0..<4 {
      try client.drain { (segment) throws(TLSError) in try server.feed(segment) }
      try server.drain { (segment) throws(TLSError) in try client.feed(segment) }
      if case .done = try client.handshake(), case .done = try server.handshake(), server.pendingOutputByteCount == 0 {
        try readTickets(&client)
        while let event = client.nextEvent() { take(event) }
        while server.nextEvent() != nil {}
        return
      }
    }
    throw Failure("the engines do not finish their handshake")
  }

  /// The memory is valid during the call and never written.
  private static func readTickets(_ client: inout TLSEngine) throws {
    try unsafe withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
      var output = unsafe OutputRawSpan(buffer: buffer, initializedCount: 0)
      if case .done = try client.read(into: &output) { throw Failure("plaintext that was not written") }
    }
  }
}
