public import SansIOTLS

extension TestAuthority {
  /// Issues a CRL, in DER.
  ///
  /// - Parameters:
  ///   - revoked: Identities and authorities of this authority that it revokes, by their certificates in DER.
  ///   - validity: From the time of issue to that of the next one; `nil` for an hour ago to a week ahead.
  /// - Returns: The list.
  public func revocationListDER(
    revoking revoked: [[UInt8]] = [], validity: TestIdentity.Validity? = nil
  ) -> [UInt8] {
    let now = key.library == nil ? Minting.now : SeededLibrary.time
    let period = validity ?? TestIdentity.Validity(notBefore: now - 3600, notAfter: now + 7 * 86_400)
    return OCSPMinting.revocationList(of: certificateDER, key: key, revoking: revoked, period)
  }

  /// Issues a CRL, in PEM.
  ///
  /// - Parameters:
  ///   - revoked: Identities and authorities of this authority that it revokes, by their certificates in DER.
  ///   - validity: From the time of issue to that of the next one; `nil` for an hour ago to a week ahead.
  /// - Returns: The list.
  public func revocationListPEM(
    revoking revoked: [[UInt8]] = [], validity: TestIdentity.Validity? = nil
  ) -> [UInt8] {
    PEM.block("X509 CRL", revocationListDER(revoking: revoked, validity: validity))
  }

  /// Issues a CRL.
  ///
  /// - Parameters:
  ///   - revoked: Identities that it revokes.
  ///   - validity: From the time of issue to that of the next one; `nil` for an hour ago to a week ahead.
  /// - Returns: The list.
  /// - Throws: ``/SansIOTLS/TLSError`` if libcrypto cannot parse it.
  public func revocationList(
    revoking revoked: [TestIdentity] = [], validity: TestIdentity.Validity? = nil
  ) throws(TLSError) -> TLSRevocationList {
    try TLSRevocationList(der: revocationListDER(revoking: revoked.map(\.certificateDER), validity: validity))
  }

  /// Issues a certificate that signs OCSP responses, or looks as if it did.
  func responder(isAuthorised: Bool) -> (certificate: [UInt8], key: MintedKey) {
    let minted = MintedKey(.p256, library: key.library)
    let template = CertificateTemplate(
      subject: "Test OCSP Responder", validity: .always,
      role: .leaf(purposes: isAuthorised ? [.ocspSigning] : [.server], names: [], addresses: []))
    return (template.signed(for: minted, by: (name, key)), minted)
  }
}
