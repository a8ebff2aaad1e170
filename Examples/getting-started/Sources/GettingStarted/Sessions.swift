import SansIOTLS
import SansIOTLSTransports

// Guide: saved session
/// A client that resumes a saved session, or performs a full handshake if it is no longer good.
///
/// - Parameters:
///   - host: the server's name.
///   - context: a context with the trust roots and identities of the connection that received the session.
///   - saved: the bytes of the session; `nil` for none. In TLS 1.3 each session is good for one connection.
/// - Returns: the engine before its handshake.
/// - Throws: `TLSError`, for example `.invalidServerName`.
public func client(of host: String, context: TLSContext, saved: [UInt8]?) throws(TLSError) -> TLSEngine {
  if let saved {
    do throws(TLSError) {
      return try TLSEngine(
        .client(serverName: .dns(host)), context: context, session: TLSSession(bytes: saved))
    } catch {
      // Damaged, for another name, or its certificate has expired: connect without it.
    }
  }
  return try TLSEngine(.client(serverName: .dns(host)), context: context)
}

/// Returns the newest session that a connection has received, as bytes to save.
public func newestSession(of tls: inout TLSEngine) -> [UInt8]? {
  var saved: [UInt8]?
  while let event = tls.nextEvent() { if case .sessionTicket(let session) = event { saved = session.bytes } }
  return saved
}
// Guide: end

// Guide: cached sessions
/// The sessions of a program's clients.
public let sessions = TLSSessionCache()

/// A stream to a server, which resumes an earlier connection of the program if it can.
public func stream<Transport: ByteTransport>(
  to host: String, context: TLSContext, over transport: Transport
) throws(TLSError) -> TLSStream<Transport> {
  try TLSStream(connectingTo: .dns(host), context: context, sessions: sessions, over: transport)
}
// Guide: end

// Guide: fleet
extension TLSContext.Configuration {
  /// A server of a fleet: every machine with the secrets resumes the sessions of the others.
  public static func fleetServer(_ identity: TLSIdentity, keys: TLSTicketKeyHolder) -> Self {
    var configuration = Self.server(identity)
    configuration.resumption = .tickets(keys: keys, lifetime: 3600)
    return configuration
  }
}

/// Accepts the tickets of the next secret, on every machine; when all do, ``use(_:after:in:)`` follows.
public func announce(_ next: [UInt8], current: [UInt8], in keys: TLSTicketKeyHolder) throws(TLSError) {
  keys.replace(by: try TLSTicketKeys(current: current, previous: [next]))
}

/// Encrypts tickets by the new secret, and accepts those of the last for one more lifetime.
public func use(_ new: [UInt8], after last: [UInt8], in keys: TLSTicketKeyHolder) throws(TLSError) {
  keys.replace(by: try TLSTicketKeys(current: new, previous: [last]))
}
// Guide: end

// Guide: stored sessions
/// A store that the machines of a fleet share, for example a database in memory.
public protocol SessionStore: Sendable {
  func value(of key: [UInt8]) async -> [UInt8]?
  func set(_ value: [UInt8], of key: [UInt8], for seconds: Int64) async
}

/// Looks for the sessions that a client offers, and serves it.
public struct StoredSessions: TLSStreamDelegate {
  let store: any SessionStore

  /// Asks this store.
  public init(_ store: any SessionStore) { self.store = store }

  /// Resumes what the store has, if anything.
  public func answerClientHello(_ hello: TLSEngine.ClientHello) async -> TLSEngine.ClientHello.Answer {
    for identifier in hello.sessionIdentifiers {
      guard let bytes = await store.value(of: identifier) else { continue }
      // Damaged bytes are no session; a full handshake follows.
      return .serve.resuming(try? TLSServerSession(bytes: bytes))
    }
    return .serve
  }

  /// Stores what a connection has created, after its handshake.
  public func keepSessions<Transport>(of stream: TLSStream<Transport>) async {
    let new = stream.withEngine { engine in
      var sessions: [TLSServerSession] = []
      while let event = engine.nextEvent() { if case .sessionToStore(let session) = event { sessions.append(session) } }
      return sessions
    }
    for session in new { await store.set(session.bytes, of: session.identifier, for: session.lifetime) }
  }
}

extension TLSContext.Configuration {
  /// A server whose sessions are in a store, which all machines of the fleet ask.
  public static func storingServer(_ identity: TLSIdentity, fleet: String) -> Self {
    var configuration = Self.server(identity)
    configuration.resumption = .applicationStore(lifetime: 3600)
    configuration.pausesAtClientHello = true
    configuration.sessionDomain = fleet
    return configuration
  }
}
// Guide: end
