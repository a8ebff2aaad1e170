internal import SansIOTLS

/// Bytes on their way, in the pieces in which they were sent.
struct PieceQueue: Sendable {
  private(set) var pieces = FIFO<ArraySlice<UInt8>>()
  /// The bytes in the queue.
  private(set) var count = 0

  var isEmpty: Bool { pieces.isEmpty }

  /// Adds a piece. An empty one is ignored.
  mutating func append(_ piece: [UInt8]) {
    if piece.isEmpty { return }
    pieces.append(piece[...])
    count += piece.count
  }

  /// Removes the first piece, or a part of it.
  ///
  /// - Parameter limit: Bytes at most, 1 or more.
  /// - Returns: The bytes; `nil` if the queue is empty.
  mutating func next(upTo limit: Int) -> [UInt8]? {
    if isEmpty { return nil }
    let piece = Array(pieces[0].prefix(limit))
    count -= piece.count
    pieces[0] = pieces[0].dropFirst(limit)
    if pieces[0].isEmpty { _ = pieces.popFirst() }
    return piece
  }
}
