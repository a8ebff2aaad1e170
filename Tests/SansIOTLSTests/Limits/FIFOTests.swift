import SansIOTLS
import Testing

struct FIFOTests {
  @Test func `elements leave in the order in which they were added`() {
    var queue = FIFO<Int>()
    for number in 0..<5 { queue.append(number) }
    #expect(queue.popFirst() == 0)
    queue.append(5)
    queue.removeFirst(2)
    #expect(queue.count == 3 && queue[0] == 3 && queue.last == 5)
    #expect([queue.popFirst(), queue.popFirst(), queue.popFirst(), queue.popFirst()] == [3, 4, 5, nil])
    #expect(queue.isEmpty && queue.last == nil)
  }

  @Test(arguments: 0...4) func `an element returned to the front is the next`(removed: Int) {
    var queue = FIFO<Int>()
    for number in 0..<5 { queue.append(number) }
    queue.removeFirst(removed)
    queue.prepend(-1)
    #expect(queue[0] == -1)
    #expect(queue.count == 6 - removed)
    #expect(queue.popFirst() == -1 && queue.popFirst() == removed)
  }

  @Test func `memory of removed elements is released although the queue is never empty`() {
    var queue = FIFO<Int>()
    queue.append(0)
    for number in 0..<10_000 {
      queue.append(number)
      _ = queue.popFirst()
    }
    #expect(queue.capacityInUse <= 4)
  }

  @Test func `a removed element is released at once`() {
    final class Token {}
    var queue = FIFO<Token>()
    for _ in 0..<9 { queue.append(Token()) }
    weak let first = queue[0]
    queue.removeFirst(1)
    #expect(first == nil)
  }
}
