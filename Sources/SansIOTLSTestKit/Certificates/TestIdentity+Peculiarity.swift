extension TestIdentity {
  /// A property of a valid certificate that is rare, and that its readers tend to get wrong.
  ///
  /// ```swift
  /// let identity = TestAuthority().issue(.longSerialNumber)
  /// ```
  public enum Peculiarity: Hashable, Sendable, CaseIterable {
    /// The subject is an organization, without a common name.
    case noCommonName
    /// The subject is empty, and the alternative names are critical.
    case emptySubject
    /// The certificate has 300 more DNS names.
    case manyNames
    /// The certificate has the addresses `192.0.2.1`, `2001:db8::1` and `::`.
    case addresses
    /// The certificate has a URI, a mail address, a distinguished name, an identifier and a name of an unknown kind.
    case otherNames
    /// The first DNS name is the given one, a NUL and `.invalid`.
    case nulInName
    /// The serial number has 20 bytes, of which the first has its highest bit set.
    case longSerialNumber
    /// The serial number is negative, which RFC 5280 forbids and readers meet.
    case negativeSerialNumber
    /// The validity ends with the year 2099, which UTCTime cannot express.
    case farFuture
    /// The validity has no end: it ends with the year 9999 (RFC 5280, section 4.1.2.5).
    case noEnd
    /// The subject has relative names of several attributes, characters that text escapes, and two units.
    case severalAttributes
    /// The common name is a BMPString (UTF-16).
    case bmpString
    /// The common name is a UniversalString (UTF-32).
    case universalString
    /// The common name is a T61String with a byte that is no ASCII.
    case t61String
    /// The subject has an attribute of an unknown type.
    case unknownAttribute
    /// The certificate has an unknown extension that is not critical.
    case unknownExtension
    /// A server must staple a proof that the certificate is not revoked (RFC 7633).
    case mustStaple
    /// The certificate has the timestamps of two logs that do not exist.
    case timestamps
  }
}

extension TestAuthority {
  /// Issues a leaf with one rare property.
  ///
  /// - Parameters:
  ///   - peculiarity: The property.
  ///   - names: The DNS names.
  ///   - key: The key type.
  ///   - usage: The sides of a connection that may present it.
  /// - Returns: The identity, which a peer that trusts this authority accepts, except for
  ///   ``TestIdentity/Peculiarity/nulInName`` if it is the only name.
  public func issue(
    _ peculiarity: TestIdentity.Peculiarity, names: [String] = ["localhost"], key: TestIdentity.KeyType = .p256,
    usage: TestIdentity.Usage = .server
  ) -> TestIdentity {
    let minted = MintedKey(key, library: self.key.library)
    let now = self.key.library == nil ? Minting.now : SeededLibrary.time
    let template = CertificateTemplate(
      subject: names.first ?? "Test Identity", validity: .year(around: now),
      role: .leaf(purposes: purposes(usage, wrong: false), names: names, addresses: []), peculiarity: peculiarity)
    let leaf = template.signed(for: minted, by: (name, self.key))
    return TestIdentity(authority: self, chainDER: [leaf] + chainDER, key: minted)
  }
}
