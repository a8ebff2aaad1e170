import SansIOTLS
import Testing

@testable import SansIOTLSTransports

struct PieceQueueTests {
  @Test func `pieces keep their order, and long ones are divided`() {
    var queue = PieceQueue()
    for piece in [[1, 2, 3], [], [4]] as [[UInt8]] { queue.append(piece) }
    #expect(queue.count == 4)
    #expect([queue.next(upTo: 2), queue.next(upTo: 2), queue.next(upTo: 2)] == [[1, 2], [3], [4]])
    #expect(queue.next(upTo: 2) == nil)
    #expect(queue.isEmpty && queue.count == 0)
  }

  @Test func `memory of removed pieces is released although the queue is never empty`() {
    var queue = PieceQueue()
    queue.append([0])
    for number in 0..<10_000 {
      queue.append([UInt8(truncatingIfNeeded: number)])
      _ = queue.next(upTo: 10)
    }
    #expect(queue.pieces.capacityInUse <= 4)
  }
}
