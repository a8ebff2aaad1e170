extension TestIdentity {
  /// The kind of key that a certificate is minted with.
  public enum KeyType: Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// ECDSA on NIST P-256, signing with SHA-256; the fastest to mint.
    case p256
    /// ECDSA on NIST P-384, signing with SHA-384.
    case p384
    /// Ed25519.
    case ed25519
    /// RSA with a modulus of so many bits (512 or more), signing with PKCS #1 v1.5 and SHA-256.
    ///
    /// The search for primes takes about 0.2 s for 2048 bits and up to several seconds for 3072 bits.
    case rsa(bits: Int)

    /// RSA with 2048 bits, the least that today's policies accept.
    public static let rsa2048 = KeyType.rsa(bits: 2048)
    /// RSA with 3072 bits.
    public static let rsa3072 = KeyType.rsa(bits: 3072)

    /// Every key type that libssl's usual security levels accept, for parameterised tests.
    public static let allCases: [KeyType] = [.p256, .p384, .ed25519, .rsa2048, .rsa3072]

    /// The usual name of the key type, e.g. `P-256` or `RSA-2048`.
    public var description: String {
      switch self {
      case .p256: "P-256"
      case .p384: "P-384"
      case .ed25519: "Ed25519"
      case .rsa(let bits): "RSA-\(bits)"
      }
    }
  }
}
