/// A signature scheme, by its number in the IANA registry ("TLS SignatureScheme"). In TLS 1.2 the number is a pair of
/// hash and signature algorithm.
///
/// The constants are spelled as in the registry, so that a name has one spelling in code, logs, captures and standards.
/// A provider of libcrypto may add schemes: ``init(name:in:)`` finds them, and ``init(rawValue:)`` accepts their
/// number.
///
/// Corresponds to `SSL_CTX_set1_sigalgs_list(3)`.
public struct TLSSignatureScheme: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number on the wire (RFC 8446, section 4.2.3).
  public let rawValue: UInt16

  /// Creates a scheme from its number.
  ///
  /// - Parameter rawValue: any number, for example `0x0403`. Whether libssl has the scheme is checked if a context is
  ///   created with it.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Creates a scheme from a name: the registry's (`ecdsa_secp256r1_sha256`), the pair that libssl writes for TLS 1.2
  /// (`ECDSA+SHA256`, `RSA+SHA256`, `RSA-PSS+SHA256`, `DSA+SHA256`), or the name that a provider declares.
  ///
  /// - Parameters:
  ///   - name: the name of one scheme.
  ///   - library: the library context whose providers may declare it.
  /// - Throws: ``TLSError`` with code `.unknownSignatureScheme` if there is no such scheme, `.containsNUL`.
  public init(name: String, in library: TLSLibraryContext = .default) throws(TLSError) {
    if name.utf8.contains(0) {
      throw TLSError(.containsNUL, .misuse, hint: "the name of a scheme in signatureSchemes holds a NUL byte")
    }
    let single = Self.single(name)
    let number =
      Self.names.first { $0.value == single }?.key ?? DeclaredNames.signatureSchemes(in: library).value(of: name)
    guard let number else { throw Self.unknown("\"\(name.prefix(64))\"", in: library) }
    self.init(rawValue: number)
  }

  /// The registry's name for a pair of signature algorithm and hash; any other text as it is. As libssl reads pairs,
  /// RSA-PSS stands for keys of the type RSA.
  private static func single(_ name: String) -> String {
    let parts = name.split(separator: "+", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].hasPrefix("SHA"), let scheme = pairs[String(parts[0])] else { return name }
    let single = scheme + "_" + parts[1].lowercased()
    return ecdsaNames[single] ?? single
  }

  private static let pairs = [
    "RSA": "rsa_pkcs1", "RSA-PSS": "rsa_pss_rsae", "PSS": "rsa_pss_rsae", "ECDSA": "ecdsa", "DSA": "dsa",
  ]
  private static let ecdsaNames = [
    "ecdsa_sha256": "ecdsa_secp256r1_sha256", "ecdsa_sha384": "ecdsa_secp384r1_sha384",
    "ecdsa_sha512": "ecdsa_secp521r1_sha512",
  ]

  /// The refusal of a scheme that was configured: another libssl may have it, if it has a name.
  func absent(from library: TLSLibraryContext) -> TLSError {
    Self.names[rawValue] == nil
      ? Self.unknown(description, in: library)
      : TLSError.unsupported("signature scheme \(self)", by: library)
  }

  static func unknown(_ text: String, in library: TLSLibraryContext) -> TLSError {
    TLSError(
      .unknownSignatureScheme, .misuse,
      hint: "libssl knows no signature scheme \(text)\(library.place); for example ecdsa_secp256r1_sha256, "
        + "rsa_pss_rsae_sha256, ed25519"
    )
  }

  /// The name that libssl finds the scheme by; `nil` if it has none for this number.
  func libraryName(in library: TLSLibraryContext) -> String? {
    Self.pairNames[rawValue] ?? Self.names[rawValue]
      ?? DeclaredNames.signatureSchemes(in: library).name(of: rawValue)
  }

  /// The schemes that libssl finds by the pair alone.
  private static let pairNames: [UInt16: String] = [
    0x0202: "DSA+SHA1", 0x0203: "ECDSA+SHA1", 0x0302: "DSA+SHA224", 0x0303: "ECDSA+SHA224", 0x0402: "DSA+SHA256",
    0x0502: "DSA+SHA384", 0x0602: "DSA+SHA512",
  ]

  /// The numbers of all schemes with a name here.
  static var allNumbers: [UInt16] { Array(names.keys) }

  /// The scheme's name in the IANA registry, for example `ed25519`, or its number as `0x…` if it has none here.
  public var description: String { Self.names[rawValue] ?? rawValue.hexadecimal }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
extension TLSSignatureScheme {
  /// ECDSA with SHA-256; in TLS 1.3 on P-256.
  public static let ecdsa_secp256r1_sha256 = TLSSignatureScheme(rawValue: 0x0403)
  /// ECDSA with SHA-384; in TLS 1.3 on P-384.
  public static let ecdsa_secp384r1_sha384 = TLSSignatureScheme(rawValue: 0x0503)
  /// ECDSA with SHA-512; in TLS 1.3 on P-521.
  public static let ecdsa_secp521r1_sha512 = TLSSignatureScheme(rawValue: 0x0603)
  /// Ed25519 (RFC 8032).
  public static let ed25519 = TLSSignatureScheme(rawValue: 0x0807)
  /// Ed448 (RFC 8032).
  public static let ed448 = TLSSignatureScheme(rawValue: 0x0808)
  /// RSA-PSS by a key of the type RSA, with SHA-256.
  public static let rsa_pss_rsae_sha256 = TLSSignatureScheme(rawValue: 0x0804)
  /// RSA-PSS by a key of the type RSA, with SHA-384.
  public static let rsa_pss_rsae_sha384 = TLSSignatureScheme(rawValue: 0x0805)
  /// RSA-PSS by a key of the type RSA, with SHA-512.
  public static let rsa_pss_rsae_sha512 = TLSSignatureScheme(rawValue: 0x0806)
  /// RSA-PSS by a key of the type RSA-PSS, with SHA-256.
  public static let rsa_pss_pss_sha256 = TLSSignatureScheme(rawValue: 0x0809)
  /// RSA-PSS by a key of the type RSA-PSS, with SHA-384.
  public static let rsa_pss_pss_sha384 = TLSSignatureScheme(rawValue: 0x080A)
  /// RSA-PSS by a key of the type RSA-PSS, with SHA-512.
  public static let rsa_pss_pss_sha512 = TLSSignatureScheme(rawValue: 0x080B)
  /// RSA in the form of PKCS#1 1.5 with SHA-256; in TLS 1.3 for certificates alone.
  public static let rsa_pkcs1_sha256 = TLSSignatureScheme(rawValue: 0x0401)
  /// RSA in the form of PKCS#1 1.5 with SHA-384; in TLS 1.3 for certificates alone.
  public static let rsa_pkcs1_sha384 = TLSSignatureScheme(rawValue: 0x0501)
  /// RSA in the form of PKCS#1 1.5 with SHA-512; in TLS 1.3 for certificates alone.
  public static let rsa_pkcs1_sha512 = TLSSignatureScheme(rawValue: 0x0601)
  /// RSA in the form of PKCS#1 1.5 with SHA-1, which security levels over 0 forbid.
  public static let rsa_pkcs1_sha1 = TLSSignatureScheme(rawValue: 0x0201)
  /// ECDSA with SHA-1, which security levels over 0 forbid.
  public static let ecdsa_sha1 = TLSSignatureScheme(rawValue: 0x0203)

  // Those with SHA-224 and DSA are pairs of TLS 1.2, by the names that libssl has for them.
  private static let names: [UInt16: String] = [
    0x0201: "rsa_pkcs1_sha1", 0x0202: "dsa_sha1", 0x0203: "ecdsa_sha1", 0x0301: "rsa_pkcs1_sha224",
    0x0302: "dsa_sha224", 0x0303: "ecdsa_sha224", 0x0401: "rsa_pkcs1_sha256", 0x0402: "dsa_sha256",
    0x0403: "ecdsa_secp256r1_sha256", 0x0501: "rsa_pkcs1_sha384", 0x0502: "dsa_sha384",
    0x0503: "ecdsa_secp384r1_sha384", 0x0601: "rsa_pkcs1_sha512", 0x0602: "dsa_sha512",
    0x0603: "ecdsa_secp521r1_sha512", 0x0708: "sm2sig_sm3", 0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384", 0x0806: "rsa_pss_rsae_sha512", 0x0807: "ed25519", 0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256", 0x080A: "rsa_pss_pss_sha384", 0x080B: "rsa_pss_pss_sha512",
    0x081A: "ecdsa_brainpoolP256r1tls13_sha256", 0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C: "ecdsa_brainpoolP512r1tls13_sha512", 0x0904: "mldsa44", 0x0905: "mldsa65", 0x0906: "mldsa87",
  ]
}
