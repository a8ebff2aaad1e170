internal import NIOCore
internal import SansIOTLS

/// The engine's bytes in NIO's buffers. Nothing here calls the application, so that the engine, a stored property of a class,
/// is lent once for a whole loop and not anew for each of its calls.
extension TLSEngine {
  /// Feeds `ciphertext` and decrypts what that gives, until there is nothing left to do, or `.done` when a buffer is full.
  ///
  /// - Parameters:
  ///   - ciphertext: what came; the bytes that the engine accepts are taken from it.
  ///   - isEnd: nothing comes behind it.
  ///   - plaintext: is appended to. An empty one gets its memory when there is something for it.
  ///   - room: plaintext expected at most, bytes.
  ///   - allocator: makes the memory for it.
  /// - Returns: why it stopped; never `.needsDrain`. The plaintext before an error is in `plaintext`.
  mutating func decrypt(
    _ ciphertext: inout ByteBuffer, isEnd: Bool, into plaintext: inout ByteBuffer, room: Int,
    allocator: ByteBufferAllocator
  ) -> Result<Step<Int>, TLSError> {
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

  /// Plaintext that is delivered as one buffer, bytes at most: two records. With more the heap of a busy channel shrinks and
  /// grows at each read, which took a fourth of the time of bulk transfers.
  private static var largestDelivery: Int { 32_768 }
  /// The plaintext of one record at most (RFC 8446, section 5.1).
  static var recordSize: Int { 16_384 }
  /// What libssl asks for between two records (RFC 8446, section 5.1).
  private static var recordHeaderSize: Int { 5 }

  /// Whether the bytes fed so far end inside a record.
  var endsInsideRecord: Bool { bytesNeeded != Self.recordHeaderSize }

  private mutating func feed(_ ciphertext: inout ByteBuffer) throws(TLSError) -> Int {
    if ciphertext.readableBytes == 0 { return 0 }
    let accepted = try feed(ciphertext.readableBytesSpan)
    ciphertext.moveReaderIndex(forwardBy: accepted)
    // An empty buffer lets the channel use the memory of the one that is done.
    if ciphertext.readableBytes == 0 { ciphertext = ByteBuffer() }
    return accepted
  }

  private mutating func read(into plaintext: inout ByteBuffer) throws(TLSError) -> Step<Int> {
    var step = Step<Int>.needsFeed
    try plaintext.writeWithOutputRawSpan(minimumWritableBytes: 1) { (output: inout OutputRawSpan) throws(TLSError) in
      step = try read(into: &output)
    }
    return step
  }
}
