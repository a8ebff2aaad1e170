public import SansIOTLS

#if !SANITIZE_THREAD
  internal import Synchronization
#endif
#if canImport(Darwin)
  internal import Darwin
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Glibc
#endif

/// A client's store of sessions, for connections that resume earlier ones: bounded, in memory, for any number of
/// threads.
///
/// ```swift
/// let sessions = TLSSessionCache()
/// let stream = try TLSStream(connectingTo: .dns("example.com"), context: context, sessions: sessions, over: transport)
/// ```
///
/// A session is found by the name that the client asks for and by the configuration of its context: what was gained
/// with one trust, one identity or one policy is not offered with another. Two contexts whose configurations are equal
/// share sessions. (The engine verifies a session again before it offers one, whatever a store says.)
///
/// A session of TLS 1.3 is handed out once; one of TLS 1.2 stays until it is refused or its connection fails. What has
/// expired is handed out to no one. Of a server, the newest sessions are kept; of servers, those connected to last. The
/// port is not a part of the name: servers on several ports that do not share sessions perform full handshakes.
///
/// Sessions are secrets. They are kept in memory alone, and the descriptions show none.
public final class TLSSessionCache: Sendable {
  /// The default number of servers.
  public static let defaultServerCount = 256
  /// The default number of sessions of a server.
  public static let defaultSessionsPerServer = 4

  private let shelf: Mutex<SessionShelf>
  /// The time in seconds since 1970.
  private let now: @Sendable () -> Int64

  /// Creates an empty cache.
  ///
  /// - Parameters:
  ///   - serverCount: The servers whose sessions are kept, 1 or more; beyond it those that were used least recently are
  ///     forgotten.
  ///   - sessionsPerServer: The sessions of each, 1 or more: as many connections at once can resume in TLS 1.3. A
  ///     session takes a few kilobytes, for the server's certificates.
  public convenience init(
    serverCount: Int = defaultServerCount, sessionsPerServer: Int = defaultSessionsPerServer
  ) {
    self.init(serverCount: serverCount, sessionsPerServer: sessionsPerServer, now: Self.clock)
  }

  /// Creates a cache with a clock of its own, for tests.
  package init(serverCount: Int, sessionsPerServer: Int, now: @escaping @Sendable () -> Int64) {
    shelf = Mutex(SessionShelf(serverCount: max(serverCount, 1), sessionsPerServer: max(sessionsPerServer, 1)))
    self.now = now
  }

  /// The number of sessions that are kept.
  public var count: Int { shelf.withLock { $0.count } }

  /// Returns a session to resume, the newest one. One of TLS 1.3 is removed.
  ///
  /// - Parameters:
  ///   - serverName: The name that the client asks for.
  ///   - context: The context of the connection.
  /// - Returns: The session; `nil` if there is none.
  public func session(for serverName: TLSServerName, context: TLSContext) -> TLSSession? {
    let key = SessionShelf.Key(serverName, context.configuration)
    let time = now()
    return shelf.withLock { $0.take(key, at: time) }
  }

  /// Keeps a session.
  ///
  /// - Parameters:
  ///   - session: The session, as the engine reported it.
  ///   - serverName: The name that the connection asked for.
  ///   - context: The context of the connection.
  public func store(_ session: TLSSession, for serverName: TLSServerName, context: TLSContext) {
    if !session.isResumable { return }
    let key = SessionShelf.Key(serverName, context.configuration)
    shelf.withLock { $0.insert(session, key) }
  }

  /// Forgets the sessions of a server: they were refused, or their connection failed.
  ///
  /// - Parameters:
  ///   - serverName: The name that the client asks for.
  ///   - context: The context of the connections.
  public func removeSessions(for serverName: TLSServerName, context: TLSContext) {
    let key = SessionShelf.Key(serverName, context.configuration)
    shelf.withLock { $0.remove(key) }
  }

  /// Forgets all sessions.
  public func removeAll() { shelf.withLock { $0.removeAll() } }

  private static let clock: @Sendable () -> Int64 = {
    var time = timespec()
    // Sound: the structure is valid during the call.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec)
  }
}

extension TLSSessionCache: CustomStringConvertible {
  /// The number of sessions; never a secret.
  public var description: String { "TLSSessionCache(\(count))" }
}
