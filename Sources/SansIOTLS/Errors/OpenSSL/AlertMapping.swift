internal import CSansIOTLSOpenSSL

/// The rules about alerts by number: how libssl reports them, and which of them it sends unchanged.
extension TLSAlert {
  /// libssl reports a fatal alert of the peer as a reason of its own range.
  init?(reason: Int32) {
    guard let number = UInt8(exactly: reason - SSL_AD_REASON_OFFSET) else { return nil }
    self.init(rawValue: number)
  }

  /// Whether libssl sends the alert unchanged as the reason of a refused ClientHello. It renames others, omits them, or
  /// handles them as the end of the connection.
  var canRefuseClientHello: Bool {
    switch rawValue {
    case 10, 20...22, 30, 40, 42...51, 60, 70, 71, 80, 86, 110...115, 120: true
    default: false
    }
  }

  /// Whether libssl can send the alert as the reason of a refused certificate.
  var canRefuseCertificate: Bool { verificationCode != nil }

  /// The verification result for which libssl sends this alert; `nil` if there is none.
  var verificationCode: Int32? {
    switch self {
    case .badCertificate: X509_V_ERR_CERT_REJECTED
    case .unsupportedCertificate: X509_V_ERR_INVALID_PURPOSE
    case .certificateRevoked: X509_V_ERR_CERT_REVOKED
    case .certificateExpired: X509_V_ERR_CERT_HAS_EXPIRED
    case .certificateUnknown: X509_V_ERR_NO_EXPLICIT_POLICY
    case .unknownCA: X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
    case .handshakeFailure: X509_V_ERR_APPLICATION_VERIFICATION
    default: nil
    }
  }
}
