public import SansIOTLS

extension Tape {
  /// The place where a replay left the tape.
  public struct Difference: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call, counted from 0.
    public let index: Int
    /// What the tape says of it.
    public let recorded: Entry
    /// What came of it this time.
    public let replayed: Outcome

    /// Which call it was, and the first byte or word that is not the same.
    public var description: String {
      var text = "call \(index) of the tape, \(recorded.side) \(Self.brief(recorded.call)): "
      if case (.bytes(let old), .bytes(let new)) = (recorded.outcome, replayed) {
        let common = zip(old, new).prefix { $0 == $1 }.count
        text += "byte \(common) differs: \(old.count) bytes on the tape go on with \(Self.excerpt(old, common)), "
        text += "\(new.count) bytes of the replay with \(Self.excerpt(new, common))"
      } else {
        text += "\(Self.brief(recorded.outcome)) on the tape, \(Self.brief(replayed)) in the replay"
      }
      return text
    }

    private static func excerpt(_ bytes: [UInt8], _ start: Int) -> String {
      start == bytes.count ? "the end" : Hexadecimal.text(bytes[start...].prefix(8))
    }

    private static func brief(_ value: some CustomStringConvertible) -> String {
      let text = value.description
      return text.count > 200 ? "\(text.prefix(200))…" : text
    }
  }

  /// Makes the calls of the tape again and compares what comes of each.
  ///
  /// - Parameters:
  ///   - pair: two new engines, made as the conversation's own were, in a new ``SeededWorld`` of the tape's seed. They
  ///     are left as the conversation left its own.
  ///   - context: gives the context for an answer `.use`.
  /// - Throws: ``Difference``, at the first call that comes to something else. A conversation that failed replays to
  ///   its failure, without a difference: see ``EnginePair/failure``.
  public func replay(
    on pair: inout EnginePair, serving context: (TLSEngine.ClientHello?) -> TLSContext? = { _ in nil }
  ) throws(Difference) {
    for (index, entry) in entries.enumerated() {
      let outcome = pair.perform(entry.call, at: entry.side, serving: context)
      if outcome != entry.outcome { throw Difference(index: index, recorded: entry, replayed: outcome) }
    }
  }
}
