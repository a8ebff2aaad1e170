extension Sequence where Element == UInt8 {
  /// The bytes as pairs of hexadecimal digits, in capital letters.
  package var hexadecimal: String {
    let digits = Array("0123456789ABCDEF".utf8)
    return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
