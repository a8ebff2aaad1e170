/// Ciphertext that does not fit the outbound buffer, in order: a ring buffer, which grows. It keeps its memory up to
/// what the limit of pending output requires, so that a steady flow of large writes does not allocate, and belongs to
/// its `CallbackState` alone.
///
/// The pointers are sound because the members change here only: the live bytes are the `count` ones from `head` on,
/// round the end of `capacity`, with `0 <= head < capacity` (or all zero) and `count <= capacity`.
@safe
struct SpillQueue: ~Copyable {
  private var base: UnsafeMutableRawPointer?
  private var capacity = 0
  private var head = 0
  private(set) var count = 0
  private let preservedCapacity: Int

  /// - Parameter limit: the bytes that usually wait at most; memory for more is released when it is drained.
  init(limit: Int) {
    // One record may exceed the limit, with its overhead, and the buffer's contents follow it.
    preservedCapacity = min(limit, Int.max / 2) + 64 * 1024
  }

  deinit { unsafe base?.deallocate() }

  /// The first of the waiting bytes, as many as lie in one piece; valid until the next mutation.
  var window: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(
      start: base.map { unsafe UnsafeRawPointer($0) + head }, count: min(count, capacity - head))
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(bytes.count)
    let tail = (head + count) % capacity
    let untilEnd = min(bytes.count, capacity - tail)
    unsafe (base! + tail).copyMemory(from: source, byteCount: untilEnd)
    unsafe base!.copyMemory(from: source + untilEnd, byteCount: bytes.count - untilEnd)
    count += bytes.count
  }

  mutating func removeFirst(_ byteCount: Int) {
    precondition(byteCount >= 0 && byteCount <= count)
    guard byteCount > 0 else { return }
    head = (head + byteCount) % capacity
    count -= byteCount
    if count == 0 {
      head = 0
      if capacity > preservedCapacity { release() }
    }
  }

  /// Removes and returns all that waits.
  mutating func removeAll() -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while count > 0 {
      unsafe bytes.append(contentsOf: window)
      removeFirst(unsafe window.count)
    }
    return bytes
  }

  /// Releases the memory of an empty queue.
  mutating func release() {
    precondition(count == 0)
    unsafe base?.deallocate()
    unsafe base = nil
    capacity = 0
    head = 0
  }

  private mutating func reserve(_ more: Int) {
    let needed = count + more
    if needed <= capacity { return }
    // Doubling, but not past what would be kept. The first is for a flight of several records.
    let grown = max(needed, min(max(needed * 2, 1024), preservedCapacity))
    let fresh = UnsafeMutableRawPointer(UnsafeMutablePointer<UInt8>.allocate(capacity: grown))
    if let base = unsafe self.base {
      let untilEnd = min(count, capacity - head)
      unsafe fresh.copyMemory(from: UnsafeRawPointer(base) + head, byteCount: untilEnd)
      unsafe (fresh + untilEnd).copyMemory(from: base, byteCount: count - untilEnd)
      unsafe base.deallocate()
    }
    unsafe base = fresh
    capacity = grown
    head = 0
  }
}
