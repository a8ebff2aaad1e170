/// Writes the few ASN.1 types that a certificate is made of (ITU-T X.690, distinguished encoding rules).
///
/// Certificates are composed here rather than by libcrypto's X509 setters, because those refuse much of what a test
/// wants on purpose: a NUL inside a name, no name at all, a usage that contradicts itself.
enum DER {
  /// One element: identifier octet, length in the shortest form, contents.
  static func element(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] {
    guard contents.count >= 0x80 else { return [tag, UInt8(contents.count)] + contents }
    let length = withoutLeadingZeros(contents.count)
    return [tag, 0x80 | UInt8(length.count)] + length + contents
  }

  static func sequence(_ elements: [[UInt8]]) -> [UInt8] { element(0x30, Array(elements.joined())) }

  static func set(_ elements: [[UInt8]]) -> [UInt8] { element(0x31, Array(elements.joined())) }

  /// A context-specific element that wraps whole elements, e.g. the `[3]` around the extensions.
  static func explicit(_ number: UInt8, _ contents: [UInt8]) -> [UInt8] { element(0xa0 | number, contents) }

  /// A context-specific element that replaces the tag of a primitive one, e.g. the `[2]` of a DNS name.
  static func implicit(_ number: UInt8, _ contents: [UInt8]) -> [UInt8] { element(0x80 | number, contents) }

  static let null: [UInt8] = element(0x05, [])

  /// BOOLEAN TRUE; FALSE is the default wherever a certificate has one, and DER leaves defaults out.
  static let yes: [UInt8] = element(0x01, [0xff])

  static func integer(_ value: UInt64) -> [UInt8] {
    let magnitude = withoutLeadingZeros(value)
    return element(0x02, magnitude[0] < 0x80 ? magnitude : [0] + magnitude)
  }

  static func octetString(_ contents: [UInt8]) -> [UInt8] { element(0x04, contents) }

  static func utf8String(_ text: String) -> [UInt8] { element(0x0c, Array(text.utf8)) }

  /// A BIT STRING of whole octets, e.g. a signature.
  static func bitString(_ contents: [UInt8]) -> [UInt8] { element(0x03, [0] + contents) }

  /// A BIT STRING of up to eight named bits, bit 0 being the highest; DER drops the zeros at its end.
  static func namedBits(_ bits: UInt8) -> [UInt8] { element(0x03, [UInt8(bits.trailingZeroBitCount), bits]) }

  static func objectIdentifier(_ arcs: [Int]) -> [UInt8] {
    let subidentifiers = [arcs[0] * 40 + arcs[1]] + arcs[2...]
    return element(0x06, subidentifiers.flatMap(base128))
  }

  /// Seven bits per octet, the highest first; all octets but the last have their top bit set.
  private static func base128(_ value: Int) -> [UInt8] {
    var octets = [UInt8(value & 0x7f)]
    var rest = value >> 7
    while rest > 0 {
      octets.insert(0x80 | UInt8(rest & 0x7f), at: 0)
      rest >>= 7
    }
    return octets
  }

  /// Big-endian octets of a number that is not negative; at least one.
  private static func withoutLeadingZeros(_ value: some FixedWidthInteger) -> [UInt8] {
    let octets = stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    return Array(octets[(octets.firstIndex { $0 != 0 } ?? octets.count - 1)...])
  }
}
