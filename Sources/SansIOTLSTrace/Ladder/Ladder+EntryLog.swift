import SansIOTLS

extension Ladder {
  /// The subject of a line of the ladder.
  enum Entry: Sendable {
    case exchange(Exchange)
    case remark(String)
    case agreement(TLSRole, Agreement)
    case failure(TLSRole, Failure)
  }

  /// The entries in order, limited to the first and the latest ones, which show how the conversation began and ended.
  struct EntryLog: Sendable {
    /// The number of entries kept of the beginning, and as many of the end.
    static let half = 2_048

    private(set) var head: [Entry] = []
    /// Up to twice as long as needed, so that not every entry shortens it.
    private var tail: [Entry] = []
    private var dropped = 0

    /// The number of all entries so far, which is the number of the next one.
    var count: Int { head.count + dropped + tail.count }

    /// The latest entries that are kept.
    var latest: ArraySlice<Entry> { tail.suffix(Self.half) }

    /// The number of omitted entries between the two.
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

    /// The exchange of this number, if it is one and is kept. Changing one that is not kept does nothing.
    subscript(exchange number: Int) -> Exchange? {
      get {
        let place = number - head.count - dropped
        let entry =
          head.indices.contains(number) ? head[number] : tail.indices.contains(place) ? tail[place] : nil
        if case .exchange(let exchange)? = entry { return exchange }
        return nil
      }
      set {
        guard let newValue else { return }
        let place = number - head.count - dropped
        if head.indices.contains(number) {
          head[number] = .exchange(newValue)
        } else if tail.indices.contains(place) {
          tail[place] = .exchange(newValue)
        }
      }
    }
  }
}
