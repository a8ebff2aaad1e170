/// The name of the server that a client connects to. A DNS name is sent in the SNI extension; the name is checked
/// against the server's certificate.
///
/// Corresponds to `SSL_set1_host(3)`, `SSL_set_tlsext_host_name(3)` and `X509_VERIFY_PARAM_set1_ip(3)`.
#if hasAttribute(nonexhaustive)
  @nonexhaustive
#endif
public enum TLSServerName: Sendable, Hashable {
  /// A DNS name in ASCII form (A-labels for international names), 1 to 253 characters; one trailing dot is dropped. Its
  /// labels hold letters, digits, hyphens and underscores, 1 to 63 of them. It has neither wildcard nor port.
  case dns(String)
  /// An IPv4 or IPv6 address in text form, without brackets, port or zone; IPv4 as four decimal numbers without leading
  /// zeros. No SNI is sent (RFC 6066, section 3).
  case ip(String)
  /// Several DNS names, each as in ``dns(_:)``: the certificate must be valid for one of them. `sni` is sent if it is
  /// given; it need not be among them. For a service whose name changes, or one that is reached by another name than
  /// its own. Corresponds to `X509_VERIFY_PARAM_add1_host(3)`.
  case anyOf([String], sni: String?)
  /// No name is checked; the chain still is. `sni` is sent if it is given, and must be a DNS name as in ``dns(_:)``.
  case unverified(sni: String?)

  /// The DNS name as it is sent and checked.
  ///
  /// - Returns: the name without trailing dot.
  /// - Throws: ``TLSError`` with code `.invalidServerName` if it cannot be a DNS name.
  static func validated(_ name: String) throws(TLSError) -> String {
    var host = Array(name.utf8)
    let isAbsolute = host.count > 1 && host.last == UInt8(ascii: ".")
    if isAbsolute { host.removeLast() }
    if let fault = fault(in: host) {
      throw TLSError(.invalidServerName, .misuse, hint: "the server name \(fault)")
    }
    return isAbsolute ? String(decoding: host, as: UTF8.self) : name
  }

  /// The reason why bytes are not a DNS name for the SNI extension; `nil` if they are one. Both what a client
  /// asks for and what a server reports of a ClientHello are decided here.
  static func fault(in host: [UInt8]) -> String? {
    if host.isEmpty { return "is empty; give the name, an .ip address, or .unverified" }
    if host.count > 253 { return "has \(host.count) characters; DNS allows 253" }
    if let fault = labelFault(in: host) { return urlFault(in: host) ?? fault }
    return isNumeric(host) ? IPAddress.octets(of: host) == nil ? numericHint : addressHint : nil
  }

  /// The reason why bytes are not the labels of a name.
  private static func labelFault(in host: [UInt8]) -> String? {
    var labelLength = 0
    for byte in host {
      switch byte {
      case 0: return "holds a NUL byte"
      case 0x80...: return "is not ASCII; give its A-label form (xn--…)"
      case 1...0x20, 0x7f: return "holds white space or a control character"
      case UInt8(ascii: "."):
        if labelLength == 0 { return "has an empty label" }
        labelLength = 0
      case UInt8(ascii: "*"): return "is a wildcard, which certificates may have; name one host"
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), digits,
        UInt8(ascii: "-"), UInt8(ascii: "_"):
        if labelLength == 63 { return "has a label of more than 63 characters" }
        labelLength += 1
      default:
        return "holds \"\(Character(UnicodeScalar(byte)))\"; labels have letters, digits, hyphens and underscores"
      }
    }
    return labelLength == 0 ? "has an empty label" : nil
  }

  private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
  private static let addressHint = "is an IP address; use .ip so that the address is checked and no SNI is sent"
  private static let numericHint =
    "is four numbers as an IPv4 address is, and not one; such a name could be read as an address (.ip takes those)"

  /// The parts of a URL that stand beside a host name.
  private static func urlFault(in host: [UInt8]) -> String? {
    if host.contains(UInt8(ascii: "/")) { return "holds \"/\"; give the host name alone, not a URL or path" }
    if host.contains(UInt8(ascii: "@")) { return "holds \"@\"; give the host name alone, without user" }
    if host.first == UInt8(ascii: "[") {
      return "is in brackets, which belong to URLs; give an IPv6 address as .ip, without brackets and port"
    }
    guard let colon = host.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    if IPAddress.octets(of: host) != nil { return addressHint }
    let port = host[(colon + 1)...]
    return port.allSatisfy(digits.contains)
      ? "holds a port; give the host name alone (and an address as .ip)"
      : "holds \":\"; give a host name without port, or an IPv6 address as .ip"
  }

  /// Whether the name is four numbers: some resolvers read those as an address, whatever their range and zeros.
  private static func isNumeric(_ host: [UInt8]) -> Bool {
    host.allSatisfy { digits.contains($0) || $0 == UInt8(ascii: ".") } && host.count { $0 == UInt8(ascii: ".") } == 3
  }

  var isUnverified: Bool { if case .unverified = self { true } else { false } }
}
