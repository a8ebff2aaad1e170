internal import CSansIOTLSOpenSSL

extension TLSCertificate {
  /// Whether a certificate is valid at the time of verification. Corresponds to `X509_cmp_timeframe(3)`.
  ///
  /// - Parameters:
  ///   - certificate: an `X509`, valid during the call; without one the result is false.
  ///   - parameters: the verification parameters, which contain the time or select the clock.
  static func isInDate(_ certificate: OpaquePointer?, by parameters: OpaquePointer?) -> Bool {
    guard let certificate = unsafe certificate else { return false }
    return unsafe X509_cmp_timeframe(
      parameters, X509_get0_notBefore(certificate), X509_get0_notAfter(certificate)) == 0
  }
}
