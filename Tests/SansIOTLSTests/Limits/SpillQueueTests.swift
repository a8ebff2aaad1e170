import SansIOTLSTestKit
import Testing

@testable import SansIOTLS

/// The queue of ciphertext that does not fit into the buffer, compared with an array. Nothing of libssl takes
/// part.
@Suite(.tags(.law11))
struct SpillQueueTests {
  /// The memory of an empty queue with the smallest limit: one record beyond the limit, and a buffer after it.
  private static let kept = 1 + 64 * 1024

  /// The appended bytes, from a place that differs with each step.
  private static let source = pattern(100_000)

  private static func append(_ bytes: [UInt8], to queue: inout SpillQueue) {
    unsafe bytes.withUnsafeBytes { unsafe queue.append($0) }
  }

  /// The contiguous bytes, a copy.
  private static func window(of queue: borrowing SpillQueue) -> [UInt8] { unsafe Array(queue.window) }

  /// The place of the first waiting byte; `nil` while the queue has no memory.
  private static func place(of queue: borrowing SpillQueue) -> UInt? {
    unsafe queue.window.baseAddress.map { UInt(bitPattern: $0) }
  }

  @Test(arguments: TestSeeds.first(20))
  func `the bytes are returned in order, and memory stays within its limit`(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var queue = SpillQueue(limit: 1)
    var model: ArraySlice<UInt8> = []
    var peak = 0
    for step in 0..<200 {
      let place = "seed \(seed), step \(step)"
      if Bool.random(using: &random) {
        let count = Int.random(in: 0...(step % 50 == 0 ? 80_000 : 3000), using: &random)
        let bytes = Self.source.dropFirst(step * 100).prefix(count)
        Self.append(Array(bytes), to: &queue)
        model += bytes
        peak = max(peak, model.count)
      } else {
        // Now and then all of it; also across the end of the memory, where a window ends.
        let count = step % 5 == 0 ? model.count : Int.random(in: 0...min(model.count, 4000), using: &random)
        queue.removeFirst(count)
        model = model.dropFirst(count)
      }
      let window = Self.window(of: queue)
      let isRight =
        queue.count == model.count && window.isEmpty == model.isEmpty && Array(model.prefix(window.count)) == window
      guard isRight else {
        Issue.record("\(place): what waits is not what was given")
        return
      }
      if model.isEmpty {
        #expect((Self.place(of: queue) != nil) == (1...Self.kept).contains(peak), "\(place)")
        if peak > Self.kept { peak = 0 }
      }
    }
    while !model.isEmpty {
      let window = Self.window(of: queue)
      guard !window.isEmpty, Array(model.prefix(window.count)) == window else {
        Issue.record("seed \(seed): the last \(model.count) bytes are not those that were given")
        return
      }
      queue.removeFirst(window.count)
      model = model.dropFirst(window.count)
    }
    #expect(queue.count == 0)
  }

  @Test func `contents that wrap around are contiguous after the memory has grown`() {
    var queue = SpillQueue(limit: 1)
    let bytes = pattern(4000)
    // Memory for twice as much, of which the first half is used, then the second and the start of the first.
    Self.append(Array(bytes[..<1000]), to: &queue)
    queue.removeFirst(800)
    Self.append(Array(bytes[1000..<2600]), to: &queue)
    #expect(Self.window(of: queue) == Array(bytes[800..<2000]))
    Self.append(Array(bytes[2600...]), to: &queue)
    #expect(Self.window(of: queue) == Array(bytes[800...]))
  }

  @Test func `an append that fits exactly needs no more memory`() {
    var queue = SpillQueue(limit: 1)
    let bytes = pattern(3000)
    Self.append(Array(bytes[..<1000]), to: &queue)
    queue.removeFirst(600)
    let place = Self.place(of: queue)
    Self.append(Array(bytes[1000..<2600]), to: &queue)
    #expect(Self.place(of: queue) == place)
    #expect(Self.window(of: queue) == Array(bytes[600..<2000]))
    queue.removeFirst(1400)
    #expect(Self.window(of: queue) == Array(bytes[2000..<2600]))
  }

  @Test func `the usual capacity is kept, and more than that is released`() {
    var queue = SpillQueue(limit: 1)
    #expect(Self.place(of: queue) == nil)
    Self.append(pattern(Self.kept), to: &queue)
    let place = Self.place(of: queue)
    for _ in 0..<3 {
      queue.removeFirst(queue.count)
      #expect(Self.place(of: queue) == place)
      Self.append(pattern(Self.kept), to: &queue)
      #expect(Self.place(of: queue) == place)
    }
    Self.append([1], to: &queue)
    queue.removeFirst(queue.count - 1)
    #expect(Self.window(of: queue) == [1])
    queue.removeFirst(1)
    #expect(Self.place(of: queue) == nil)
    Self.append([2, 3], to: &queue)
    #expect(Self.window(of: queue) == [2, 3])
  }

  @Test func `an empty queue that was released has no memory and can be used again`() {
    var queue = SpillQueue(limit: 1)
    Self.append(pattern(50), to: &queue)
    queue.removeFirst(50)
    queue.release()
    #expect(Self.place(of: queue) == nil)
    queue.release()
    Self.append([], to: &queue)
    queue.removeFirst(0)
    #expect(Self.place(of: queue) == nil)
    Self.append(pattern(50), to: &queue)
    #expect(Self.window(of: queue) == pattern(50))
  }

  @Test func `a limit beyond any memory does not overflow`() {
    var queue = SpillQueue(limit: .max)
    Self.append(pattern(100_000), to: &queue)
    queue.removeFirst(100_000)
    #expect(Self.place(of: queue) != nil)
  }
}
