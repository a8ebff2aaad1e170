internal import NIOCore
internal import SansIOTLS

/// The engine's bytes in NIO's buffers.
///
/// Nothing here calls the application: the engine, a stored property of a class, is accessed once for a whole loop
/// instead of once for each call.
extension TLSEngine {
  /// The result of ``decrypt(_:isEnd:into:room:allocate:)``, besides plaintext.
  struct Decryption {
    /// The reason to stop; `.done` if the buffer is full.
    var outcome: Result<ReadStep<Int>, TLSError>
    /// Events, in order.
    var events: [Event] = []
    /// Whether the engine has output.
    var hasOutput: Bool
    /// Whether the engine failed, in this call or before.
    var hasFailed: Bool
    /// Whether the bytes fed so far end inside a record.
    var endsInsideRecord: Bool
  }

  /// Feeds ciphertext and decrypts it until no more progress is possible or the plaintext buffer is full.
  ///
  /// - Parameters:
  ///   - ciphertext: received bytes; those that the engine accepts are removed.
  ///   - isEnd: whether EOF follows them.
  ///   - plaintext: an empty buffer to fill. If it is too small, it is replaced when there is plaintext. After an error
  ///     it holds the plaintext before it.
  ///   - room: the largest expected amount of plaintext, in bytes.
  ///   - allocate: returns a buffer of a capacity.
  mutating func decrypt(
    _ ciphertext: inout ByteBuffer, isEnd: Bool, into plaintext: inout ByteBuffer, room: Int,
    allocate: (Int) -> ByteBuffer
  ) -> Decryption {
    let outcome: Result<ReadStep<Int>, TLSError>
    do throws(TLSError) {
      outcome = .success(
        try decrypt(
          &ciphertext, isEnd: isEnd, into: &plaintext, capacity: min(max(room, 1), Self.largestDelivery),
          allocate: allocate))
    } catch { outcome = .failure(error) }
    var events: [Event] = []
    while let event = nextEvent() { events.append(event) }
    return Decryption(
      outcome: outcome, events: events, hasOutput: pendingOutputByteCount > 0, hasFailed: failure != nil,
      endsInsideRecord: bytesNeeded != Self.recordHeaderSize)
  }

  private mutating func decrypt(
    _ ciphertext: inout ByteBuffer, isEnd: Bool, into plaintext: inout ByteBuffer, capacity: Int,
    allocate: (Int) -> ByteBuffer
  ) throws(TLSError) -> ReadStep<Int> {
    while true {
      let accepted = try feed(&ciphertext)
      if isEnd, ciphertext.readableBytes == 0 { feedEOF() }
      let needs = needs
      if needs.contains(.answer) { return .needsAnswer }
      if needs.contains(.read) {
        if plaintext.readableBytes == 0, plaintext.capacity < capacity { plaintext = allocate(capacity) }
        if plaintext.writableBytes == 0, plaintext.capacity >= Self.largestDelivery {
          return .done(plaintext.readableBytes)
        }
        if case .endOfStream = try read(into: &plaintext) { return .endOfStream }
      } else if accepted == 0 {
        return .needsFeed
      }
    }
  }

  /// Returns the early data that has arrived; `nil` if there is none to read now.
  mutating func takeEarlyData(allocator: ByteBufferAllocator) -> ByteBuffer? {
    var plaintext: ByteBuffer?
    while needs.contains(.readEarly) {
      // What has been received before a failure is returned; the failure is another call's.
      guard case .done(let bytes)? = try? readEarly(upTo: Self.recordSize) else { break }
      if plaintext?.writeBytes(bytes) == nil {
        var first = allocator.buffer(capacity: bytes.count)
        first.writeBytes(bytes)
        plaintext = first
      }
    }
    return plaintext
  }

  /// Returns all pending output.
  mutating func takeOutput(allocator: ByteBufferAllocator) -> ByteBuffer {
    var ciphertext = allocator.buffer(capacity: pendingOutputByteCount)
    drain { ciphertext.writeBytes($0) }
    return ciphertext
  }

  /// The maximum plaintext of one delivered buffer, in bytes: two records. With more, the heap of a busy channel
  /// shrinks and grows at each read, which took a fourth of the time of bulk transfers.
  private static var largestDelivery: Int { 32_768 }
  /// The capacity of the largest buffer that is kept for the next message, in bytes. Larger ones would cost an idle
  /// connection more than their allocation costs a busy one.
  static var largestKeptBuffer: Int { 8_192 }
  /// The maximum plaintext of one record, in bytes (RFC 8446, section 5.1).
  static var recordSize: Int { 16_384 }
  /// The size of a record's header, in bytes (RFC 8446, section 5.1); libssl requires as many between two records.
  private static var recordHeaderSize: Int { 5 }

  private mutating func feed(_ ciphertext: inout ByteBuffer) throws(TLSError) -> Int {
    if ciphertext.readableBytes == 0 { return 0 }
    let accepted = try feed(ciphertext.readableBytesSpan)
    ciphertext.moveReaderIndex(forwardBy: accepted)
    // Without this reference the channel can reuse the buffer's memory.
    if ciphertext.readableBytes == 0 { ciphertext = ByteBuffer() }
    return accepted
  }

  private mutating func read(into plaintext: inout ByteBuffer) throws(TLSError) -> ReadStep<Int> {
    var step = ReadStep<Int>.needsFeed
    try plaintext.writeWithOutputRawSpan(minimumWritableBytes: 1) { (output: inout OutputRawSpan) throws(TLSError) in
      step = try read(into: &output)
    }
    return step
  }
}

extension ByteBuffer {
  /// Takes a kept buffer, without its contents.
  ///
  /// The memory may still be in use elsewhere. The first write detects that, and then allocates.
  static func emptied(_ kept: inout ByteBuffer?) -> ByteBuffer {
    guard var buffer = kept.take() else { return ByteBuffer() }
    buffer.moveReaderIndex(to: 0)
    buffer.moveWriterIndex(to: 0)
    return buffer
  }
}
