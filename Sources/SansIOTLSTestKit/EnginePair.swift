public import SansIOTLS

/// A client engine and a server engine, joined: whatever one drains, the other is fed. Every drive is bounded, so a pair
/// that is stuck tells so instead of hanging a test.
public struct EnginePair: ~Copyable {
  /// One end of the pair.
  public enum Side: Sendable, Hashable, CaseIterable {
    /// The end that connected.
    case client
    /// The end that was connected to.
    case server
  }

  /// A drive that did not come to its end within its limit.
  public struct Stuck: Error, CustomStringConvertible {
    /// What both sides wait for.
    public let description: String
  }

  /// The client.
  public var client: TLSEngine
  /// The server.
  public var server: TLSEngine
  /// How the bytes on the way are cut: the size of the next piece, in bytes, 1 or more. By default all that is there.
  public var nextPiece: () -> Int = { Int.max }
  /// What is on its way to the server, and what was taken from it already.
  private var towardServer: [UInt8] = []
  private var towardClient: [UInt8] = []

  /// Joins two engines.
  ///
  /// - Parameters:
  ///   - client: a client's engine.
  ///   - server: a server's engine.
  public init(client: consuming TLSEngine, server: consuming TLSEngine) {
    self.client = client
    self.server = server
  }

  /// Makes both engines.
  ///
  /// - Parameters:
  ///   - client: the client's context.
  ///   - server: the server's context.
  ///   - serverName: whom the client means to reach.
  ///   - limits: the bounds of both.
  ///   - session: a session for the client to resume.
  /// - Throws: ``TLSError`` if one of them cannot be made.
  public init(
    client: TLSContext, server: TLSContext, serverName: ServerName = .dns("localhost"),
    limits: TLSEngine.Limits = .default, session: TLSSession? = nil
  ) throws(TLSError) {
    let serverEngine = try TLSEngine(.server, context: server, limits: limits)
    let clientEngine = try TLSEngine(.client(serverName: serverName), context: client, limits: limits, session: session)
    self.init(client: clientEngine, server: serverEngine)
  }

  /// The configurations of a client and a server that trust each other's test authority, at one version.
  ///
  /// - Parameters:
  ///   - version: the only version allowed; `nil` for the defaults.
  ///   - identity: the server's identity, for `localhost`.
  /// - Returns: a client's and a server's configuration, to be changed at will.
  /// - Throws: ``TLSError`` if the identity is one that cannot be used.
  public static func configurations(
    version: TLSVersion? = nil, identity: TestIdentity = .server()
  ) throws(TLSError) -> (client: TLSContext.Configuration, server: TLSContext.Configuration) {
    var client = TLSContext.Configuration.client()
    client.trust = [identity.trust]
    var server = TLSContext.Configuration.server(try identity.identity)
    client.minimumVersion = version
    client.maximumVersion = version
    server.minimumVersion = version
    server.maximumVersion = version
    return (client, server)
  }

  /// Moves what there is, once in each direction. An engine that fails keeps its error; its alert still travels.
  ///
  /// - Returns: whether anything moved.
  @discardableResult
  public mutating func step() -> Bool {
    towardServer += client.drain()
    towardClient += server.drain()
    let moved = Self.feed(&towardServer, to: &server, nextPiece) + Self.feed(&towardClient, to: &client, nextPiece)
    return moved > 0
  }

  private static func feed(_ bytes: inout [UInt8], to engine: inout TLSEngine, _ nextPiece: () -> Int) -> Int {
    var fed = 0
    while fed < bytes.count {
      let piece = min(max(nextPiece(), 1), bytes.count - fed)
      // The engine keeps its own failure; a failed engine takes nothing, and what is on its way stays there.
      guard let accepted = try? engine.feed(bytes[fed..<fed + piece]), accepted > 0 else { break }
      fed += accepted
    }
    bytes.removeFirst(fed)
    return fed
  }

  /// Drives the handshake to its end on both sides.
  ///
  /// - Parameter limit: steps at most.
  /// - Throws: the server's or the client's ``TLSError``, whichever came first to this pair's attention (the server's, if
  ///   both failed and the client's is only the alert it was sent); ``Stuck`` beyond the limit.
  public mutating func handshake(limit: Int = 64) throws {
    for _ in 0..<limit {
      let moved = step()
      // After a failure the alert still travels, so that both sides know.
      if let failure = primaryFailure {
        if moved { continue }
        throw failure
      }
      if client.negotiated != nil, server.negotiated != nil { return }
      if !moved { break }
    }
    throw Stuck(description: "the handshake is stuck: client needs \(client.needs), server needs \(server.needs)")
  }

  /// The failure that came first: the side that only reports the other's alert is the second.
  private var primaryFailure: TLSError? {
    switch (client.failure, server.failure) {
    case (let client?, let server?): client.code == .alertReceived ? server : client
    case (let client?, nil): client
    case (nil, let server?): server
    case (nil, nil): nil
    }
  }

  /// Sends plaintext through the pair and returns what came out: writes, moves and reads until it is all there.
  ///
  /// - Parameters:
  ///   - plaintext: bytes to send.
  ///   - sender: the side that writes.
  ///   - limit: rounds at most.
  /// - Returns: what the other side read.
  /// - Throws: the ``TLSError`` of either side; ``Stuck`` beyond the limit.
  public mutating func transfer(_ plaintext: [UInt8], from sender: Side, limit: Int = 100_000) throws -> [UInt8] {
    var written = 0
    var received: [UInt8] = []
    for _ in 0..<limit {
      if written < plaintext.count {
        if case .done(let count) = try write(plaintext[written...], from: sender) { written += count }
      }
      step()
      while case .done(let bytes) = try read(at: sender == .client ? .server : .client) { received += bytes }
      if received.count >= plaintext.count { return received }
    }
    throw Stuck(description: "the transfer is stuck: client needs \(client.needs), server needs \(server.needs)")
  }

  /// Writes at one side.
  ///
  /// - Parameters:
  ///   - plaintext: bytes to send.
  ///   - side: the side that writes.
  /// - Returns: the engine's step.
  /// - Throws: the engine's ``TLSError``.
  public mutating func write(_ plaintext: ArraySlice<UInt8>, from side: Side) throws(TLSError) -> Step<Int> {
    side == .client ? try client.write(plaintext) : try server.write(plaintext)
  }

  /// Reads at one side.
  ///
  /// - Parameters:
  ///   - side: the side that reads.
  ///   - count: bytes at most.
  /// - Returns: the engine's step.
  /// - Throws: the engine's ``TLSError``.
  public mutating func read(at side: Side, upTo count: Int = 65_536) throws(TLSError) -> Step<[UInt8]> {
    side == .client ? try client.read(upTo: count) : try server.read(upTo: count)
  }

  /// Closes both directions and checks that both sides saw a clean end.
  ///
  /// - Throws: the ``TLSError`` of either side; ``Stuck`` if an end was not seen.
  public mutating func shutdown() throws {
    _ = try client.close()
    _ = try server.close()
    step()
    for side in Side.allCases {
      reading: while true {
        switch try read(at: side) {
        case .done: continue
        case .endOfStream: break reading
        default: throw Stuck(description: "the \(side) saw no end of stream")
        }
      }
    }
  }
}
