public import SansIOTLS

/// A client engine and a server engine, joined by a link: what one drains, the other is fed. Every drive has a limit: a
/// stalled pair throws an error that includes the ladder, instead of blocking a test.
///
/// ```swift
/// var pair = try EnginePair()
/// try pair.handshake()
/// try pair.send(Array("ping".utf8), from: .client)
/// let ping = try pair.receive(at: .server)
/// ```
///
/// The calls of the pair are recorded in its ``log``, and in a ``SeededWorld`` on its tape. A test may also call the
/// engines directly; such calls are not recorded on the tape.
public struct EnginePair: ~Copyable {

  /// The error of a drive that did not finish within its limit.
  public struct Stalled: Error, CustomStringConvertible {
    /// The drive, the needs of both sides, and the ladder, unless a ``ConversationLog/Collector`` reports it.
    public let description: String
  }

  /// The client.
  public var client: TLSEngine
  /// The server.
  public var server: TLSEngine
  /// The link between them.
  public var link: SimulatedLink
  /// The log of the conversation.
  public let log: ConversationLog
  /// The number of the link's actions in the log.
  var loggedActions = 0

  /// The engine of one side, to be called directly; such calls are not recorded on the tape.
  ///
  /// - Parameter role: The side.
  public subscript(_ role: TLSRole) -> TLSEngine {
    _read { if role == .client { yield client } else { yield server } }
    _modify { if role == .client { yield &client } else { yield &server } }
  }

  /// Whether the engines trace their messages for the ladder even if their contexts do not. `false` in tests of engines
  /// that do not trace.
  @TaskLocal package static var keepsMessages = true

  /// Creates a pair of two engines.
  ///
  /// - Parameters:
  ///   - client: A client's engine.
  ///   - server: A server's engine.
  ///   - link: The link between them.
  ///   - title: The title of the ladder.
  ///   - file: The file of the call. A failure without a location of its own is reported there.
  ///   - line: The line of the call.
  public init(
    client: consuming TLSEngine, server: consuming TLSEngine, link: SimulatedLink = .direct, title: String = "",
    file: StaticString = #filePath, line: UInt = #line
  ) {
    self.init(
      client: client, server: server, link: link,
      log: ConversationLog(
        title: title, seed: nil, linkSeed: link.seed, tape: nil, place: ConversationLog.Place(file: file, line: line)))
  }

  /// Creates a pair and its engines.
  ///
  /// - Parameters:
  ///   - client: The client's context.
  ///   - server: The server's context.
  ///   - serverName: The name of the server that the client connects to.
  ///   - limits: The limits of both engines.
  ///   - session: A session that the client offers to resume.
  ///   - sendsEarlyData: Whether the client sends early data with that session; see ``sendEarly(_:)``.
  ///   - link: The link between the engines.
  ///   - world: The world in which both contexts were created: the conversation is recorded on a tape. `nil` outside of
  ///     one.
  ///   - title: The title of the ladder.
  ///   - file: The file of the call. A failure without a location of its own is reported there.
  ///   - line: The line of the call.
  /// - Throws: ``/SansIOTLS/TLSError`` if an engine cannot be created.
  public init(
    client: TLSContext, server: TLSContext, serverName: TLSServerName = .dns("localhost"),
    limits: TLSEngine.Limits = .default, session: TLSSession? = nil, sendsEarlyData: Bool = false,
    link: SimulatedLink = .direct, in world: SeededWorld? = nil, title: String = "",
    file: StaticString = #filePath, line: UInt = #line
  ) throws(TLSError) {
    let offered = world == nil ? session : session.map { world!.resumable($0) }
    let serverEngine = try TLSEngine(
      .server, context: server, limits: limits, session: nil, sendsEarlyData: false,
      keepsMessages: Self.keepsMessages)
    let clientEngine = try TLSEngine(
      .client(serverName: serverName), context: client, limits: limits, session: offered,
      sendsEarlyData: sendsEarlyData, keepsMessages: Self.keepsMessages)
    self.init(
      client: clientEngine, server: serverEngine, link: link,
      log: ConversationLog(
        title: title, seed: world?.seed, linkSeed: link.seed, tape: world.map { Tape(seed: $0.seed) },
        place: ConversationLog.Place(file: file, line: line)))
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
}
