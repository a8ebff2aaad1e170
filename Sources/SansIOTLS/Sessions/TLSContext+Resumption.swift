extension TLSContext.Configuration {
  /// Whether a server lets clients resume sessions, and by which tickets.
  public struct Resumption: Sendable, Hashable {
    let ticketCount: Int
    let keys: TLSTicketKeys?
    let lifetime: Int?

    /// No resumption: no tickets in TLS 1.3 nor in TLS 1.2.
    public static let off = Resumption(ticketCount: 0, keys: nil, lifetime: nil)

    /// Resumption by tickets, which need no memory on the server.
    ///
    /// - Parameters:
    ///   - count: How many tickets a TLS 1.3 server sends after a handshake, 1 to 16; a TLS 1.2 server sends one. 0 is
    ///     ``off``. One is enough for most: a client that opens many connections at once uses several.
    ///   - keys: The keys that encrypt the tickets, to share with other processes; `nil` for keys that libssl creates
    ///     for the context.
    ///   - lifetime: The seconds during which a ticket is accepted, 1 to 604,800; `nil` for libssl's two hours. A
    ///     resumption in TLS 1.3 issues a new ticket with a new lifetime.
    /// - Returns: The setting.
    ///
    /// Corresponds to `SSL_CTX_set_num_tickets(3)`, `SSL_CTX_set_timeout(3)`.
    public static func tickets(count: Int = 1, keys: TLSTicketKeys? = nil, lifetime: Int? = nil) -> Resumption {
      Resumption(ticketCount: count, keys: keys, lifetime: lifetime)
    }

    /// The reason why it cannot be used, `nil` if it can.
    var defect: String? {
      if !(0...16).contains(ticketCount) { return "\(ticketCount) session tickets are out of range; choose 0 to 16" }
      if let lifetime, !(1...604_800).contains(lifetime) {
        return "a ticket's lifetime of \(lifetime) seconds is out of range; choose 1 to 604,800"
      }
      return nil
    }
  }
}
