import SansIOTLS
import SansIOTLSTransports

/// The work at one layer, on a connection that is kept.
protocol StreamLoop: Sendable {
  /// Repeats the work `count` times.
  ///
  /// - Returns: The number of calls that moved bytes.
  @discardableResult
  func run(_ count: Int) async throws -> Int
}

extension StreamLayer {
  /// Connects two ends, so that `run` does only the work.
  func loop(for work: StreamWork, _ contexts: EngineContexts) async throws -> any StreamLoop {
    switch self {
    case .engines: return try EnginesLoop(work, contexts)
    case .memory:
      return TransportLoop(work, MemoryTransport.pair())
    case .memoryTLS:
      return TransportLoop(work, try await contexts.connect(MemoryTransport.pair()))
    case .memorySpans:
      return SpanLoop(work, try await contexts.connect(MemoryTransport.pair()))
    case .sockets:
      return TransportLoop(work, try SocketPair.transports())
    case .socketsTLS:
      return TransportLoop(work, try await contexts.connect(SocketPair.transports()))
    case .socketsSpans:
      return SpanLoop(work, try await contexts.connect(SocketPair.transports()))
    }
  }
}

extension EngineContexts {
  /// Creates the contexts of all layers, with AES-128-GCM, which peers prefer too.
  static func streams(_ credentials: Credentials) throws -> EngineContexts {
    try EngineContexts(.tls13, credentials, cipherSuites: [.TLS_AES_128_GCM_SHA256])
  }

  /// Performs the handshake between the ends of a transport. Tickets are read, so that nothing is left to receive.
  func connect<Transport: ByteTransport>(
    _ ends: (Transport, Transport)
  ) async throws -> (TLSStream<Transport>, TLSStream<Transport>) {
    let client = TLSStream(try makeClient(), over: ends.0)
    let server = TLSStream(try makeServer(), over: ends.1)
    async let accepted = server.handshake()
    try await client.handshake()
    _ = try await accepted
    // The client reads the tickets before the byte.
    try await server.write([0])
    guard try await client.read() == [0] else { throw Failure("the streams lost a byte") }
    return (client, server)
  }
}

/// The work of two engines without a stream, in one task.
private final class EnginesLoop: StreamLoop {
  /// One task at a time uses the engines.
  private nonisolated(unsafe) let loop: EngineLoop

  init(_ work: StreamWork, _ contexts: EngineContexts) throws {
    unsafe loop = try EngineLoop(work.scenario, contexts)
  }

  func run(_ count: Int) async throws -> Int {
    try unsafe loop.run(count)
    return count
  }
}

/// The work over both ends of a transport, or of a stream, which is one too.
struct TransportLoop<Transport: ByteTransport>: StreamLoop {
  private let work: StreamWork
  private let near: Transport
  private let far: Transport
  private let message: [UInt8]

  init(_ work: StreamWork, _ ends: (Transport, Transport)) {
    self.work = work
    (near, far) = ends
    message = Array(repeating: 0x5a, count: work.messageSize)
  }

  func run(_ count: Int) async throws -> Int {
    async let answered = answer(count)
    var calls = 0
    for _ in 0..<count {
      try await near.send(message)
      calls += 1
      if work == .roundTrip { calls += try await Self.receive(message.count, from: near) }
    }
    return try await calls + answered
  }

  private func answer(_ count: Int) async throws -> Int {
    if work == .bulk { return try await Self.receive(count * message.count, from: far) }
    var calls = 0
    for _ in 0..<count {
      calls += try await Self.receive(message.count, from: far)
      try await far.send(message)
      calls += 1
    }
    return calls
  }

  /// - Returns: The number of calls.
  private static func receive(_ count: Int, from end: Transport) async throws -> Int {
    var rest = count
    var calls = 0
    while rest > 0 {
      guard let bytes = try await end.receive(upTo: 65_536) else { throw Failure("a transport ended") }
      rest -= bytes.count
      calls += 1
    }
    return calls
  }
}
