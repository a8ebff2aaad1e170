public import SansIOTLS

extension Tape {
  /// The first difference between a replay and the tape.
  public struct Difference: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call, counted from 0.
    public let index: Int
    /// The entry on the tape.
    public let recorded: Entry
    /// The outcome in the replay.
    public let replayed: Outcome

    /// A description with the call and the first byte or word that differs.
    public var description: String {
      var text = "call \(index) of the tape, \(recorded.side) \(Self.brief(recorded.call)): "
      if case (.bytes(let old), .bytes(let new)) = (recorded.outcome, replayed) {
        let common = zip(old, new).prefix { $0 == $1 }.count
        text += "byte \(common) differs: \(old.count) bytes on the tape continue with \(Self.excerpt(old, common)), "
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

  /// Repeats the calls of the tape and compares their outcomes.
  ///
  /// - Parameters:
  ///   - pair: Two new engines, created like those of the conversation, in a new ``SeededWorld`` of the tape's seed.
  ///     Afterwards their state is that of the conversation's engines at its end.
  ///   - context: Returns the context for an answer `.serve(with:)`.
  ///   - key: Returns the pre-shared key of an identity, for an answer that accepted it.
  /// - Throws: ``Difference`` for the first call with another outcome. A conversation that failed replays to its
  ///   failure without a difference: see ``EnginePair/failure``.
  public func replay(
    on pair: inout EnginePair, serving context: (TLSEngine.ClientHello?) -> TLSContext? = { _ in nil },
    accepting key: ([UInt8]) -> TLSPreSharedKey? = { _ in nil }
  ) throws(Difference) {
    for (index, entry) in entries.enumerated() {
      let outcome = pair.perform(entry.call, at: entry.side, serving: context, accepting: key)
      if outcome != entry.outcome { throw Difference(index: index, recorded: entry, replayed: outcome) }
    }
  }
}
