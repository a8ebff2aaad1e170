/// Wraps DER bytes in the textual encoding of RFC 7468.
enum PEM {
  /// The block `-----BEGIN label-----` … `-----END label-----`, 64 characters a line, a newline at its end.
  static func block(_ label: String, _ der: [UInt8]) -> [UInt8] {
    let text = base64(der)
    var block = Array("-----BEGIN \(label)-----\n".utf8)
    for start in stride(from: 0, to: text.count, by: 64) {
      block += text[start..<min(start + 64, text.count)]
      block.append(UInt8(ascii: "\n"))
    }
    return block + Array("-----END \(label)-----\n".utf8)
  }

  /// The alphabet of RFC 4648 section 4, padded.
  private static func base64(_ bytes: [UInt8]) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for sextet in 0..<4 {
        text.append(sextet <= group.count ? alphabet[bits >> (18 - 6 * sextet) & 0x3f] : UInt8(ascii: "="))
      }
    }
    return text
  }
}
