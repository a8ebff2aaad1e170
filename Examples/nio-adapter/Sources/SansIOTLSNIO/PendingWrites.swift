internal import NIOCore
internal import SansIOTLS

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

  /// Ciphertext that leaves as one buffer.
  struct Batch {
    var ciphertext: ByteBuffer
    /// Fulfilled with the write of the ciphertext; the promises of the other writes follow it.
    var promise: EventLoopPromise<Void>?
  }

  /// Ciphertext of a batch, bytes at most. Buffers of 128 KiB and more would come from the kernel anew each time, and cost
  /// more than the encryption.
  private static var batchSize: Int { 65_536 }
  /// The largest record, bytes: its header, and 256 bytes beside the plaintext (RFC 8446, section 5.2).
  private static var largestRecord: Int { TLSEngine.recordSize + 5 + 256 }

  /// Room that a batch of what waits takes, bytes.
  var batchCapacity: Int {
    // An AEAD record adds 22 bytes in TLS 1.3 and 29 in TLS 1.2; what adds more makes the buffer grow.
    let overhead = 32 * (byteCount / TLSEngine.recordSize + min(count, byteCount))
    return min(byteCount + overhead, Self.batchSize)
  }

  /// Seals what was flushed, record by record, and takes each from the engine at once: it leaves from the ring and is never
  /// queued.
  ///
  /// - Parameters:
  ///   - engine: at rest, its handshake done.
  ///   - batch: is appended to.
  /// - Returns: whether to go on with another batch.
  mutating func seal(by engine: inout TLSEngine, into batch: inout Batch) -> Result<Bool, TLSError> {
    do throws(TLSError) {
      while hasFlushed {
        if batch.ciphertext.readableBytes > Self.batchSize - Self.largestRecord { return .success(true) }
        // Without, libssl is inside a message of the peer's: it writes when the rest of that was read.
        guard try sealRecord(by: &engine, into: &batch) else { return .success(false) }
      }
      return .success(false)
    } catch { return .failure(error) }
  }

  /// Seals the first flushed write, or a record of it.
  ///
  /// - Returns: whether it went on.
  private mutating func sealRecord(by engine: inout TLSEngine, into batch: inout Batch) throws(TLSError) -> Bool {
    let index = writes.startIndex
    let plaintext = writes[index].plaintext
    let recordCount = min(plaintext.readableBytes, TLSEngine.recordSize)
    let step = try engine.write(plaintext.readableBytesSpan.extracting(first: recordCount))
    engine.drain { batch.ciphertext.writeBytes($0) }
    guard case .done(let count) = step else { return false }
    byteCount -= count
    writes[index].plaintext.moveReaderIndex(forwardBy: count)
    if writes[index].plaintext.readableBytes == 0 { batch.promise.setOrCascade(to: writes.removeFirst().promise) }
    return true
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
