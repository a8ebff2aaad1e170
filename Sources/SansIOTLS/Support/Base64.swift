/// Base64 with padding (RFC 4648, section 4), for what people write into configurations.
enum Base64 {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let padding = UInt8(ascii: "=")

  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start...].prefix(3)
      let bits = (group + [0, 0]).prefix(3).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      for place in 0..<4 {
        text.append(place > group.count ? padding : digits[Int(bits >> (18 - 6 * place) & 63)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes; `nil` for a text that `encode` does not write.
  static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
    let text = Array(text)
    let paddingCount = text.reversed().prefix { $0 == padding }.count
    guard text.count.isMultiple(of: 4), paddingCount <= 2 else { return nil }
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    for (index, character) in text.dropLast(paddingCount).enumerated() {
      guard let value = digits.firstIndex(of: character) else { return nil }
      bits = bits << 6 | UInt32(value)
      if index % 4 != 0 { bytes.append(UInt8(truncatingIfNeeded: bits >> (6 - 2 * (index % 4)))) }
    }
    // The bits that padding leaves over are zero in the one text of these bytes.
    return encode(bytes).utf8.elementsEqual(text) ? bytes : nil
  }
}
