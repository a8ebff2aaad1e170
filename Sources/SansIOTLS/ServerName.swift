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
    var bytes = Array(name.utf8)
    if bytes.last == UInt8(ascii: "."), bytes.count > 1 { bytes.removeLast() }
    func refuse(_ why: String) -> TLSError {
      TLSError(.invalidServerName, .misuse, hint: "the server name \(why)")
    }
    if bytes.isEmpty { throw refuse("is empty; give the name, an .ip address, or .unverified") }
    if bytes.count > 253 { throw refuse("has \(bytes.count) characters; DNS allows 253") }
    if bytes.contains(0) { throw refuse("holds a NUL byte") }
    if bytes.contains(where: { $0 >= 0x80 }) { throw refuse("is not ASCII; give its A-label form (xn--…)") }
    if bytes.contains(where: { $0 <= 0x20 || $0 == 0x7f }) { throw refuse("holds white space or a control character") }
    if isIPv4(bytes) || bytes.contains(UInt8(ascii: ":")) {
      throw refuse("is an IP address; use .ip so that the address is checked and no SNI is sent")
    }
    let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if labels.contains(where: { $0.isEmpty || $0.count > 63 }) {
      throw refuse("has an empty label or one over 63 characters")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

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
