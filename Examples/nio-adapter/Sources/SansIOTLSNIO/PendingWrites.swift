import NIOCore

/// Plaintext that waits to be sealed: for a flush, for the end of the handshake, or for a channel that is writable again.
/// Each write keeps its promise until its last byte was sealed, so that each promise is completed once.
struct PendingWrites {
  private struct Write {
    var plaintext: ByteBuffer
    let promise: EventLoopPromise<Void>?
  }

  private var writes = MarkedCircularBuffer<Write>(initialCapacity: 4)
  /// Bytes that wait, flushed or not.
  private(set) var byteCount = 0

  /// Writes that wait, flushed or not.
  var count: Int { writes.count }
  /// Whether there is something that the user has flushed.
  var hasFlushed: Bool { writes.hasMark }

  mutating func append(_ plaintext: ByteBuffer, promise: EventLoopPromise<Void>?) {
    byteCount += plaintext.readableBytes
    writes.append(Write(plaintext: plaintext, promise: promise))
  }

  /// All that waits now may be sent.
  mutating func markFlushed() { writes.mark() }

  /// Lends the first flushed write.
  ///
  /// - Parameter seal: takes the plaintext and returns how many of its bytes it sealed; `nil` if it cannot go on now.
  /// - Returns: whether it went on; and the promise of the write, if that was its last byte.
  mutating func sealFirst<E: Error>(
    _ seal: (RawSpan) throws(E) -> Int?
  ) throws(E) -> (wentOn: Bool, promise: EventLoopPromise<Void>?) {
    let index = writes.startIndex
    let plaintext = writes[index].plaintext
    guard let sealed = try seal(plaintext.readableBytesSpan) else { return (false, nil) }
    byteCount -= sealed
    writes[index].plaintext.moveReaderIndex(forwardBy: sealed)
    if writes[index].plaintext.readableBytes > 0 { return (true, nil) }
    return (true, writes.removeFirst().promise)
  }

  /// Takes the writes that were not flushed, to be failed.
  mutating func takeUnflushed() -> [EventLoopPromise<Void>] {
    var unflushed: [EventLoopPromise<Void>] = []
    var kept = MarkedCircularBuffer<Write>(initialCapacity: 4)
    var isFlushed = writes.hasMark
    for index in writes.indices {
      if isFlushed {
        kept.append(writes[index])
      } else {
        byteCount -= writes[index].plaintext.readableBytes
        if let promise = writes[index].promise { unflushed.append(promise) }
      }
      if index == writes.markedElementIndex { isFlushed = false }
    }
    if !kept.isEmpty { kept.mark() }
    writes = kept
    return unflushed
  }

  /// Takes all writes, to be failed.
  mutating func takeAll() -> [EventLoopPromise<Void>] {
    defer {
      writes = MarkedCircularBuffer(initialCapacity: 4)
      byteCount = 0
    }
    return writes.compactMap(\.promise)
  }
}
