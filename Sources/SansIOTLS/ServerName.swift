/// Whom a client means to reach. The name goes into the SNI extension where it is a DNS name, and is checked against the
/// certificate.
///
/// Corresponds to `SSL_set1_host(3)`, `SSL_set_tlsext_host_name(3)` and `X509_VERIFY_PARAM_set1_ip_asc(3)`.
public enum ServerName: Sendable, Hashable {
  /// A DNS name in ASCII form (A-labels for international names), 1 to 253 characters; one trailing dot is dropped.
  case dns(String)
  /// An IPv4 or IPv6 address in text form, without brackets or zone. No SNI is sent (RFC 6066, section 3).
  case ip(String)
  /// No name is checked; the chain still is. `sni` is sent if it is given.
  case unverified(sni: String?)

  /// The DNS name as it is sent and checked.
  ///
  /// - Returns: the name without trailing dot.
  /// - Throws: ``TLSError`` with code `.invalidServerName` if it cannot be a DNS name.
  static func validated(_ name: String) throws(TLSError) -> String {
    func refuse(_ why: String) -> TLSError {
      TLSError(.invalidServerName, .misuse, hint: "the server name \(why)")
    }
    let host = name.utf8.count > 1 && name.utf8.last == UInt8(ascii: ".") ? String(name.dropLast()) : name
    if host.isEmpty { throw refuse("is empty; give the name, an .ip address, or .unverified") }
    if host.utf8.count > 253 { throw refuse("has \(host.utf8.count) characters; DNS allows 253") }
    var labelLength = 0
    var isNumeric = true
    for byte in host.utf8 {
      switch byte {
      case 0: throw refuse("holds a NUL byte")
      case 0x80...: throw refuse("is not ASCII; give its A-label form (xn--…)")
      case 1...0x20, 0x7f: throw refuse("holds white space or a control character")
      case UInt8(ascii: ":"): throw refuse(addressHint)
      case UInt8(ascii: "."):
        if labelLength == 0 { throw refuse("has an empty label") }
        labelLength = 0
      default:
        if labelLength == 63 { throw refuse("has a label of more than 63 characters") }
        labelLength += 1
        if !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { isNumeric = false }
      }
    }
    if labelLength == 0 { throw refuse("has an empty label") }
    if isNumeric, isIPv4(Array(host.utf8)) { throw refuse(addressHint) }
    return host
  }

  private static let addressHint = "is an IP address; use .ip so that the address is checked and no SNI is sent"

  var isUnverified: Bool { if case .unverified = self { true } else { false } }

  /// Whether text has the characters of an address and, without colon, the four numbers of IPv4.
  static func isAddress(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let digits = Array("0123456789abcdefABCDEF.:".utf8)
    return bytes.allSatisfy(digits.contains) && (bytes.contains(UInt8(ascii: ":")) || isIPv4(bytes))
  }

  private static func isIPv4(_ bytes: [UInt8]) -> Bool {
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8(String(decoding: $0, as: UTF8.self)) != nil }
  }
}
