/// The first bytes received from the peer. If a handshake fails at once, they distinguish a TLS peer with other
/// settings from a peer that does not use TLS.
struct PlaintextDetection: Sendable {
  /// The first eight, the earliest in the lowest byte: they need no allocation.
  private var word: UInt64 = 0
  private var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ span: borrowing RawSpan) {
    var index = 0
    while count < 8, index < span.byteCount {
      // Sound: index < byteCount.
      word |= UInt64(unsafe span.unsafeLoad(fromByteOffset: index, as: UInt8.self)) << (8 * count)
      count += 1
      index += 1
    }
  }

  private var bytes: [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }

  static let httpRequestHint =
    "the peer sent a plaintext HTTP request; it must use https, or this port must not use TLS"

  /// A hint about a beginning that is not TLS; `nil` for a TLS record, or before enough was received to decide.
  var plaintextHint: String? {
    let bytes = bytes
    guard count >= 3, !Self.isRecord(bytes), !Self.isVersion2Hello(bytes) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    let requests = ["GET ", "POST", "HEAD", "PUT ", "DELETE", "OPTIONS", "CONNECT", "PATCH", "TRACE"]
    if requests.contains(where: text.hasPrefix) { return Self.httpRequestHint }
    if text.hasPrefix("HTTP/") { return "the peer speaks plaintext HTTP, not TLS; check port and scheme" }
    if text.hasPrefix("SSH-") { return "the peer speaks SSH, not TLS; check the port" }
    if text.hasPrefix("220") || text.hasPrefix("+OK") || text.hasPrefix("* OK") {
      return "the peer greets in plaintext, as mail and FTP servers do; it may require STARTTLS first"
    }
    return "the received bytes are not TLS; check that both ends use the same port and protocol"
  }

  /// Content types 20 to 24, major version 3 (RFC 8446, section 5.1).
  private static func isRecord(_ bytes: [UInt8]) -> Bool { (20...24).contains(bytes[0]) && bytes[1] == 3 }

  /// The SSL 2 form of a ClientHello, which libssl reads and then refuses by its version.
  private static func isVersion2Hello(_ bytes: [UInt8]) -> Bool { bytes[0] & 0x80 != 0 && bytes[2] == 1 }
}
