extension TLSContext.Configuration {
  /// Whether a server lets clients resume sessions, by which means, and when it issues what they resume by.
  ///
  /// By ``tickets(count:keys:timing:lifetime:)-(_,TLSTicketKeys?,_,_)`` a server keeps nothing: the client brings the
  /// session, encrypted. By ``cache(sessionCount:count:timing:lifetime:)`` and
  /// ``applicationStore(count:timing:lifetime:)`` the server keeps it, and the client brings its identifier.
  public struct Resumption: Sendable, Hashable {
    /// The moment at which a TLS 1.3 server issues tickets. In TLS 1.2 the ticket, or the identifier of a session, is a
    /// part of the handshake: one, whatever the timing.
    #if hasAttribute(nonexhaustive)
      @nonexhaustive
    #endif
    public enum Timing: Sendable, Hashable {
      /// After the handshake, and after each answer about a client's certificates.
      case afterHandshake
      /// With the first application data that the server writes after the handshake, and after each answer about a
      /// client's certificates: in the same call of ``TLSEngine/write(_:)-(RawSpan)``, before it. A client that leaves
      /// without reading is sent none, and an idle connection costs no record.
      case withFirstWrite
      /// In calls of ``TLSEngine/issueSessionTickets()`` alone.
      case onRequest
    }

    /// The place of the sessions.
    enum Place: Sendable, Hashable {
      case nowhere
      case tickets(TicketKeySource?)
      /// In libssl's cache, at most so many.
      case cache(Int)
      case applicationStore
    }

    let place: Place
    let ticketCount: Int
    let timing: Timing
    let lifetime: Int?

    /// No resumption: no tickets in TLS 1.3 nor in TLS 1.2, and no session identifiers.
    public static let off = Resumption(place: .nowhere, ticketCount: 0, timing: .afterHandshake, lifetime: nil)

    /// Resumption by tickets, which need no memory on the server.
    ///
    /// - Parameters:
    ///   - count: How many tickets a TLS 1.3 server issues at a time, 1 to 16; a TLS 1.2 server sends one. 0 is
    ///     ``off``. One is enough for most: a client that opens many connections at once uses several. After a
    ///     resumption the server issues one.
    ///   - keys: The keys that encrypt the tickets, to share with other processes; `nil` for keys that libssl creates
    ///     for the context.
    ///   - timing: When a TLS 1.3 server issues them.
    ///   - lifetime: The seconds during which a ticket is accepted, 1 to 604,800; `nil` for libssl's two hours. A
    ///     resumption in TLS 1.3 issues a new ticket with a new lifetime.
    /// - Returns: The setting.
    ///
    /// Corresponds to `SSL_CTX_set_num_tickets(3)`, `SSL_CTX_set_timeout(3)`.
    public static func tickets(
      count: Int = 1, keys: TLSTicketKeys? = nil, timing: Timing = .afterHandshake, lifetime: Int? = nil
    ) -> Resumption {
      Resumption(
        place: count == 0 ? .nowhere : .tickets(keys.map { .fixed($0) }), ticketCount: count, timing: timing,
        lifetime: lifetime)
    }

    /// Resumption by tickets with keys that are rotated while contexts and connections use them.
    ///
    /// - Parameters:
    ///   - count: As in ``tickets(count:keys:timing:lifetime:)-(_,TLSTicketKeys?,_,_)``.
    ///   - keys: The holder of the keys: each ticket is encrypted, and decrypted, by those that it holds at that
    ///     moment.
    ///   - timing: When a TLS 1.3 server issues them.
    ///   - lifetime: The seconds during which a ticket is accepted, 1 to 604,800; `nil` for libssl's two hours.
    /// - Returns: The setting.
    public static func tickets(
      count: Int = 1, keys: TLSTicketKeyHolder, timing: Timing = .afterHandshake, lifetime: Int? = nil
    ) -> Resumption {
      Resumption(
        place: count == 0 ? .nowhere : .tickets(.held(keys)), ticketCount: count, timing: timing, lifetime: lifetime)
    }

    /// Resumption by a cache of the context: one process, no keys, and a session that is forgotten cannot be opened
    /// later. A session ends with the client's certificate and with the CRLs that it was verified by, if not before.
    ///
    /// - Parameters:
    ///   - sessionCount: The sessions that are kept at most, 1 to 1,000,000; beyond it the oldest is forgotten. One
    ///     takes about a kilobyte, and the client's certificate if it presented one.
    ///   - count: How many tickets a TLS 1.3 server issues at a time, 1 to 16. Each is a session in the cache.
    ///   - timing: When a TLS 1.3 server issues them.
    ///   - lifetime: The seconds during which a session is accepted, 1 to 604,800; `nil` for libssl's two hours.
    /// - Returns: The setting.
    ///
    /// Corresponds to `SSL_CTX_set_session_cache_mode(3)`, `SSL_CTX_sess_set_cache_size(3)` and `SSL_OP_NO_TICKET`.
    public static func cache(
      sessionCount: Int = 20_000, count: Int = 1, timing: Timing = .afterHandshake, lifetime: Int? = nil
    ) -> Resumption {
      Resumption(place: .cache(sessionCount), ticketCount: count, timing: timing, lifetime: lifetime)
    }

    /// Resumption by a store of the application, which several machines may share.
    ///
    /// The engine reports each new session as ``TLSEngine/Event/sessionToStore(_:)``. The question of a ClientHello
    /// shows the identifiers of the sessions that the client offers
    /// (``TLSEngine/ClientHello/sessionIdentifiers``), and the answer gives the session that the application has found,
    /// if it has (``TLSEngine/ClientHello/Answer/resuming(_:)``): the look-up may take its time. So
    /// ``TLSContext/Configuration/pausesAtClientHello`` is required.
    ///
    /// - Parameters:
    ///   - count: How many tickets a TLS 1.3 server issues at a time, 1 to 16. Each is a session to store.
    ///   - timing: When a TLS 1.3 server issues them.
    ///   - lifetime: The seconds during which a session is accepted, 1 to 604,800; `nil` for libssl's two hours.
    /// - Returns: The setting.
    ///
    /// Corresponds to `SSL_CTX_sess_set_new_cb(3)`, `SSL_CTX_sess_set_get_cb(3)` and `SSL_OP_NO_TICKET`.
    public static func applicationStore(
      count: Int = 1, timing: Timing = .afterHandshake, lifetime: Int? = nil
    ) -> Resumption {
      Resumption(place: .applicationStore, ticketCount: count, timing: timing, lifetime: lifetime)
    }

    /// The keys of the tickets, if the configuration has some.
    var keys: TicketKeySource? { if case .tickets(let keys) = place { keys } else { nil } }

    /// The server keeps the sessions, here or by the application.
    var isStateful: Bool {
      switch place {
      case .nowhere, .tickets: false
      case .cache, .applicationStore: true
      }
    }

    /// The reason why it cannot be used, `nil` if it can.
    var defect: String? {
      if !(isStateful ? 1...16 : 0...16).contains(ticketCount) {
        return "\(ticketCount) session tickets are out of range; choose \(isStateful ? 1 : 0) to 16"
      }
      if case .cache(let count) = place, !(1...1_000_000).contains(count) {
        return "a cache of \(count) sessions is out of range; choose 1 to 1,000,000"
      }
      if let lifetime, !(1...604_800).contains(lifetime) {
        return "a ticket's lifetime of \(lifetime) seconds is out of range; choose 1 to 604,800"
      }
      return nil
    }

    /// Whether a connection that was received by a context with the first setting can be served by one with this:
    /// libssl looks for sessions, and keeps new ones, by the first alone.
    func canServe(after first: Resumption) -> Bool {
      switch (first.place, place) {
      case (_, .nowhere), (.nowhere, .tickets), (.tickets, .tickets), (.cache, .cache),
        (.applicationStore, .applicationStore):
        true
      default: false
      }
    }
  }
}
