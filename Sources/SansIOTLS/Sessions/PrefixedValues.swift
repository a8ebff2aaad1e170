/// Values in a row, each after its length in four bytes, big-endian: the form of everything that this library writes to
/// be read, or compared, in another process.
extension [UInt8] {
  private mutating func appendLength(_ count: Int) {
    for shift in stride(from: 24, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: count >> shift)) }
  }

  /// Appends a value after its length.
  mutating func appendValue(_ value: [UInt8]) {
    appendLength(value.count)
    append(contentsOf: value)
  }

  /// Appends values after their number.
  mutating func appendValues(_ values: [[UInt8]]) {
    appendLength(values.count)
    for value in values { appendValue(value) }
  }
}

extension ArraySlice<UInt8> {
  /// Removes bytes from the front; `nil` if there are not so many.
  mutating func removeBytes(_ size: Int) -> ArraySlice? {
    guard count >= size else { return nil }
    defer { self = dropFirst(size) }
    return prefix(size)
  }

  private mutating func removeLength() -> Int? { removeBytes(4).map { $0.reduce(0) { $0 << 8 | Int($1) } } }

  /// Removes a value and its length from the front.
  mutating func removeValue() -> ArraySlice? { removeLength().flatMap { removeBytes($0) } }

  /// Removes values and their number from the front.
  mutating func removeValues() -> [[UInt8]]? {
    // Each value has a length of four bytes: a count that the rest cannot hold reserves nothing.
    guard let size = removeLength(), size <= count / 4 else { return nil }
    var values: [[UInt8]] = []
    for _ in 0..<size {
      guard let value = removeValue() else { return nil }
      values.append(Array(value))
    }
    return values
  }
}
