internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Times as seconds since 1970: of ASN.1 values, and of verification.
enum VerificationClock {
  /// The times that libcrypto computes with, the years 1900 to 9999: their sums and differences do not overflow.
  static let times: ClosedRange<Int64> = -2_208_988_800...253_402_300_799
  /// Second 0, made once and never changed; `nil` without memory.
  private nonisolated(unsafe) static let epoch = unsafe ASN1_TIME_set(nil, 0)

  /// The seconds of an ASN.1 time; `nil` if there is none, or it is malformed. Corresponds to `ASN1_TIME_diff(3)`,
  /// which has no end in 2038 or 2050.
  static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
    guard let time = unsafe time, let epoch = unsafe epoch else { return nil }
    var days: Int32 = 0
    var seconds: Int32 = 0
    guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
    return Int64(days) * 86_400 + Int64(seconds)
  }

  /// The time that certificates are checked at: the configured one, or libssl's clock.
  ///
  /// - Parameter parameters: the verification parameters of the connection.
  static func now(of parameters: OpaquePointer?) -> Int64 {
    if unsafe X509_VERIFY_PARAM_get_flags(parameters) & UInt(X509_V_FLAG_USE_CHECK_TIME) != 0 {
      return unsafe Int64(X509_VERIFY_PARAM_get_time(parameters))
    }
    return system
  }

  /// libssl's clock: the time at which it makes a session. Corresponds to `SSL_SESSION_get_time(3)`.
  static var system: Int64 {
    // Without memory everything has expired.
    guard let session = unsafe SSL_SESSION_new() else { return times.upperBound }
    defer { unsafe SSL_SESSION_free(session) }
    return unsafe sitls_session_time(session)
  }
}
