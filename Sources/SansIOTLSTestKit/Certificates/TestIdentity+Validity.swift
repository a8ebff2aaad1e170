extension TestIdentity {
  /// From when until when a certificate holds, in whole seconds since 1970-01-01T00:00:00Z.
  ///
  /// ``always``, ``past`` and ``future`` keep decades away from the day on which the test runs.
  public struct Validity: Hashable, Sendable {
    /// The first second at which the certificate holds.
    public var notBefore: Int64
    /// The last second at which the certificate holds (RFC 5280); libcrypto 3.0 counts that second as too late.
    public var notAfter: Int64

    /// A validity of one's own.
    ///
    /// - Parameters:
    ///   - notBefore: the first second, counted from 1970; years 0 to 9999.
    ///   - notAfter: the last second, counted from 1970; years 0 to 9999. It may lie before `notBefore`: nothing is
    ///     checked here, the verifier is to find out.
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

    /// One year, which verifiers that limit it accept: from a day before a moment until 364 days after it.
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
