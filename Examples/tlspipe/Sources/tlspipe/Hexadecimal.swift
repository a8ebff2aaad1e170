extension [UInt8] {
  /// Pairs of hexadecimal digits.
  ///
  /// - Parameters:
  ///   - separator: stands between the pairs.
  ///   - uppercase: whether the letters are capitals.
  func hexadecimal(separator: String = "", uppercase: Bool = false) -> String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: uppercase) }.joined(separator: separator)
  }

  /// The bytes that pairs of hexadecimal digits stand for. They may be a secret: nothing is left of them if this fails.
  ///
  /// - Returns: `nil` for a text of anything else.
  init?(hexadecimal digits: some Collection<UInt8>) {
    self = []
    reserveCapacity(digits.count / 2)
    var high: UInt8?
    for digit in digits {
      guard let value = Self.value(of: digit) else { break }
      if let first = high { append(first << 4 | value) }
      high = high == nil ? value : nil
    }
    if high == nil, 2 * count == digits.count { return }
    for index in indices { self[index] = 0 }
    return nil
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
