extension TLSCertificate {
  /// The operations that a certificate's key may be used for.
  ///
  /// Corresponds to RFC 5280, section 4.2.1.3.
  public struct KeyUsage: OptionSet, Sendable, Hashable {
    /// The bits as RFC 5280 numbers them: bit 0, of value 1, is `digitalSignature`.
    public let rawValue: UInt16

    /// Creates a set from its bits.
    ///
    /// - Parameter rawValue: the bits as RFC 5280 numbers them.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Signatures of handshakes and of other data.
    public static let digitalSignature = KeyUsage(rawValue: 1 << 0)
    /// Signatures that commit the signer to the contents (`nonRepudiation`).
    public static let contentCommitment = KeyUsage(rawValue: 1 << 1)
    /// The encryption of keys, as the RSA key exchange of TLS 1.2 does.
    public static let keyEncipherment = KeyUsage(rawValue: 1 << 2)
    /// The encryption of data.
    public static let dataEncipherment = KeyUsage(rawValue: 1 << 3)
    /// Key agreement.
    public static let keyAgreement = KeyUsage(rawValue: 1 << 4)
    /// Signatures of certificates.
    public static let certificateSignature = KeyUsage(rawValue: 1 << 5)
    /// Signatures of revocation lists.
    public static let revocationListSignature = KeyUsage(rawValue: 1 << 6)
    /// Of key agreement, encryption alone.
    public static let encipherOnly = KeyUsage(rawValue: 1 << 7)
    /// Of key agreement, decryption alone.
    public static let decipherOnly = KeyUsage(rawValue: 1 << 8)

    static let names = [
      "digitalSignature", "contentCommitment", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
      "cRLSign", "encipherOnly", "decipherOnly",
    ]
  }
}

extension TLSCertificate.KeyUsage: CustomStringConvertible {
  /// The names of RFC 5280, for example `digitalSignature, keyEncipherment`.
  public var description: String {
    Self.names.indices.filter { rawValue >> $0 & 1 == 1 }.map { Self.names[$0] }.joined(separator: ", ")
  }
}
