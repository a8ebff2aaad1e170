internal import CSansIOTLSOpenSSL

extension TLSCertificate {
  /// Whether a certificate is in date by the time that chains are checked at. Corresponds to `X509_cmp_timeframe(3)`.
  ///
  /// - Parameters:
  ///   - certificate: an `X509`, valid during the call; what is not there is not in date.
  ///   - parameters: hold the time, or say that it is the clock's.
  static func isInDate(_ certificate: OpaquePointer?, by parameters: OpaquePointer?) -> Bool {
    guard let certificate = unsafe certificate else { return false }
    return unsafe X509_cmp_timeframe(
      parameters, X509_get0_notBefore(certificate), X509_get0_notAfter(certificate)) == 0
  }
}
