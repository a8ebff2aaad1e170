internal import CSansIOTLSOpenSSL

/// The state of a server's connection for the resumption of sessions, beyond libssl's own: the keys of its tickets, the
/// application's data in them, and the sessions that the application's store gets and gives. Others have none.
///
/// It belongs to the state of one connection.
final class ServerSessions {
  /// `nil` for libssl's own keys.
  let ticketCipher: TicketCipher?
  /// The data that the next tickets carry; `nil` to leave what the resumed session carried.
  var ticketData: [UInt8]?
  /// The data that the resumed session carried, if a new ticket has replaced it.
  private var resumedData: [UInt8]?
  /// The session that the answer to the ClientHello gave.
  var found: SessionObject?
  /// New sessions for the application's store.
  var toStore: [TLSServerSession] = []

  init(_ ticketCipher: TicketCipher?) { self.ticketCipher = ticketCipher }

  /// The application's data in the session that a connection has resumed; `nil` if it has resumed none.
  func dataOfResumedSession(of ssl: OpaquePointer) -> [UInt8]? {
    guard unsafe SSL_session_reused(ssl) == 1 else { return nil }
    return unsafe resumedData ?? Self.data(in: SSL_get_session(ssl))
  }

  /// Puts the application's data into the session that becomes the next ticket, after the identity of the pre-shared
  /// key that the client has proved, which libssl does not keep in TLS 1.3. Corresponds to
  /// `SSL_SESSION_set1_ticket_appdata(3)`.
  func attachData(of ssl: OpaquePointer) -> Bool {
    guard let ticketData, let session = unsafe SSL_get_session(ssl) else { return unsafe Self.attachIdentity(of: ssl) }
    if resumedData == nil { resumedData = unsafe dataOfResumedSession(of: ssl) }
    let identity = unsafe SSLHandle.chosenIdentity(of: ssl) ?? Self.contents(of: session).identity
    return unsafe Self.write(identity, ticketData, to: session)
  }

  /// Puts the identity of a pre-shared key that the client has proved in this handshake into its session.
  static func attachIdentity(of ssl: OpaquePointer) -> Bool {
    guard let identity = unsafe SSLHandle.chosenIdentity(of: ssl), let session = unsafe SSL_get_session(ssl) else {
      return true
    }
    return unsafe write(identity, contents(of: session).data, to: session)
  }

  private static func write(_ identity: [UInt8], _ data: [UInt8], to session: OpaquePointer) -> Bool {
    let bytes = [UInt8(truncatingIfNeeded: identity.count >> 8), UInt8(truncatingIfNeeded: identity.count)]
    let contents = bytes + identity + data
    return unsafe SSL_SESSION_set1_ticket_appdata(session, contents, contents.count) == 1
  }

  /// The application's data in a session.
  static func data(in session: OpaquePointer?) -> [UInt8] { unsafe contents(of: session).data }

  /// The identity of the pre-shared key that a session was made by; empty if it was made otherwise.
  static func identity(in session: OpaquePointer?) -> [UInt8] { unsafe contents(of: session).identity }

  private static func contents(of session: OpaquePointer?) -> (identity: [UInt8], data: [UInt8]) {
    var rest = unsafe bytes(in: session)[...]
    guard let identity = ClientHelloParts.field(&rest, lengthOf: 2) else { return ([], []) }
    return (Array(identity), Array(rest))
  }

  /// Corresponds to `SSL_SESSION_get0_ticket_appdata(3)`.
  private static func bytes(in session: OpaquePointer?) -> [UInt8] {
    var start: UnsafeMutableRawPointer?
    var count = 0
    guard let session = unsafe session, unsafe SSL_SESSION_get0_ticket_appdata(session, &start, &count) == 1 else {
      return []
    }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
  }
}
