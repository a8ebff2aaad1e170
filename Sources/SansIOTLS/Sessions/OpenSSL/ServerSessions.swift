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

  /// Puts the application's data into the session that becomes the next ticket. Corresponds to
  /// `SSL_SESSION_set1_ticket_appdata(3)`.
  func attachData(of ssl: OpaquePointer) -> Bool {
    guard let ticketData, let session = unsafe SSL_get_session(ssl) else { return true }
    if resumedData == nil { resumedData = unsafe dataOfResumedSession(of: ssl) }
    return unsafe SSL_SESSION_set1_ticket_appdata(session, ticketData, ticketData.count) == 1
  }

  /// Corresponds to `SSL_SESSION_get0_ticket_appdata(3)`.
  static func data(in session: OpaquePointer?) -> [UInt8] {
    var start: UnsafeMutableRawPointer?
    var count = 0
    guard let session = unsafe session, unsafe SSL_SESSION_get0_ticket_appdata(session, &start, &count) == 1 else {
      return []
    }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
  }
}
