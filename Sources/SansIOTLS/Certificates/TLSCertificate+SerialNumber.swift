extension TLSCertificate {
  /// The number that an issuer gives a certificate, unique among the issuer's; up to 20 bytes by RFC 5280, and any
  /// number in practice.
  ///
  /// Corresponds to `X509_get0_serialNumber(3)`.
  public struct SerialNumber: Sendable, Hashable {
    /// The number as DER encodes it: two's complement, the most significant byte first. A positive number whose first
    /// bit is set has a zero byte in front.
    public let bytes: [UInt8]

    /// Creates a number, for tests of what reads it.
    ///
    /// - Parameter bytes: the number as DER encodes it, at least one byte.
    public init(bytes: [UInt8]) { self.bytes = bytes }
  }
}

extension TLSCertificate.SerialNumber: CustomStringConvertible {
  /// The number in hexadecimal as `openssl x509 -serial` writes it: pairs of capital digits, with `-` before a negative
  /// number.
  public var description: String {
    let isNegative = bytes.first.map { $0 >= 0x80 } ?? false
    var magnitude = bytes
    if isNegative {
      // Two's complement: invert, and add one.
      var carries = true
      for index in magnitude.indices.reversed() {
        magnitude[index] = ~magnitude[index]
        if carries { (magnitude[index], carries) = magnitude[index].addingReportingOverflow(1) }
      }
    }
    let significant = magnitude.drop { $0 == 0 }
    return (isNegative ? "-" : "") + (significant.isEmpty ? "00" : significant.hexadecimal)
  }
}
