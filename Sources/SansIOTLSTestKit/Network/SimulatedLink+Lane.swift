internal import SansIOTLS

extension SimulatedLink {
  /// One direction of a link: the pieces on their way, and the faults that await them.
  struct Lane: Sendable {
    private struct Piece: Sendable {
      let bytes: [UInt8]
      /// The step at which it arrives.
      let due: Int
    }

    /// Bytes that were sent, whether or not they have arrived.
    private(set) var sentCount = 0
    /// Bytes that were delivered.
    private(set) var deliveredCount = 0
    /// Whether sending has ended: the end follows the pieces.
    var hasEnded = false
    /// Whether the end was delivered.
    var endIsDelivered = false
    /// Whether delivery has stopped permanently.
    var isStalled = false

    /// The byte to change.
    var corruption: (offset: Int, mask: UInt8)?
    /// The number of bytes after which the direction ends.
    var end: Int?
    /// Whether the other direction ends with it.
    var endsBoth = false
    /// The number of bytes after which nothing arrives.
    var stall: Int?

    private var pieces = FIFO<Piece>()

    var isEmpty: Bool { pieces.isEmpty }

    mutating func append(_ bytes: [UInt8], due: Int) {
      // Bytes keep their order: a late piece delays all that follow.
      pieces.append(Piece(bytes: bytes, due: max(due, pieces.last?.due ?? due)))
      sentCount += bytes.count
    }

    mutating func next(due now: Int) -> [UInt8]? {
      guard !isEmpty, pieces[0].due <= now, let piece = pieces.popFirst() else { return nil }
      deliveredCount += piece.bytes.count
      return piece.bytes
    }

    mutating func putBack(_ bytes: [UInt8]) {
      deliveredCount -= bytes.count
      pieces.prepend(Piece(bytes: bytes, due: 0))
    }

    /// Whether something will arrive, now or later.
    var isArriving: Bool { !isEmpty && pieces[0].due < .max }

    func isDelaying(at now: Int) -> Bool { isArriving && pieces[0].due > now }
  }
}
