/// The context that new connections are made from, exchanged while old ones live: for a new certificate, a new key log,
/// other limits on versions, without a restart.
///
/// ```
/// let holder = TLSContextHolder(try TLSContext(configuration))
/// var tls = try TLSEngine(.server, context: holder.context)  // each new connection
/// try holder.replace(by: TLSContext(renewed))  // any thread, at any time
/// ```
///
/// A connection keeps the context that it was made from until it ends. A context is checked when it is created, so that
/// a mistake in what is reloaded is an error there, and the old context stays in use. A server's tickets belong to the
/// context that issued them: after an exchange, clients make one full handshake, unless both contexts share
/// ``TLSTicketKeys``. New keys, and a new OCSP staple, need no new context; see ``TLSTicketKeyHolder`` and
/// ``TLSStapleHolder``.
public final class TLSContextHolder: Sendable {
  private let current: Exchangeable<TLSContext>

  /// Creates a holder.
  ///
  /// - Parameter context: the first context.
  public init(_ context: TLSContext) { current = Exchangeable(context) }

  /// The context for a connection that is made now. Reading it never waits.
  public var context: TLSContext { current.value }

  /// Replaces the context for connections from now on. Of several calls at a time one is the last.
  ///
  /// - Parameter context: a context of the same role.
  /// - Throws: ``TLSError`` with code `.wrongRole` for a context of the other role; the old one stays.
  public func replace(by context: TLSContext) throws(TLSError) {
    guard context.role == self.context.role else {
      throw TLSError(.wrongRole, .misuse, hint: "the holder's connections need a context of their own role")
    }
    current.replace(by: context)
  }
}
