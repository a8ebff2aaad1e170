import SansIOTLS

extension Ladder {
  /// What a line of the ladder is about.
  enum Entry: Sendable {
    case passage(Passage)
    case remark(String)
    case agreement(TLSRole, Agreement)
    case failure(TLSRole, Failure)
  }

  /// The entries in order, bounded: the first ones and the latest ones, which tell how it began and how it ended.
  struct Chronicle: Sendable {
    /// Entries that are kept of the beginning, and as many of the end.
    static let half = 2_048

    private(set) var head: [Entry] = []
    /// Up to twice as long as it shall be, so that it is not cut at each entry.
    private var tail: [Entry] = []
    private var dropped = 0

    /// How many entries were ever appended: the number of the next.
    var count: Int { head.count + dropped + tail.count }

    /// The latest entries, as many as are kept.
    var latest: ArraySlice<Entry> { tail.suffix(Self.half) }

    /// How many entries between the two were left out.
    var omitted: Int { dropped + tail.count - latest.count }

    mutating func append(_ entry: Entry) {
      if head.count < Self.half {
        head.append(entry)
        return
      }
      if tail.count == 2 * Self.half {
        tail.removeFirst(Self.half)
        dropped += Self.half
      }
      tail.append(entry)
    }

    /// The passage of this number, if it is one and is kept. Changing one that is not kept does nothing.
    subscript(passage number: Int) -> Passage? {
      get {
        let place = number - head.count - dropped
        let entry =
          head.indices.contains(number) ? head[number] : tail.indices.contains(place) ? tail[place] : nil
        if case .passage(let passage)? = entry { return passage }
        return nil
      }
      set {
        guard let newValue else { return }
        let place = number - head.count - dropped
        if head.indices.contains(number) {
          head[number] = .passage(newValue)
        } else if tail.indices.contains(place) {
          tail[place] = .passage(newValue)
        }
      }
    }
  }
}
