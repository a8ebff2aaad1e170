extension TLSCertificate {
  /// An extension of a certificate, as it was encoded.
  ///
  /// Corresponds to RFC 5280, section 4.2, and `X509_EXTENSION_get_data(3)`.
  public struct Extension: Sendable, Hashable {
    /// The kind of extension.
    public let type: TLSObjectIdentifier
    /// Whether those who do not know the extension must refuse the certificate.
    public let isCritical: Bool
    /// The contents, usually DER.
    public let value: [UInt8]

    /// Creates an extension, for tests of what reads it.
    ///
    /// - Parameters:
    ///   - type: the kind of extension.
    ///   - isCritical: whether those who do not know it must refuse the certificate.
    ///   - value: the contents.
    public init(type: TLSObjectIdentifier, isCritical: Bool, value: [UInt8]) {
      self.type = type
      self.isCritical = isCritical
      self.value = value
    }
  }
}
