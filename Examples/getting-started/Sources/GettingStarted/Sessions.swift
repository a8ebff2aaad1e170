import SansIOTLS

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

// Guide: fleet
extension TLSContext.Configuration {
  /// A server of a fleet: every machine with the secrets resumes the sessions of the others.
  public static func fleetServer(
    _ identity: TLSIdentity, secret: [UInt8], previousSecret: [UInt8]?
  ) throws(TLSError) -> Self {
    var configuration = Self.server(identity)
    let previous = previousSecret.map { [$0] } ?? []
    configuration.resumption = .tickets(
      keys: try TLSTicketKeys(current: secret, previous: previous), lifetime: 3600)
    return configuration
  }
}
// Guide: end
