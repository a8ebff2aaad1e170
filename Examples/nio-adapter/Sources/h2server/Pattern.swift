import NIOCore

/// Bytes that anybody can make again: 0 to 250, over and over. 251 is prime, so that no piece looks like the next.
enum Pattern {
  private static let period = 251
  private static let block = ByteBuffer(bytes: (0..<(period * 256)).map { UInt8($0 % period) })

  /// A piece of the pattern; nothing is copied.
  ///
  /// - Parameters:
  ///   - start: where in the pattern it begins, in bytes.
  ///   - count: bytes wanted at most, 0 or more.
  /// - Returns: at least one byte if any is wanted.
  static func bytes(from start: Int, count: Int) -> ByteBuffer {
    let offset = start % period
    return block.getSlice(at: offset, length: min(count, block.readableBytes - offset)) ?? ByteBuffer()
  }
}
