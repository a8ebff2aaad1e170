internal import CSansIOTLSOpenSSL

extension TLSCertificate {
  /// Whether a certificate is valid at the time of verification: from its first second on, and before its last, as
  /// `X509_cmp_timeframe(3)` decides, which takes three times as long.
  ///
  /// - Parameters:
  ///   - certificate: an `X509`, valid during the call; without one the result is false.
  ///   - parameters: the verification parameters, which contain the time or select the clock.
  static func isInDate(_ certificate: OpaquePointer?, by parameters: OpaquePointer?) -> Bool {
    guard let certificate = unsafe certificate,
      let start = unsafe VerificationClock.seconds(X509_get0_notBefore(certificate)),
      let end = unsafe VerificationClock.seconds(X509_get0_notAfter(certificate))
    else { return false }
    return (start..<max(start, end)).contains(unsafe VerificationClock.now(of: parameters))
  }
}
