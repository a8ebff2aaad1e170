public import SansIOTLS

extension TLSSessionCache {
  /// The use of a cache by one connection of a client: it offers a session, keeps those that the server issues, and
  /// drops what the server refused. For code that drives an engine itself; streams and channel handlers have one.
  ///
  /// ```swift
  /// var connection = sessions.connection(to: .dns("example.com"), context: context)
  /// var tls = try connection.makeEngine()
  /// while let event = tls.nextEvent() { connection.note(event, tls) }  // after each call
  /// connection.note(tls)  // after an error: what the server refused is not offered again
  /// ```
  public struct Connection: Sendable {
    private let cache: TLSSessionCache
    private let serverName: TLSServerName
    private let context: TLSContext
    private var hasOffered = false
    private var isSettled = false

    init(_ cache: TLSSessionCache, _ serverName: TLSServerName, _ context: TLSContext) {
      self.cache = cache
      self.serverName = serverName
      self.context = context
    }

    /// Creates the engine of the connection, which offers a session if the cache has one that proves what the context
    /// requires.
    ///
    /// - Parameters:
    ///   - limits: The limits of the engine.
    ///   - sendsEarlyData: Whether early data (0-RTT) will be written, which an attacker can send again.
    /// - Returns: The engine before its handshake.
    /// - Throws: `TLSError` as the engine's initializer does without a session; the cache keeps its sessions.
    public mutating func makeEngine(
      limits: TLSEngine.Limits = .default, sendsEarlyData: Bool = false
    ) throws(TLSError) -> TLSEngine {
      while let session = cache.session(for: serverName, context: context) {
        do throws(TLSError) {
          let engine = try TLSEngine(
            .client(serverName: serverName), context: context, limits: limits, session: session,
            sendsEarlyData: sendsEarlyData)
          hasOffered = true
          return engine
        } catch {
          do throws(TLSError) { _ = try makeEngine(limits, sendsEarlyData) } catch {
            // The session is not the reason.
            if session.isSingleUse { cache.store(session, for: serverName, context: context) }
            throw error
          }
          // Its certificate has expired, for example: none of the same kind stays for the next connection.
          if !session.isSingleUse { cache.removeSessions(for: serverName, context: context) }
        }
      }
      return try makeEngine(limits, sendsEarlyData)
    }

    /// Creates an engine that offers no session.
    private func makeEngine(_ limits: TLSEngine.Limits, _ sendsEarlyData: Bool) throws(TLSError) -> TLSEngine {
      try TLSEngine(.client(serverName: serverName), context: context, limits: limits, sendsEarlyData: sendsEarlyData)
    }

    /// Acts on an event of the engine.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - engine: The engine, after the event.
    public mutating func note(_ event: TLSEngine.Event, _ engine: borrowing TLSEngine) {
      note(engine)
      if case .sessionTicket(let session) = event { cache.store(session, for: serverName, context: context) }
    }

    /// Drops what the server refused, once the handshake has completed or failed.
    ///
    /// - Parameter engine: The engine, after a call.
    public mutating func note(_ engine: borrowing TLSEngine) {
      if isSettled { return }
      let isResumed = engine.negotiated?.isResumed
      guard isResumed != nil || engine.failure != nil else { return }
      isSettled = true
      if hasOffered, isResumed != true { cache.removeSessions(for: serverName, context: context) }
    }

    /// Keeps the sessions that an engine has reported, which its events then lack, and drops what the server refused.
    package mutating func take(from engine: inout TLSEngine) {
      note(engine)
      for session in engine.takeSessions() { cache.store(session, for: serverName, context: context) }
    }
  }

  /// Begins a connection.
  ///
  /// - Parameters:
  ///   - serverName: The name of the server.
  ///   - context: A context of a client.
  /// - Returns: The use of this cache by the connection.
  public func connection(to serverName: TLSServerName, context: TLSContext) -> Connection {
    Connection(self, serverName, context)
  }
}
