internal import NIOCore
internal import SansIOTLS

/// The engine's bytes in NIO's buffers.
///
/// Nothing here calls the application: the engine, a stored property of a class, is accessed once for a whole loop
/// instead of once for each call.
extension TLSEngine {
  /// Feeds ciphertext and decrypts it until no more progress is possible or the plaintext buffer is full.
  ///
  /// - Parameters:
  ///   - ciphertext: received bytes; those that the engine accepts are removed.
  ///   - isEnd: whether EOF follows them.
  ///   - plaintext: the buffer to append to. An empty one is allocated when there is plaintext.
  ///   - room: the largest expected amount of plaintext, in bytes.
  ///   - allocator: the allocator of `plaintext`.
  /// - Returns: the reason to stop; `.done` if the buffer is full. After an error `plaintext`
  ///   holds the plaintext before it.
  mutating func decrypt(
    _ ciphertext: inout ByteBuffer, isEnd: Bool, into plaintext: inout ByteBuffer, room: Int,
    allocator: ByteBufferAllocator
  ) -> Result<ReadStep<Int>, TLSError> {
    do throws(TLSError) {
      while true {
        let accepted = try feed(&ciphertext)
        if isEnd, ciphertext.readableBytes == 0 { feedEOF() }
        let needs = needs
        if needs.contains(.answer) { return .success(.needsAnswer) }
        if needs.contains(.read) {
          if plaintext.capacity == 0 { plaintext = allocator.buffer(capacity: min(max(room, 1), Self.largestDelivery)) }
          if plaintext.writableBytes == 0, plaintext.capacity >= Self.largestDelivery {
            return .success(.done(plaintext.readableBytes))
          }
          if case .endOfStream = try read(into: &plaintext) { return .success(.endOfStream) }
        } else if accepted == 0 {
          return .success(.needsFeed)
        }
      }
    } catch { return .failure(error) }
  }

  /// The maximum plaintext of one delivered buffer, in bytes: two records. With more, the heap of a busy channel
  /// shrinks and grows at each read, which took a fourth of the time of bulk transfers.
  private static var largestDelivery: Int { 32_768 }
  /// The maximum plaintext of one record, in bytes (RFC 8446, section 5.1).
  static var recordSize: Int { 16_384 }
  /// The size of a record's header, in bytes (RFC 8446, section 5.1); libssl requires as many between two records.
  private static var recordHeaderSize: Int { 5 }

  /// Whether the bytes fed so far end inside a record.
  var endsInsideRecord: Bool { bytesNeeded != Self.recordHeaderSize }

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
