internal import SansIOTLS

extension Ladder {
  /// One direction of the conversation: pairs what the sender told with what the receiver told, in order.
  struct Way: Sendable {
    /// What one end told, and in which line it is.
    private struct Told: Sendable {
      let number: Int
      let sight: Sight
    }

    /// What one end told and the other did not yet. Bounded: of more, the oldest are given up as never told.
    private struct Unpaired: Sendable {
      static let limit = 4_096

      private var waiting: [Told] = []
      /// What was taken stays in front until it is half of the array.
      private var taken = 0

      var next: ArraySlice<Told> { waiting[taken...].prefix(Way.reach) }

      mutating func append(_ number: Int, _ sight: Sight) {
        if waiting.count - taken == Self.limit { removeFirst(1) }
        waiting.append(Told(number: number, sight: sight))
      }

      mutating func removeFirst(_ count: Int) {
        taken += count
        if taken * 2 > waiting.count {
          waiting.removeFirst(taken)
          taken = 0
        }
      }
    }

    /// How many that were lost may lie between two that arrived.
    private static let reach = 32

    private var sent = Unpaired()
    private var received = Unpaired()

    /// Notes what one end told: with the other end's account of it, or as new.
    ///
    /// - Parameters:
    ///   - sight: what was told.
    ///   - end: by which end.
    ///   - sender: which side sends in this direction.
    ///   - chronicle: holds the passages.
    /// - Returns: the number of the passage.
    mutating func note(
      _ sight: Sight, end: TLSTracedMessage.Direction, from sender: TLSRole, in chronicle: inout Chronicle
    ) -> Int {
      let told = (end == .sent ? received : sent).next
      if let match = told.firstIndex(where: { $0.sight.equals(sight) }) {
        for lost in told[..<match] { chronicle[passage: lost.number]?.isOvertaken = true }
        return pair(told[...match], with: end, in: &chronicle)
      }
      if end == .received, let first = told.first, first.sight.resembles(sight) {
        chronicle[passage: first.number]?.alteration = sight
        return pair(told.prefix(1), with: end, in: &chronicle)
      }
      let number = record(sight, end: end, from: sender, in: &chronicle)
      if end == .sent { sent.append(number, sight) } else { received.append(number, sight) }
      return number
    }

    /// The last of these is what was told; those before it never will be.
    private mutating func pair(
      _ told: ArraySlice<Told>, with end: TLSTracedMessage.Direction, in chronicle: inout Chronicle
    ) -> Int {
      let number = told[told.endIndex - 1].number
      chronicle[passage: number]?.confirm(by: end)
      if end == .sent { received.removeFirst(told.count) } else { sent.removeFirst(told.count) }
      return number
    }

    /// Application data goes on with its row, anything else has one of its own.
    private func record(
      _ sight: Sight, end: TLSTracedMessage.Direction, from sender: TLSRole, in chronicle: inout Chronicle
    ) -> Int {
      let last = chronicle.count - 1
      if chronicle[passage: last]?.continues(with: sight, end: end, from: sender) == true {
        chronicle[passage: last]?.add(sight)
        return last
      }
      chronicle.append(.passage(Passage(sight, end: end, from: sender)))
      return last + 1
    }
  }
}
