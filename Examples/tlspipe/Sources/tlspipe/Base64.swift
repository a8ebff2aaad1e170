import CLibcrypto

/// Bytes as text in base64 (RFC 4648, section 4), by libcrypto.
enum Base64 {
  static func text(_ bytes: [UInt8]) -> String {
    // Four characters for three bytes, and the NUL that ends them.
    var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
    // Sound: the arrays are valid during the call, and the text has room for what the bytes need.
    let count = unsafe EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
    return String(decoding: text.prefix(Int(count)), as: UTF8.self)
  }
}
