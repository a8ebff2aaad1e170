extension [UInt8] {
  /// Pairs of hexadecimal digits.
  ///
  /// - Parameters:
  ///   - separator: stands between the pairs.
  ///   - uppercase: whether the letters are capitals.
  func hexadecimal(separator: String = "", uppercase: Bool = false) -> String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: uppercase) }.joined(separator: separator)
  }
}
