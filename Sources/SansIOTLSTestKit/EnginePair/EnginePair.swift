public import SansIOTLS

/// A client engine and a server engine, joined by a link: whatever one drains, the other is fed. Every drive is bounded, so
/// a pair that is stuck tells so, with its ladder, instead of hanging a test.
///
/// ```swift
/// var pair = try EnginePair()
/// try pair.handshake()
/// try pair.send(Array("ping".utf8), from: .client)
/// let ping = try pair.receive(at: .server)
/// ```
///
/// The calls of the pair are noted in its ``log``, and in a ``SeededWorld`` on its tape. The engines themselves can be
/// called too; what a test does to them directly is not on the tape.
public struct EnginePair: ~Copyable {

  /// A drive that did not come to its end within its limit.
  public struct Stalled: Error, CustomStringConvertible {
    /// What was to be done, what both sides wait for, and the ladder, unless a ``ConversationLog/Collector`` has it.
    public let description: String
  }

  /// The client.
  public var client: TLSEngine
  /// The server.
  public var server: TLSEngine
  /// What lies between them.
  public var link: SimulatedLink
  /// What happened so far.
  public let log: ConversationLog
  private var loggedActions = 0

  /// The engine of one side, to be called directly; such calls are not recorded on the tape.
  ///
  /// - Parameter role: The side.
  public subscript(_ role: TLSRole) -> TLSEngine {
    _read { if role == .client { yield client } else { yield server } }
    _modify { if role == .client { yield &client } else { yield &server } }
  }

  /// Whether the engines keep their messages for the ladder, whatever their contexts say. Off in tests of what an engine does
  /// without a tap.
  @TaskLocal package static var keepsMessages = true

  /// Joins two engines.
  ///
  /// - Parameters:
  ///   - client: a client's engine.
  ///   - server: a server's engine.
  ///   - link: what lies between them.
  ///   - title: what the ladder is called.
  ///   - file: where the pair is made; a failure without a place of its own is reported there.
  ///   - line: the line there.
  public init(
    client: consuming TLSEngine, server: consuming TLSEngine, link: SimulatedLink = .direct, title: String = "",
    file: StaticString = #filePath, line: UInt = #line
  ) {
    self.init(
      client: client, server: server, link: link,
      log: ConversationLog(
        title: title, seed: nil, linkSeed: link.seed, tape: nil, place: ConversationLog.Place(file: file, line: line)))
  }

  /// Makes both engines.
  ///
  /// - Parameters:
  ///   - client: the client's context.
  ///   - server: the server's context.
  ///   - serverName: whom the client means to reach.
  ///   - limits: the bounds of both.
  ///   - session: a session for the client to resume.
  ///   - link: what lies between them.
  ///   - world: the world that both contexts were made in, if they were: the conversation is taped.
  ///   - title: what the ladder is called.
  ///   - file: where the pair is made; a failure without a place of its own is reported there.
  ///   - line: the line there.
  /// - Throws: ``TLSError`` if one of them cannot be made.
  public init(
    client: TLSContext, server: TLSContext, serverName: TLSServerName = .dns("localhost"),
    limits: TLSEngine.Limits = .default, session: TLSSession? = nil, link: SimulatedLink = .direct,
    in world: SeededWorld? = nil, title: String = "", file: StaticString = #filePath, line: UInt = #line
  ) throws(TLSError) {
    let offered = world == nil ? session : session.map { world!.resumable($0) }
    let serverEngine = try TLSEngine(
      .server, context: server, limits: limits, session: nil, keepsMessages: Self.keepsMessages)
    let clientEngine = try TLSEngine(
      .client(serverName: serverName), context: client, limits: limits, session: offered,
      keepsMessages: Self.keepsMessages)
    self.init(
      client: clientEngine, server: serverEngine, link: link,
      log: ConversationLog(
        title: title, seed: world?.seed, linkSeed: link.seed, tape: world.map { Tape(seed: $0.seed) },
        place: ConversationLog.Place(file: file, line: line)))
  }

  /// Makes two engines that trust each other's new test authority: one line for a whole connection.
  ///
  /// - Parameters:
  ///   - version: the only version allowed; `nil` for the defaults.
  ///   - key: the kind of key of the server's certificate, which is for `localhost`.
  ///   - limits: the bounds of both.
  ///   - link: what lies between them.
  ///   - world: makes everything, certificates included, reproducible.
  ///   - file: where the pair is made; a failure without a place of its own is reported there.
  ///   - line: the line there.
  ///   - configure: changes the configurations before the contexts are made of them.
  /// - Throws: ``TLSError`` if one of them cannot be made; what `configure` throws.
  public init(
    version: TLSVersion? = nil, key: TestIdentity.KeyType = .p256, limits: TLSEngine.Limits = .default,
    link: SimulatedLink = .direct, in world: SeededWorld? = nil,
    file: StaticString = #filePath, line: UInt = #line,
    configure: (
      _ client: inout TLSContext.Configuration, _ server: inout TLSContext.Configuration
    ) throws -> Void = { _, _ in }
  ) throws {
    let authority = world?.authority() ?? TestAuthority()
    var (client, server) = try Self.configurations(
      version: version, identity: authority.issue(names: ["localhost"], key: key))
    try configure(&client, &server)
    try self.init(
      client: world?.context(client) ?? TLSContext(client), server: world?.context(server) ?? TLSContext(server),
      limits: limits, link: link, in: world, file: file, line: line)
  }

  private init(
    client: consuming TLSEngine, server: consuming TLSEngine, link: SimulatedLink, log: ConversationLog
  ) {
    self.client = client
    self.server = server
    self.link = link
    self.log = log
    if Self.keepsMessages {
      self.client.keepMessages()
      self.server.keepMessages()
    }
    log.note(.client, &self.client)
    log.note(.server, &self.server)
  }

  /// The configurations of a client and a server that trust each other's test authority, at one version. Their messages
  /// are tapped.
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
    client.tracesMessages = true
    server.tracesMessages = true
    return (client, server)
  }

  // MARK: Drives

  /// Lets one step of time pass: both sides are drained into the link, and fed what has arrived. An engine that fails
  /// keeps its error; its alert still travels.
  ///
  /// - Returns: whether anything moved, or is on its way and will.
  @discardableResult
  public mutating func step() -> Bool {
    var moved = false
    for side in TLSRole.allCases {
      let bytes = drain(from: side)
      if bytes.isEmpty { continue }
      moved = true
      link.send(bytes, from: side)
    }
    link.step()
    for side in [TLSRole.server, .client] where deliver(to: side) { moved = true }
    noteLink()
    return moved || link.isDelaying
  }

  private mutating func deliver(to side: TLSRole) -> Bool {
    // What is on its way to an engine that failed stays there.
    if self[side].failure != nil { return false }
    var moved = false
    while true {
      switch link.deliver(to: side) {
      case .bytes(let bytes):
        do throws(TLSError) {
          let accepted = try feed(bytes, to: side)
          if accepted > 0 { moved = true }
          if accepted == bytes.count { continue }
          link.putBack(Array(bytes[accepted...]), to: side)
        } catch {
          // The engine keeps its failure. One that was abandoned, or was told of the end before, has no use for more.
          return true
        }
        return moved
      case .end:
        feedEOF(to: side)
        return true
      case .nothing:
        return moved
      }
    }
  }

  private mutating func noteLink() {
    // How the stream is cut is no news: it must not matter.
    for action in link.actions.dropFirst(loggedActions) where !action.isHarmless { log.note("\(action)") }
    loggedActions = link.actions.count
  }

  /// Drives the handshake to its end on both sides.
  ///
  /// - Parameter limit: steps at most.
  /// - Throws: the server's or the client's ``TLSError``, whichever came first (the server's, if both failed and the
  ///   client's is only the alert it was sent); ``Stalled`` beyond the limit, or if nothing moves any more.
  public mutating func handshake(limit: Int = 64) throws {
    for _ in 0..<limit {
      let moved = step()
      // After a failure the alert still travels, so that both sides know.
      if let failure {
        if moved { continue }
        throw failure.error
      }
      if client.negotiated != nil, server.negotiated != nil { return }
      if !moved { break }
    }
    if let failure { throw failure.error }
    throw stuck("the handshake")
  }

  /// The failure that came first: the side that only reports the other's alert, or the other's end, is the second.
  public var failure: (side: TLSRole, error: TLSError)? {
    switch (client.failure, server.failure) {
    case (let client?, let server?):
      [.alertReceived, .truncated].contains(client.code) ? (.server, server) : (.client, client)
    case (let client?, nil): (.client, client)
    case (nil, let server?): (.server, server)
    case (nil, nil): nil
    }
  }

  /// Writes plaintext, all of it, moving ciphertext whenever the engine asks for that.
  ///
  /// - Parameters:
  ///   - plaintext: bytes to send.
  ///   - side: the side that writes.
  ///   - limit: steps at most.
  /// - Throws: the writer's ``TLSError``; ``Stalled`` if it takes no more.
  public mutating func send(_ plaintext: [UInt8], from side: TLSRole, limit: Int = 100_000) throws {
    var rest = plaintext[...]
    for _ in 0..<limit {
      if case .done(let count) = try write(rest, from: side) { rest = rest.dropFirst(count) }
      if rest.isEmpty { return }
      if !step() { break }
    }
    throw stuck("sending from the \(side)")
  }

  /// Moves what is there until nothing moves any more, and reads all that came.
  ///
  /// - Parameters:
  ///   - side: the side that reads.
  ///   - limit: steps at most.
  /// - Returns: the plaintext, empty if there is none.
  /// - Throws: the reader's ``TLSError``, once there is no more plaintext before it; ``Stalled`` beyond the limit.
  public mutating func receive(at side: TLSRole, limit: Int = 100_000) throws -> [UInt8] {
    var plaintext: [UInt8] = []
    for _ in 0..<limit {
      var moved = step()
      do {
        while case .done(let bytes) = try read(at: side) {
          plaintext += bytes
          moved = true
        }
      } catch {
        if plaintext.isEmpty { throw error }
        return plaintext
      }
      if !moved { return plaintext }
    }
    throw stuck("receiving at the \(side)")
  }

  /// Sends plaintext through the pair and returns what came out: writes, moves and reads until it is all there.
  ///
  /// - Parameters:
  ///   - plaintext: bytes to send.
  ///   - sender: the side that writes.
  ///   - limit: rounds at most.
  /// - Returns: what the other side read.
  /// - Throws: the ``TLSError`` of either side; ``Stalled`` beyond the limit.
  public mutating func transfer(_ plaintext: [UInt8], from sender: TLSRole, limit: Int = 100_000) throws -> [UInt8] {
    let receiver = sender.peer
    var rest = plaintext[...]
    var received: [UInt8] = []
    for _ in 0..<limit {
      if !rest.isEmpty, case .done(let count) = try write(rest, from: sender) { rest = rest.dropFirst(count) }
      var moved = step()
      while case .done(let bytes) = try read(at: receiver) {
        received += bytes
        moved = true
      }
      if received.count >= plaintext.count { return received }
      if !moved, rest.isEmpty { break }
    }
    throw stuck("the transfer from the \(sender)")
  }

  /// Closes both directions and checks that both sides saw a clean end.
  ///
  /// - Parameter limit: steps at most.
  /// - Throws: the ``TLSError`` of either side; ``Stalled`` if an end was not seen.
  public mutating func shutdown(limit: Int = 100_000) throws {
    _ = try close(from: .client)
    _ = try close(from: .server)
    var open: Set<TLSRole> = [.client, .server]
    for _ in 0..<limit {
      var moved = step()
      // Not in the set's own order, which is another in each process.
      for side in TLSRole.allCases where open.contains(side) {
        reading: while true {
          switch try read(at: side) {
          case .done: moved = true
          case .endOfStream:
            open.remove(side)
            break reading
          default: break reading
          }
        }
      }
      if open.isEmpty { return }
      if !moved { break }
    }
    throw stuck("the shutdown")
  }

  private mutating func stuck(_ what: String) -> Stalled {
    // Whoever collects conversations tells the ladder anyway.
    let report = ConversationLog.Collector.current == nil ? "\n\(log.report)" : ""
    return Stalled(
      description: "\(what) is stuck: client needs \(client.needs), server needs \(server.needs)\(report)")
  }
}
