import NIOCore

/// A reproducible byte sequence: 0 to 250, repeated. 251 is prime, so that adjacent blocks differ.
enum Pattern {
  private static let period = 251
  private static let block = ByteBuffer(bytes: (0..<(period * 256)).map { UInt8($0 % period) })

  /// Returns a piece of the pattern without copying it.
  ///
  /// - Parameters:
  ///   - start: the offset of the piece in the pattern, in bytes.
  ///   - count: the maximum number of bytes, 0 or more.
  /// - Returns: at least one byte if `count` is not 0.
  static func bytes(from start: Int, count: Int) -> ByteBuffer {
    let offset = start % period
    return block.getSlice(at: offset, length: min(count, block.readableBytes - offset)) ?? ByteBuffer()
  }
}
