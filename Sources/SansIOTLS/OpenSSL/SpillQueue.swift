/// Ciphertext that no longer fits the outbound ring, in order. One buffer that grows, is reused while it is small, and
/// belongs to its `ConnectionRecord` alone.
///
/// The pointers are sound because `head`, `tail` and `capacity` change here only and `0 <= head <= tail <= capacity`.
@safe
struct SpillQueue: ~Copyable {
  private var base: UnsafeMutableRawPointer?
  private var capacity = 0
  private var head = 0
  private var tail = 0

  /// What an empty queue keeps, so that a steady flow of large writes does not allocate.
  private static let preservedCapacity = 64 * 1024

  init() {}

  deinit { unsafe base?.deallocate() }

  var count: Int { tail - head }

  /// The waiting bytes; valid until the next mutation.
  var window: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base.map { unsafe UnsafeRawPointer($0) + head }, count: count)
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(bytes.count)
    unsafe (base! + tail).copyMemory(from: source, byteCount: bytes.count)
    tail += bytes.count
  }

  mutating func removeFirst(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= count)
    head += byteCount
    if head == tail {
      head = 0
      tail = 0
      if capacity > Self.preservedCapacity { release() }
    }
  }

  /// Gives the memory of an empty queue back.
  mutating func release() {
    precondition(count == 0)
    unsafe base?.deallocate()
    unsafe base = nil
    capacity = 0
  }

  private mutating func reserve(_ more: Int) {
    if tail + more <= capacity { return }
    let live = count
    let grown = max(live + more, capacity < live + more ? capacity * 2 : capacity, 4096)
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 16)
    if let base = unsafe self.base {
      unsafe fresh.copyMemory(from: UnsafeRawPointer(base) + head, byteCount: live)
      unsafe base.deallocate()
    }
    unsafe base = fresh
    capacity = grown
    head = 0
    tail = live
  }
}
