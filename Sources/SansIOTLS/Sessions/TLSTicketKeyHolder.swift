/// The keys of a server's session tickets, rotated while contexts and connections use them.
///
/// It is shared by reference: each context whose configuration names it encrypts the next ticket by the keys that it
/// holds then, also for connections that exist. Any thread may replace them, and nothing waits.
///
/// ```
/// let holder = TLSTicketKeyHolder(try TLSTicketKeys(current: monday))
/// configuration.resumption = .tickets(keys: holder)
/// holder.replace(by: try TLSTicketKeys(current: tuesday, previous: [monday]))  // a day later
/// ```
///
/// In a fleet, rotate in two steps: all servers first accept the new secret as a previous one, then use it. Otherwise
/// some issue tickets that others cannot open, which costs a full handshake and nothing else.
///
/// Corresponds to `SSL_CTX_set_tlsext_ticket_key_evp_cb(3)`.
public final class TLSTicketKeyHolder: Sendable {
  private final class Held: Sendable {
    let keys: TLSTicketKeys
    init(_ keys: TLSTicketKeys) { self.keys = keys }
  }

  private let current: Exchangeable<Held>

  /// Creates a holder.
  ///
  /// - Parameter keys: the first keys.
  public init(_ keys: TLSTicketKeys) { current = Exchangeable(Held(keys)) }

  /// The keys at this moment. Reading them never waits.
  public var keys: TLSTicketKeys { current.value.keys }

  /// Replaces the keys for tickets from now on. Old ones that are not among the new keys' previous ones are zeroed as
  /// soon as nothing uses them.
  ///
  /// - Parameter keys: the new keys.
  public func replace(by keys: TLSTicketKeys) { current.replace(by: Held(keys)) }
}

extension TLSTicketKeyHolder: Hashable {
  /// Returns whether two references are to the same object.
  public static func == (left: TLSTicketKeyHolder, right: TLSTicketKeyHolder) -> Bool { left === right }

  /// Hashes the identity of the object.
  ///
  /// - Parameter hasher: the hasher.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// The source of a context's ticket keys.
enum TicketKeySource: Sendable, Hashable {
  case fixed(TLSTicketKeys)
  case held(TLSTicketKeyHolder)

  /// The keys at this moment: to be asked once for each ticket.
  var keys: TLSTicketKeys {
    switch self {
    case .fixed(let keys): keys
    case .held(let holder): holder.keys
    }
  }
}
