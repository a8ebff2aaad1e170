extension SimulatedLink {
  /// One direction of a link: the pieces on their way, and what is going to happen to them.
  struct Lane: Sendable {
    private struct Piece: Sendable {
      let bytes: [UInt8]
      /// The step at which it arrives.
      let due: Int
    }

    /// Bytes that were sent, and arrived or are to arrive.
    private(set) var sent = 0
    /// Bytes that were delivered.
    private(set) var taken = 0
    /// Sending is over: behind the pieces comes the end.
    var hasEnded = false
    /// The receiver was told of the end.
    var endIsTold = false
    /// Nothing arrives any more.
    var isStalled = false

    /// The byte to be changed.
    var corruption: (offset: Int, mask: UInt8)?
    /// Where the direction ends by itself.
    var end: Int?
    /// Whether the other direction ends with it.
    var endTakesBoth = false
    /// Behind how many bytes nothing arrives.
    var stall: Int?

    private var pieces: [Piece] = []
    /// Pieces that were delivered stay in front until they are half of the array.
    private var delivered = 0

    var isEmpty: Bool { delivered == pieces.count }

    mutating func append(_ bytes: [UInt8], due: Int) {
      // Bytes keep their order: a late piece holds up all behind it.
      pieces.append(Piece(bytes: bytes, due: max(due, pieces.last?.due ?? due)))
      sent += bytes.count
    }

    mutating func next(due now: Int) -> [UInt8]? {
      guard !isEmpty, pieces[delivered].due <= now else { return nil }
      let bytes = pieces[delivered].bytes
      delivered += 1
      taken += bytes.count
      if delivered * 2 > pieces.count {
        pieces.removeFirst(delivered)
        delivered = 0
      }
      return bytes
    }

    mutating func putBack(_ bytes: [UInt8]) {
      taken -= bytes.count
      pieces.insert(Piece(bytes: bytes, due: 0), at: delivered)
    }

    /// Something will arrive, sooner or later.
    var isArriving: Bool { !isEmpty && pieces[delivered].due < .max }

    func isDelaying(at now: Int) -> Bool { !isEmpty && pieces[delivered].due > now && pieces[delivered].due < .max }
  }
}
