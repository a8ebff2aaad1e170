public import SansIOTLS

/// A certificate chain and its private key, issued inside the test.
///
/// ```swift
/// let identity = TestIdentity.server("api.example")
/// let server = try TLSContext(.server(identity.identity))
/// var trusting = TLSContext.Configuration.client()
/// trusting.trustRoots = [identity.trust]
/// ```
///
/// ``server(_:addresses:key:defect:)`` and ``client(_:key:defect:)`` create an authority of their own;
/// ``TestAuthority/issue(names:addresses:subject:key:validity:usage:defect:)`` has all the choices.
public struct TestIdentity: Sendable {
  /// The authority that a peer has to trust. With ``Defect/selfSigned`` and ``Defect/unknownIssuer`` it did not issue
  /// the leaf.
  public let authority: TestAuthority
  /// The certificates in DER, leaf first, without the root.
  public let chainDER: [[UInt8]]

  let key: MintedKey

  /// Issues a server's identity from a new root.
  ///
  /// - Parameters:
  ///   - name: The DNS name.
  ///   - addresses: The IP addresses as text, IPv4 or IPv6.
  ///   - key: The key type.
  ///   - defect: A defect, for tests of a client that must not accept it; `nil` for none.
  /// - Returns: The identity, valid for a year.
  public static func server(
    _ name: String = "localhost", addresses: [String] = [], key: KeyType = .p256, defect: Defect? = nil
  ) -> TestIdentity {
    TestAuthority().issue(names: [name], addresses: addresses, key: key, usage: .server, defect: defect)
  }

  /// Issues a client's identity from a new root.
  ///
  /// - Parameters:
  ///   - subject: The common name.
  ///   - key: The key type.
  ///   - defect: A defect, for tests of a server that must not accept it; `nil` for none.
  /// - Returns: The identity, valid for a year.
  public static func client(
    _ subject: String = "Test Client", key: KeyType = .p256, defect: Defect? = nil
  ) -> TestIdentity {
    TestAuthority().issue(subject: subject, key: key, usage: .client, defect: defect)
  }

  /// The leaf's certificate, in DER.
  public var certificateDER: [UInt8] { chainDER[0] }

  /// The leaf's certificate, in PEM.
  public var certificatePEM: [UInt8] { PEM.block("CERTIFICATE", certificateDER) }

  /// The chain in PEM, leaf first, without the root: what a server keeps in its certificate file.
  public var chainPEM: [UInt8] { chainDER.flatMap { PEM.block("CERTIFICATE", $0) } }

  /// The private key as PKCS #8 in DER, not encrypted.
  public var privateKeyDER: [UInt8] { key.pkcs8 }

  /// The private key as PKCS #8 in PEM, not encrypted.
  public var privateKeyPEM: [UInt8] { PEM.block("PRIVATE KEY", key.pkcs8) }

  /// The private key as PKCS #8 in DER, encrypted with PBES2 and AES-256-CBC.
  ///
  /// - Parameter passphrase: The passphrase, in UTF-8.
  /// - Returns: The key; different bytes in each call, because the salt is random.
  public func privateKeyDER(passphrase: String) -> [UInt8] { key.pkcs8(passphrase: passphrase) }

  /// The private key as PKCS #8 in PEM, encrypted with PBES2 and AES-256-CBC.
  ///
  /// - Parameter passphrase: The passphrase, in UTF-8.
  /// - Returns: The key; different bytes in each call, because the salt is random.
  public func privateKeyPEM(passphrase: String) -> [UInt8] {
    PEM.block("ENCRYPTED PRIVATE KEY", key.pkcs8(passphrase: passphrase))
  }

  /// Chain and key as one PKCS #12 file, encrypted with PBES2 and AES-256-CBC, authenticated with HMAC-SHA-256.
  ///
  /// With ``Defect/mismatchedKey`` no certificate in the file is marked as the key's.
  ///
  /// - Parameter passphrase: The passphrase, without a NUL.
  /// - Returns: The file; different bytes in each call, because the salts are random.
  public func pkcs12(passphrase: String) -> [UInt8] {
    key.pkcs12(chain: chainDER, passphrase: passphrase)
  }
}

extension TestIdentity {
  /// The chain and the key for a ``/SansIOTLS/TLSContext``.
  ///
  /// - Throws: ``/SansIOTLS/TLSError`` if libssl refuses them, as with ``Defect/mismatchedKey``.
  public var identity: TLSIdentity {
    get throws(TLSError) { try TLSIdentity(derChain: chainDER, privateKey: privateKeyDER) }
  }

  /// The leaf's certificate.
  ///
  /// - Throws: ``/SansIOTLS/TLSError`` if libcrypto cannot parse it.
  public var certificate: TLSCertificate {
    get throws(TLSError) { try TLSCertificate(der: certificateDER) }
  }

  /// The trust roots with which a peer accepts this identity, if it has no defect: the root of ``authority``.
  public var trust: TLSTrustRoots { authority.trust }
}

extension TestIdentity {
  /// The sides of a connection that may present a certificate: its extended key usage (RFC 5280 section 4.2.1.12).
  public enum Usage: Hashable, Sendable, CaseIterable {
    /// Servers only (id-kp-serverAuth).
    case server
    /// Clients only (id-kp-clientAuth).
    case client
    /// Both sides.
    case both
  }
}

extension TestIdentity {
  /// The validity period of a certificate, in whole seconds since 1970-01-01T00:00:00Z.
  ///
  /// ``always``, ``past`` and ``future`` are decades away from the day on which the test runs.
  public struct Validity: Hashable, Sendable {
    /// The first second of the period.
    public var notBefore: Int64
    /// The last second of the period (RFC 5280); libcrypto 3.0 counts that second as too late.
    public var notAfter: Int64

    /// Creates a validity period.
    ///
    /// - Parameters:
    ///   - notBefore: The first second, counted from 1970; years 0 to 9999.
    ///   - notAfter: The last second, counted from 1970; years 0 to 9999. It may lie before `notBefore`: the verifier,
    ///     not this initializer, checks that.
    public init(notBefore: Int64, notAfter: Int64) {
      self.notBefore = notBefore
      self.notAfter = notAfter
    }

    /// 2020-01-01 to 2120-01-01.
    public static let always = Validity(notBefore: year2020, notAfter: year2120)
    /// 2010-01-01 to 2020-01-01.
    public static let past = Validity(notBefore: year2010, notAfter: year2020)
    /// 2120-01-01 to 2130-01-01.
    public static let future = Validity(notBefore: year2120, notAfter: year2130)

    /// One year, which verifiers with a limit accept: from a day before a moment until 364 days after it.
    static func year(around moment: Int64) -> Validity {
      let day: Int64 = 86_400
      return Validity(notBefore: moment - day, notAfter: moment + 364 * day)
    }

    private static let year2010: Int64 = 1_262_304_000
    private static let year2020: Int64 = 1_577_836_800
    private static let year2120: Int64 = 4_733_510_400
    private static let year2130: Int64 = 5_049_129_600
  }
}

extension TestIdentity {
  /// The key type of a certificate.
  public enum KeyType: Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// ECDSA on NIST P-256, signing with SHA-256; the fastest to mint.
    case p256
    /// ECDSA on NIST P-384, signing with SHA-384.
    case p384
    /// Ed25519.
    case ed25519
    /// RSA with a modulus of this many bits (512 or more), signing with PKCS #1 v1.5 and SHA-256.
    ///
    /// The search for primes takes about 0.2 s for 2048 bits and up to several seconds for 3072 bits.
    case rsa(bits: Int)

    /// RSA with 2048 bits, the least that today's policies accept.
    public static let rsa2048 = KeyType.rsa(bits: 2048)
    /// RSA with 3072 bits.
    public static let rsa3072 = KeyType.rsa(bits: 3072)

    /// All key types that libssl's usual security levels accept, for parameterised tests.
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
