internal import SansIOTLS

/// Bytes on their way: a queue of blocks.
///
/// Small messages stay in the first block, which an empty queue keeps: they allocate nothing. What does not fit there
/// gets blocks of its own size.
struct ByteQueue: Sendable {
  private var first: [UInt8] = []
  /// The bytes of the first block that were removed.
  private var start = 0
  private var others = FIFO<[UInt8]>()
  private(set) var count = 0

  /// The capacity of the first block at least, in bytes.
  private static let minimumCapacity = 512
  /// The capacity of the block that an empty queue keeps, at most: an idle queue costs little.
  private static let keptCapacity = 4096

  var isEmpty: Bool { count == 0 }

  mutating func append(_ piece: RawSpan) {
    let size = piece.byteCount
    if size == 0 { return }
    if isEmpty { first.reserveCapacity(max(size, Self.minimumCapacity)) }
    let hasOthers = count > first.count - start
    count += size
    // A span's bytes reach an array through a buffer that lives as long as the closure.
    unsafe piece.withUnsafeBytes { bytes in
      if !hasOthers, size <= first.capacity - first.count {
        unsafe first.append(contentsOf: bytes)
      } else {
        unsafe others.append(Array(bytes))
      }
    }
  }

  /// Moves the first bytes, as many as fit.
  ///
  /// - Returns: Their number.
  mutating func removeFirst(into buffer: inout OutputRawSpan) -> Int {
    var moved = 0
    while count > 0, buffer.freeCapacity > 0 {
      let size = min(first.count - start, buffer.freeCapacity)
      // Sound: both ranges have `size` bytes, which become initialized in the target.
      unsafe first.withUnsafeBytes { source in
        unsafe buffer.withUnsafeMutableBytes { target, initialized in
          unsafe (target.baseAddress! + initialized).copyMemory(from: source.baseAddress! + start, byteCount: size)
          initialized += size
        }
      }
      drop(size)
      moved += size
    }
    return moved
  }

  /// Removes the first bytes, at most `limit`: those of one block.
  mutating func removeFirst(upTo limit: Int) -> [UInt8] {
    let piece = Array(first[start...].prefix(limit))
    drop(piece.count)
    return piece
  }

  /// Drops bytes of the first block.
  private mutating func drop(_ size: Int) {
    start += size
    count -= size
    if start < first.count { return }
    start = 0
    if count > 0 {
      first = others.popFirst() ?? []
    } else {
      first.removeAll(keepingCapacity: first.capacity <= Self.keptCapacity)
    }
  }
}
