import Testing

@testable import SansIOTLSTransports

struct PieceQueueTests {
  @Test func `pieces come in order, and in parts where they are too long`() {
    var queue = PieceQueue()
    for piece in [[1, 2, 3], [], [4]] as [[UInt8]] { queue.append(piece) }
    #expect(queue.count == 4)
    #expect([queue.next(upTo: 2), queue.next(upTo: 2), queue.next(upTo: 2)] == [[1, 2], [3], [4]])
    #expect(queue.next(upTo: 2) == nil)
    #expect(queue.isEmpty && queue.count == 0)
  }

  @Test func `what was taken is let go although something always waits`() {
    var queue = PieceQueue()
    queue.append([0])
    for number in 0..<10_000 {
      queue.append([UInt8(truncatingIfNeeded: number)])
      _ = queue.next(upTo: 10)
    }
    #expect(queue.pieces.count <= 4)
  }
}
