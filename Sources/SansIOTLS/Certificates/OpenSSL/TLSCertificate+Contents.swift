internal import CSansIOTLSOpenSSL

/// The fields of a certificate. What libcrypto decodes is copied and freed within each property.
extension TLSCertificate {
  /// The name of the certificate's owner. Corresponds to `X509_get_subject_name(3)`.
  public var subject: TLSDistinguishedName {
    unsafe TLSDistinguishedName(of: X509_get_subject_name(reference.x509))
  }

  /// The name of the authority that signed the certificate. Corresponds to `X509_get_issuer_name(3)`.
  public var issuer: TLSDistinguishedName { unsafe TLSDistinguishedName(of: X509_get_issuer_name(reference.x509)) }

  /// The serial number. Corresponds to `X509_get0_serialNumber(3)`.
  public var serialNumber: SerialNumber {
    let der = unsafe LibraryDER.encoded { unsafe i2d_ASN1_INTEGER(X509_get0_serialNumber(reference.x509), $0) }
    return SerialNumber(bytes: Array(DER.first(of: der[...])?.contents ?? []))
  }

  /// The first second of the validity, in seconds since 1970; `nil` if the certificate's time is malformed. Corresponds
  /// to `X509_get0_notBefore(3)`.
  public var notBefore: Int64? {
    ErrorQueue.preserving { unsafe VerificationClock.seconds(X509_get0_notBefore(reference.x509)) }
  }

  /// The last second of the validity, in seconds since 1970, up to the end of the year 9999, which stands for no end
  /// (RFC 5280, section 4.1.2.5); `nil` if the certificate's time is malformed. Corresponds to `X509_get0_notAfter(3)`.
  public var notAfter: Int64? {
    ErrorQueue.preserving { unsafe VerificationClock.seconds(X509_get0_notAfter(reference.x509)) }
  }

  /// The public key.
  public var publicKey: PublicKey {
    ErrorQueue.preserving {
      let info = unsafe X509_get_X509_PUBKEY(reference.x509)
      let der = unsafe LibraryDER.encoded { unsafe i2d_X509_PUBKEY(info, $0) }
      var algorithm: OpaquePointer?
      unsafe X509_PUBKEY_get0_param(&algorithm, nil, nil, nil, info)
      // Belongs to the certificate.
      let key = unsafe X509_get0_pubkey(reference.x509)
      return unsafe PublicKey(
        der: der, sha256: SHA256.digest(of: der[...]), algorithm: TLSObjectIdentifier(of: algorithm),
        type: key.flatMap { unsafe EVP_PKEY_get0_type_name($0) }.map { unsafe String(cString: $0) },
        bits: key.map { unsafe Int(EVP_PKEY_get_bits($0)) } ?? 0,
        curve: key.flatMap { unsafe Self.curve(of: $0) })
    }
  }

  /// The SHA-256 of the whole certificate; empty if libcrypto has no SHA-256. Corresponds to `X509_digest(3)`.
  public var sha256: [UInt8] { ErrorQueue.preserving { SHA256.digest(of: der[...]) } }

  private static func curve(of key: OpaquePointer) -> TLSGroup? {
    var name = [CChar](repeating: 0, count: 80)
    var count = 0
    guard unsafe EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else { return nil }
    return TLSGroup(
      declared: String(decoding: name.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self))
  }
}
