/// A key-exchange group, by its number in the IANA registry ("TLS Supported Groups").
///
/// The constants are spelled as in the registry, so that a name has one spelling in code, logs, captures and standards.
/// A provider of libcrypto may add groups: ``init(name:in:)`` finds them, and ``init(rawValue:)`` accepts their number.
///
/// Corresponds to `SSL_CTX_set1_groups_list(3)` and `SSL_group_to_name(3)`.
public struct TLSGroup: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number on the wire (RFC 8446, section 4.2.7).
  public let rawValue: UInt16

  /// Creates a group from its number.
  ///
  /// - Parameter rawValue: any number, for example `0x001d`. Whether libssl has the group is checked if a context is
  ///   created with it.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Creates a group from any name that libssl knows for it: the registry's (`secp256r1`), NIST's (`P-256`),
  /// libcrypto's (`prime256v1`), or the name that a provider declares. Capitals and small letters count alike.
  ///
  /// - Parameters:
  ///   - name: the name of one group.
  ///   - library: the library context whose providers declare it.
  /// - Throws: ``TLSError`` with code `.unknownGroup` if no provider of the library context has such a group,
  ///   `.containsNUL`.
  ///
  /// Corresponds to `provider-base(7)`, "TLS-GROUP".
  public init(name: String, in library: TLSLibraryContext = .default) throws(TLSError) {
    if name.utf8.contains(0) {
      throw TLSError(.containsNUL, .misuse, hint: "the name of a group in groups holds a NUL byte")
    }
    guard let group = DeclaredNames.groups(in: library).value(of: name).map(TLSGroup.init(rawValue:)) else {
      throw Self.unknown("\"\(name.prefix(64))\"", in: library)
    }
    self = group
  }

  /// The refusal of a group that was configured: another libssl may have it, if it has a name.
  func absent(from library: TLSLibraryContext) -> TLSError {
    Self.names[rawValue] == nil
      ? Self.unknown(description, in: library) : TLSError.unsupported("group \(self)", by: library)
  }

  static func unknown(_ text: String, in library: TLSLibraryContext) -> TLSError {
    TLSError(
      .unknownGroup, .misuse,
      hint: "libssl knows no group \(text)\(library.place); for example x25519, secp256r1, secp384r1")
  }

  /// The group's name in the IANA registry, for example `secp256r1`, or its number as `0x…` if it has none here.
  public var description: String { Self.names[rawValue] ?? rawValue.hexadecimal }
}

// swift-format-ignore: AlwaysUseLowerCamelCase
extension TLSGroup {
  /// The elliptic curve P-256.
  public static let secp256r1 = TLSGroup(rawValue: 0x0017)
  /// The elliptic curve P-384.
  public static let secp384r1 = TLSGroup(rawValue: 0x0018)
  /// The elliptic curve P-521.
  public static let secp521r1 = TLSGroup(rawValue: 0x0019)
  /// Curve25519 (RFC 7748).
  public static let x25519 = TLSGroup(rawValue: 0x001D)
  /// Curve448 (RFC 7748).
  public static let x448 = TLSGroup(rawValue: 0x001E)
  /// A finite field of 2,048 bits (RFC 7919), in TLS 1.3.
  public static let ffdhe2048 = TLSGroup(rawValue: 0x0100)
  /// A finite field of 3,072 bits (RFC 7919), in TLS 1.3.
  public static let ffdhe3072 = TLSGroup(rawValue: 0x0101)
  /// A finite field of 4,096 bits (RFC 7919), in TLS 1.3.
  public static let ffdhe4096 = TLSGroup(rawValue: 0x0102)
  /// The hybrid of P-256 and ML-KEM-768, in TLS 1.3 and from libssl 3.5 on.
  public static let SecP256r1MLKEM768 = TLSGroup(rawValue: 0x11EB)
  /// The hybrid of Curve25519 and ML-KEM-768, in TLS 1.3 and from libssl 3.5 on.
  public static let X25519MLKEM768 = TLSGroup(rawValue: 0x11EC)
  /// The hybrid of P-384 and ML-KEM-1024, in TLS 1.3 and from libssl 3.5 on.
  public static let SecP384r1MLKEM1024 = TLSGroup(rawValue: 0x11ED)

  /// The group of a name that a provider declares.
  init?(declared name: String, in library: TLSLibraryContext = .default) {
    guard let number = Self.numbers[name] ?? DeclaredNames.groups(in: library).value(of: name) else { return nil }
    self.init(rawValue: number)
  }

  private static let numbers = [String: UInt16](uniqueKeysWithValues: names.map { ($0.value, $0.key) })
  private static let names: [UInt16: String] = [
    0x0001: "sect163k1", 0x0002: "sect163r1", 0x0003: "sect163r2", 0x0004: "sect193r1", 0x0005: "sect193r2",
    0x0006: "sect233k1", 0x0007: "sect233r1", 0x0008: "sect239k1", 0x0009: "sect283k1", 0x000A: "sect283r1",
    0x000B: "sect409k1", 0x000C: "sect409r1", 0x000D: "sect571k1", 0x000E: "sect571r1", 0x000F: "secp160k1",
    0x0010: "secp160r1", 0x0011: "secp160r2", 0x0012: "secp192k1", 0x0013: "secp192r1", 0x0014: "secp224k1",
    0x0015: "secp224r1", 0x0016: "secp256k1", 0x0017: "secp256r1", 0x0018: "secp384r1", 0x0019: "secp521r1",
    0x001A: "brainpoolP256r1", 0x001B: "brainpoolP384r1", 0x001C: "brainpoolP512r1", 0x001D: "x25519",
    0x001E: "x448", 0x001F: "brainpoolP256r1tls13", 0x0020: "brainpoolP384r1tls13",
    0x0021: "brainpoolP512r1tls13", 0x0022: "GC256A", 0x0023: "GC256B", 0x0024: "GC256C", 0x0025: "GC256D",
    0x0026: "GC512A", 0x0027: "GC512B", 0x0028: "GC512C", 0x0029: "curveSM2", 0x0100: "ffdhe2048",
    0x0101: "ffdhe3072", 0x0102: "ffdhe4096", 0x0103: "ffdhe6144", 0x0104: "ffdhe8192", 0x0200: "MLKEM512",
    0x0201: "MLKEM768", 0x0202: "MLKEM1024", 0x11EB: "SecP256r1MLKEM768", 0x11EC: "X25519MLKEM768",
    0x11ED: "SecP384r1MLKEM1024", 0x11EE: "curveSM2MLKEM768",
  ]
}
