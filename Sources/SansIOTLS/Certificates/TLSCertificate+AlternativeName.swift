extension TLSCertificate {
  /// One of the names that a certificate has beside its subject.
  ///
  /// Corresponds to `GeneralName` of RFC 5280, section 4.2.1.6.
  #if hasAttribute(nonexhaustive)
    @nonexhaustive
  #endif
  public enum AlternativeName: Sendable, Hashable {
    /// A DNS name as it was written, wildcards included: visible characters of ASCII.
    case dns(String)
    /// An IPv4 or IPv6 address in the form of RFC 5952, for example `192.0.2.1` or `2001:db8::1`.
    case address(String)
    /// A URI: printable characters of ASCII.
    case uri(String)
    /// A mail address: printable characters of ASCII.
    case mail(String)
    /// A distinguished name.
    case directory(TLSDistinguishedName)
    /// A registered identifier.
    case identifier(TLSObjectIdentifier)
    /// A name of another kind, or one whose contents are not what its kind demands, such as a DNS name with a NUL or an
    /// address of five bytes: the `GeneralName` in DER. Its first byte is the kind.
    case other(der: [UInt8])
  }
}

extension TLSCertificate.AlternativeName: CustomStringConvertible {
  /// The kind and the name as `openssl x509 -text` writes them, for example `DNS:api.example`; what cannot be printed
  /// is escaped.
  public var description: String {
    switch self {
    case .dns(let name): "DNS:\(name)"
    case .address(let address): "IP Address:\(address)"
    case .uri(let uri): "URI:\(uri)"
    case .mail(let address): "email:\(address)"
    case .directory(let name): "DirName:\(name)"
    case .identifier(let identifier): "Registered ID:\(identifier)"
    case .other(let der): "other:\(der.hexadecimal)"
    }
  }
}
