extension TLSEngine {
  /// The conditions that an engine waits for: all that an event loop must know.
  ///
  /// The members are independent of one another: a handshake regularly needs `.drain` and `.feed` at once.
  public struct Needs: OptionSet, Hashable, Sendable, CustomStringConvertible {
    /// The bits.
    public let rawValue: UInt8

    /// Wraps the bits.
    ///
    /// - Parameter rawValue: a union of the members' bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// No progress without more ciphertext from the peer, or the end of the transport.
    public static let feed = Needs(rawValue: 1 << 0)
    /// Ciphertext waits to be sent to the peer.
    public static let drain = Needs(rawValue: 1 << 1)
    /// A `read` would deliver plaintext, the end of the stream, an event or an error.
    public static let read = Needs(rawValue: 1 << 2)
    /// A question waits for its answer.
    public static let answer = Needs(rawValue: 1 << 3)

    /// ``TLSEngine/readEarly(into:)-(OutputRawSpan)`` would deliver early plaintext.
    public static let readEarly = Needs(rawValue: 1 << 4)

    /// The members' names, for example `[feed, drain]`.
    public var description: String {
      let names: [(Needs, String)] = [
        (.feed, "feed"), (.drain, "drain"), (.read, "read"), (.answer, "answer"),
        (.readEarly, "readEarly"),
      ]
      return "[" + names.filter { contains($0.0) }.map(\.1).joined(separator: ", ") + "]"
    }
  }
}
