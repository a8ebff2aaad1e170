/// A cipher suite, by its number in the IANA registry.
///
/// The constants are spelled as in the registry, so that a name has one spelling in code, logs, captures and standards.
///
/// Corresponds to `SSL_CIPHER_get_protocol_id(3)` and `SSL_CIPHER_standard_name(3)`.
public struct TLSCipherSuite: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number on the wire (RFC 8446, section 4.1.2).
  public let rawValue: UInt16

  /// Creates a suite from its number.
  ///
  /// - Parameter rawValue: any number, for example `0x1301`. Whether libssl has the suite is checked if a context is
  ///   created with it.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Creates a suite from its name in the IANA registry, as ``description`` returns it.
  ///
  /// - Parameter name: for example `TLS_AES_128_GCM_SHA256`, in capitals.
  /// - Throws: ``TLSError`` with code `.unknownCipher` for any other text, the names of `openssl-ciphers(1)` included.
  public init(name: String) throws(TLSError) {
    guard let number = Self.numbers[name] else {
      throw TLSError(
        .unknownCipher, .misuse,
        hint:
          "\"\(name.prefix(64))\" is no cipher suite's name in the IANA registry; for example TLS_AES_256_GCM_SHA384")
    }
    self.init(rawValue: number)
  }

  /// The suite's name in the IANA registry, for example `TLS_AES_128_GCM_SHA256`, or its number as `0x…` if it is not
  /// among those that libssl supports.
  public var description: String { Self.names[rawValue] ?? rawValue.hexadecimal }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
extension TLSCipherSuite {
  /// TLS 1.3 with AES-128 in GCM.
  public static let TLS_AES_128_GCM_SHA256 = TLSCipherSuite(rawValue: 0x1301)
  /// TLS 1.3 with AES-256 in GCM.
  public static let TLS_AES_256_GCM_SHA384 = TLSCipherSuite(rawValue: 0x1302)
  /// TLS 1.3 with ChaCha20-Poly1305.
  public static let TLS_CHACHA20_POLY1305_SHA256 = TLSCipherSuite(rawValue: 0x1303)
  /// TLS 1.3 with AES-128 in CCM. libssl offers it only if it is named.
  public static let TLS_AES_128_CCM_SHA256 = TLSCipherSuite(rawValue: 0x1304)
  /// TLS 1.3 with AES-128 in CCM and a tag of 8 bytes. libssl offers it only if it is named.
  public static let TLS_AES_128_CCM_8_SHA256 = TLSCipherSuite(rawValue: 0x1305)

  /// TLS 1.2 with an ECDSA or EdDSA certificate and AES-128 in GCM.
  public static let TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = TLSCipherSuite(rawValue: 0xC02B)
  /// TLS 1.2 with an ECDSA or EdDSA certificate and AES-256 in GCM.
  public static let TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 = TLSCipherSuite(rawValue: 0xC02C)
  /// TLS 1.2 with an ECDSA or EdDSA certificate and ChaCha20-Poly1305.
  public static let TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = TLSCipherSuite(rawValue: 0xCCA9)
  /// TLS 1.2 with an RSA certificate and AES-128 in GCM.
  public static let TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 = TLSCipherSuite(rawValue: 0xC02F)
  /// TLS 1.2 with an RSA certificate and AES-256 in GCM.
  public static let TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 = TLSCipherSuite(rawValue: 0xC030)
  /// TLS 1.2 with an RSA certificate and ChaCha20-Poly1305.
  public static let TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = TLSCipherSuite(rawValue: 0xCCA8)
}
