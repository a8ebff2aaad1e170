internal import NIOCore
internal import SansIOTLS

/// Plaintext that waits for encryption: for a flush, for the end of the handshake, or for a writable channel.
///
/// Each write keeps its promise until its last byte was encrypted, so that each promise is completed once.
struct PendingWrites {
  private struct Write {
    var plaintext: ByteBuffer
    let promise: EventLoopPromise<Void>?
  }

  private var writes = MarkedCircularBuffer<Write>(initialCapacity: 4)
  /// The number of pending bytes, flushed or not.
  private(set) var byteCount = 0

  /// The number of pending writes, flushed or not.
  var count: Int { writes.count }
  /// Whether flushed data is pending.
  var hasFlushed: Bool { writes.hasMark }

  mutating func append(_ plaintext: ByteBuffer, promise: EventLoopPromise<Void>?) {
    byteCount += plaintext.readableBytes
    writes.append(Write(plaintext: plaintext, promise: promise))
  }

  /// Marks all pending writes as flushed.
  ///
  /// - Returns: whether there are any.
  mutating func markFlushed() -> Bool {
    writes.mark()
    return writes.hasMark
  }

  /// Ciphertext that is written as one buffer.
  struct Batch {
    var ciphertext: ByteBuffer
    /// Fulfilled with the write of the ciphertext; the promises of the other writes follow it.
    var promise: EventLoopPromise<Void>?
  }

  /// The maximum ciphertext of a batch, in bytes. The allocator maps buffers of 128 KiB and more from the kernel each
  /// time, which costs more than the encryption.
  private static var batchSize: Int { 65_536 }
  /// The largest record, in bytes: its header, and 256 bytes of expansion (RFC 8446, section 5.2).
  private static var largestRecord: Int { TLSEngine.recordSize + 5 + 256 }

  /// The capacity of a batch for the pending writes, in bytes.
  private var batchCapacity: Int {
    // An AEAD record adds 22 bytes in TLS 1.3 and 29 in TLS 1.2; a larger expansion grows the buffer.
    let overhead = 32 * (byteCount / TLSEngine.recordSize + min(count, byteCount))
    return min(byteCount + overhead, Self.batchSize)
  }

  /// Encrypts flushed data record by record, and drains each record immediately, so that the engine never queues one.
  ///
  /// - Parameters:
  ///   - engine: an engine without pending output whose handshake is complete.
  ///   - batch: an empty batch. Its buffer is replaced if it is too small.
  ///   - allocate: returns a buffer of a capacity.
  /// - Returns: whether another batch should follow.
  mutating func encrypt(
    with engine: inout TLSEngine, into batch: inout Batch, allocate: (Int) -> ByteBuffer
  ) -> Result<Bool, TLSError> {
    let capacity = batchCapacity
    if batch.ciphertext.capacity < capacity { batch.ciphertext = allocate(capacity) }
    do throws(TLSError) {
      while hasFlushed {
        if batch.ciphertext.readableBytes > Self.batchSize - Self.largestRecord { return .success(true) }
        // If not, libssl is inside a message of the peer, and writes after its remainder was read.
        guard try encryptRecord(with: &engine, into: &batch) else { return .success(false) }
      }
      return .success(false)
    } catch { return .failure(error) }
  }

  /// Encrypts the first flushed write, or one record of it.
  ///
  /// - Returns: whether plaintext was encrypted.
  private mutating func encryptRecord(with engine: inout TLSEngine, into batch: inout Batch) throws(TLSError) -> Bool {
    let index = writes.startIndex
    let plaintext = writes[index].plaintext
    let remaining = plaintext.readableBytes
    let step = try engine.write(plaintext.readableBytesSpan.extracting(first: min(remaining, TLSEngine.recordSize)))
    engine.drain { batch.ciphertext.writeBytes($0) }
    guard case .done(let count) = step else { return false }
    byteCount -= count
    if count < remaining {
      writes[index].plaintext.moveReaderIndex(forwardBy: count)
    } else {
      batch.promise.setOrCascade(to: writes.removeFirst().promise)
    }
    return true
  }

  /// Removes the writes that were not flushed.
  ///
  /// - Returns: their promises, to be failed.
  mutating func removeUnflushed() -> [EventLoopPromise<Void>] {
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

  /// Removes all writes.
  ///
  /// - Returns: their promises, to be failed.
  mutating func removeAll() -> [EventLoopPromise<Void>] {
    defer {
      writes = MarkedCircularBuffer(initialCapacity: 4)
      byteCount = 0
    }
    return writes.compactMap(\.promise)
  }
}
