import Glibc
import SansIOTLS
import SansIOTLSTestKit
import SansIOTLSTransports

/// Two relays on threads of their own, and the descriptors of the programs' ends.
struct RelayFixture: Sendable {
  enum Wire: CaseIterable, Sendable { case pipes, socket }

  static let name = "relay.example"
  static let identity = TestIdentity.server(name)
  /// Buffers of four records.
  static let largeBuffers: TLSEngine.Limits = {
    var limits = TLSEngine.Limits.default
    limits.bufferByteCount = 68 * 1024
    return limits
  }()

  /// The pipes between a relay and its program.
  struct Program: Sendable {
    let input = Channel.pipe()
    let output = Channel.pipe()
    /// For writing what the relay sends.
    var sending: Int32 { input.writing }
    /// For reading what the relay has received.
    var receiving: Int32 { output.reading }
  }

  let client = Program()
  let server = Program()

  static func clientContext(_ version: TLSVersion, trusting trust: TLSTrustRoots = identity.trust) throws -> TLSContext
  {
    var configuration = TLSContext.Configuration.client()
    configuration.trustRoots = [trust]
    configuration.minimumVersion = version
    configuration.maximumVersion = version
    return try TLSContext(configuration)
  }

  static func serverContext() throws -> TLSContext { try TLSContext(.server(identity.identity)) }

  /// Creates the descriptors of a wire: those of the client's end and of the server's end.
  static func wire(_ kind: Wire) -> (client: (Int32, Int32), server: (Int32, Int32)) {
    switch kind {
    case .pipes:
      let (toServer, toClient) = (Channel.pipe(), Channel.pipe())
      return ((toClient.reading, toServer.writing), (toServer.reading, toClient.writing))
    case .socket:
      let (client, server) = Channel.socketPair()
      return ((client, client), (server, server))
    }
  }

  /// A server that sends its data, closes, and leaves without reading another byte.
  static func sendAndLeave(_ data: [UInt8], on wire: (Int32, Int32), beforeLeaving: () -> Void = {}) {
    // A failure here is one of the test's own setup.
    var engine = try! TLSEngine(.server, context: try! serverContext())
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while engine.negotiated == nil {
      // Sound: the array lives through the call and has the stated length.
      let count = unsafe read(wire.0, &chunk, chunk.count)
      precondition(count > 0)
      var rest = chunk[..<count]
      // Application data that arrives with the end of the handshake is not accepted.
      while !rest.isEmpty, engine.negotiated == nil { rest = rest.dropFirst(try! engine.feed(rest)) }
      Channel.sendAll(engine.drain()[...], to: wire.1)
    }
    var rest = data[...]
    while !rest.isEmpty {
      rest = rest.dropFirst((try! engine.write(rest)).value ?? 0)
      Channel.sendAll(engine.drain()[...], to: wire.1)
    }
    _ = try! engine.closeWriting()
    Channel.sendAll(engine.drain()[...], to: wire.1)
    beforeLeaving()
    for end in [wire.0, wire.1] { close(end) }
  }

  func startClient(
    on wire: (Int32, Int32), version: TLSVersion = .tls13, trusting trust: TLSTrustRoots = identity.trust,
    limits: TLSEngine.Limits = .default, observer: (any RelayObserver & Sendable)? = nil,
    decidingEnd: (@Sendable () -> Relay.PlaintextEnd)? = nil
  ) throws -> BackgroundThread<RelayReport> {
    let context = try Self.clientContext(version, trusting: trust)
    return start(.client(serverName: .dns(Self.name)), context, limits, wire, client, observer, decidingEnd)
  }

  func startServer(
    on wire: (Int32, Int32), limits: TLSEngine.Limits = .default, observer: (any RelayObserver & Sendable)? = nil
  ) throws -> BackgroundThread<RelayReport> {
    start(.server, try Self.serverContext(), limits, wire, server, observer)
  }

  private func start(
    _ endpoint: TLSEngine.Endpoint, _ context: TLSContext, _ limits: TLSEngine.Limits, _ wire: (Int32, Int32),
    _ program: Program, _ observer: (any RelayObserver & Sendable)? = nil,
    _ decidingEnd: (@Sendable () -> Relay.PlaintextEnd)? = nil
  ) -> BackgroundThread<RelayReport> {
    BackgroundThread {
      // A failure here is one of the test's own setup.
      var relay = Relay(
        try! TLSEngine(endpoint, context: context, limits: limits),
        ciphertext: try! NonblockingDescriptorPair(reading: wire.0, writing: wire.1), observer: observer)
      relay.attach(
        plaintext: try! NonblockingDescriptorPair(reading: program.input.reading, writing: program.output.writing),
        decidingEnd: decidingEnd)
      return relay.run()
    }
  }
}
