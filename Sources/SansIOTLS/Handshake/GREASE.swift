// Values that clients add at random to what they offer, so that servers learn to ignore what they do not know
// (RFC 8701).

extension UInt16 {
  /// Whether the number is one of the sixteen: both bytes alike, and `A` as the second digit of each.
  var isGREASE: Bool { self & 0x0f0f == 0x0a0a && self >> 8 == self & 0xff }
}

extension TLSVersion {
  /// Whether the number is GREASE (RFC 8701), and no version.
  public var isGREASE: Bool { rawValue.isGREASE }
}

extension TLSCipherSuite {
  /// Whether the number is GREASE (RFC 8701), and no suite.
  public var isGREASE: Bool { rawValue.isGREASE }
}

extension TLSGroup {
  /// Whether the number is GREASE (RFC 8701), and no group.
  public var isGREASE: Bool { rawValue.isGREASE }
}

extension TLSSignatureScheme {
  /// Whether the number is GREASE (RFC 8701), and no scheme.
  public var isGREASE: Bool { rawValue.isGREASE }
}
