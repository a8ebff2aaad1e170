/// A version of the TLS protocol.
///
/// Corresponds to the version constants of `SSL_CTX_set_min_proto_version(3)`.
public struct TLSVersion: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number on the wire (RFC 8446, section 4.1.2).
  public let rawValue: UInt16

  /// Wraps a version number as it stands on the wire.
  ///
  /// - Parameter rawValue: for example `0x0304`.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// TLS 1.2 (RFC 5246).
  public static let tls12 = TLSVersion(rawValue: 0x0303)
  /// TLS 1.3 (RFC 8446).
  public static let tls13 = TLSVersion(rawValue: 0x0304)

  /// Orders versions by age.
  public static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.rawValue < right.rawValue }

  /// The name that libssl's `SSL_get_version(3)` uses, for example `TLSv1.3`.
  public var description: String {
    switch self {
    case .tls12: "TLSv1.2"
    case .tls13: "TLSv1.3"
    default: "TLS 0x" + String(rawValue, radix: 16)
    }
  }
}
