extension TLSCertificate {
  /// A certificate's public key.
  ///
  /// Corresponds to `X509_get0_pubkey(3)`.
  public struct PublicKey: Sendable, Hashable {
    /// The key with its algorithm in DER (SubjectPublicKeyInfo), a copy. Corresponds to `i2d_X509_PUBKEY(3)`.
    public let der: [UInt8]
    /// The SHA-256 of ``der``, by which keys are pinned (RFC 7469, section 2.4); empty if libcrypto has no SHA-256.
    /// `X509_pubkey_digest(3)` is the digest of something else.
    public let sha256: [UInt8]
    /// The algorithm that the certificate names.
    public let algorithm: TLSObjectIdentifier
    /// libcrypto's name for the type, for example `RSA`, `EC` or `ED25519`; `nil` if its providers do not have the
    /// algorithm, or the key is malformed. Corresponds to `EVP_PKEY_get0_type_name(3)`.
    public let type: String?
    /// The size in bits; 0 for a key that libcrypto does not have. Corresponds to `EVP_PKEY_get_bits(3)`.
    public let bits: Int
    /// The curve of a key of the type `EC`; `nil` for others, and for a curve without a number in TLS. Corresponds to
    /// `EVP_PKEY_get_group_name(3)`.
    public let curve: TLSGroup?
  }
}

extension TLSCertificate.PublicKey: CustomStringConvertible {
  /// Type, curve and size, for example `EC secp256r1, 256 bits`.
  public var description: String {
    let name = type ?? "unknown algorithm \(algorithm)"
    return (curve.map { "\(name) \($0)" } ?? name) + (bits > 0 ? ", \(bits) bits" : "")
  }
}
