/// The outer form of DER: tag, length, contents (X.690, section 8.1).
enum DER {
  /// An element with a tag of one byte.
  static func encoded(tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
    [tag] + length(contents.count) + contents
  }

  private static func length(_ count: Int) -> [UInt8] {
    if count < 0x80 { return [UInt8(truncatingIfNeeded: count)] }
    var octets: [UInt8] = []
    var rest = count
    while rest > 0 {
      octets.insert(UInt8(truncatingIfNeeded: rest), at: 0)
      rest >>= 8
    }
    return [0x80 | UInt8(truncatingIfNeeded: octets.count)] + octets
  }

  /// Divides bytes after their first element.
  ///
  /// - Parameter bytes: one or more elements, the first of them with a tag of one byte.
  /// - Returns: the contents of the first element, and what follows it; `nil` if it is not whole.
  static func first(of bytes: ArraySlice<UInt8>) -> (contents: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
    guard bytes.count >= 2 else { return nil }
    var rest = bytes.dropFirst(2)
    var count = Int(bytes[bytes.startIndex + 1])
    if count >= 0x80 {
      let octets = count & 0x7f
      guard (1...4).contains(octets), rest.count >= octets else { return nil }
      count = rest.prefix(octets).reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(octets)
    }
    guard rest.count >= count else { return nil }
    return (rest.prefix(count), rest.dropFirst(count))
  }
}
