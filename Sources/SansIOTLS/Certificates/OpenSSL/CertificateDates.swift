internal import CSansIOTLSOpenSSL

extension TLSCertificate {
  /// Whether a certificate is valid at the time of verification.
  ///
  /// - Parameters:
  ///   - certificate: an `X509`, valid during the call; without one the result is false.
  ///   - parameters: the verification parameters, which contain the time or select the clock.
  static func isInDate(_ certificate: OpaquePointer?, by parameters: OpaquePointer?) -> Bool {
    unsafe validity(of: certificate)?.contains(VerificationClock.now(of: parameters)) ?? false
  }

  /// The time during which a certificate is valid: from its first second on, and before its last, as
  /// `X509_cmp_timeframe(3)` decides, which takes three times as long.
  ///
  /// - Parameter certificate: an `X509`, valid during the call.
  /// - Returns: the seconds since 1970; `nil` without a certificate, or if its dates are malformed.
  static func validity(of certificate: OpaquePointer?) -> Range<Int64>? {
    guard let certificate = unsafe certificate,
      let start = unsafe VerificationClock.seconds(X509_get0_notBefore(certificate)),
      let end = unsafe VerificationClock.seconds(X509_get0_notAfter(certificate))
    else { return nil }
    return start..<max(start, end)
  }
}
