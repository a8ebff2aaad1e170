import SansIOTLSTestKit
import Testing

@testable import SansIOTLSTransports

struct ByteQueueTests {
  private func append(_ bytes: [UInt8], to queue: inout ByteQueue) {
    // Sound: a byte has no padding.
    queue.append(unsafe bytes.span.bytes)
  }

  private func remove(_ room: Int, from queue: inout ByteQueue) -> [UInt8] {
    // Sound: the memory lives through the closure, and as many bytes are copied as were initialized.
    unsafe withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { memory in
      var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
      let count = queue.removeFirst(into: &output)
      let filled = unsafe output.finalize(for: memory)
      #expect(filled == count)
      return unsafe Array(memory[..<filled])
    }
  }

  @Test(arguments: UInt64(0)..<8) func `bytes leave in the order in which they came`(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var queue = ByteQueue()
    var expected: [UInt8] = []
    for _ in 0..<200 {
      let most = [0, 3, 600, 5000, 20_000].randomElement(using: &random)!
      let size = Int.random(in: 0...most, using: &random)
      switch Int.random(in: 0..<3, using: &random) {
      case 0 where expected.count < 200_000:
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ expected.count) }
        append(bytes, to: &queue)
        expected += bytes
      case 1:
        let removed = remove(size, from: &queue)
        #expect(removed.count == min(size, expected.count))
        #expect(expected.starts(with: removed))
        expected.removeFirst(removed.count)
      default:
        let removed = queue.removeFirst(upTo: max(size, 1))
        #expect(removed.count <= max(size, 1) && removed.isEmpty == expected.isEmpty)
        #expect(expected.starts(with: removed))
        expected.removeFirst(removed.count)
      }
      #expect(queue.count == expected.count && queue.isEmpty == expected.isEmpty)
    }
  }

  @Test func `a limit of any size is accepted at any position`() {
    var queue = ByteQueue()
    #expect(queue.removeFirst(upTo: .max) == [])
    append([1, 2, 3], to: &queue)
    #expect(queue.removeFirst(upTo: 1) == [1])
    #expect(queue.removeFirst(upTo: .max) == [2, 3])
    #expect(queue.removeFirst(upTo: .max) == [])
  }
}
