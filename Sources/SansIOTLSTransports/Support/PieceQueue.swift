/// Bytes on their way, in the pieces in which they were sent.
struct PieceQueue: Sendable {
  /// Those that wait, behind those that were taken and are not let go yet.
  private(set) var pieces: [ArraySlice<UInt8>] = []
  private var taken = 0
  /// Bytes that wait.
  private(set) var count = 0

  var isEmpty: Bool { taken == pieces.count }

  /// Adds a piece; one of no bytes is none.
  mutating func append(_ piece: [UInt8]) {
    if piece.isEmpty { return }
    pieces.append(piece[...])
    count += piece.count
  }

  /// Takes the first piece, or as much of it.
  ///
  /// - Parameter limit: bytes at most, 1 or more.
  /// - Returns: `nil` if none waits.
  mutating func next(upTo limit: Int) -> [UInt8]? {
    if isEmpty { return nil }
    let piece = Array(pieces[taken].prefix(limit))
    pieces[taken] = pieces[taken].dropFirst(limit)
    count -= piece.count
    if pieces[taken].isEmpty {
      // Its memory is let go at once, its place when half of them are empty.
      pieces[taken] = []
      taken += 1
      if taken * 2 >= pieces.count {
        pieces.removeFirst(taken)
        taken = 0
      }
    }
    return piece
  }
}
