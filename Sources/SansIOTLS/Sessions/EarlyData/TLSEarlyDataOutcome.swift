/// The server's decision about early data.
///
/// Corresponds to `SSL_get_early_data_status(3)`.
#if hasAttribute(nonexhaustive)
  @nonexhaustive
#endif
public enum TLSEarlyDataOutcome: Sendable, Hashable {
  /// The server has accepted so many bytes of plaintext: as many as the client wrote.
  case accepted(byteCount: Int)
  /// The server has discarded the early data: a client has so many bytes of plaintext to send again, all that it
  /// wrote, if it still means them. On a server the count is 0: it has read none.
  case rejected(byteCount: Int)
}
