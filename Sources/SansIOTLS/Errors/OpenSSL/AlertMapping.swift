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

  /// Whether a server can send the alert to a client that its application refuses: libssl sends it unchanged after a
  /// TLS 1.3 handshake, and peers take it for a fatal one.
  var canRefuseClient: Bool { canRefuseClientHello || rawValue == 109 || self == .certificateRequired }

  /// The alert that libssl sends for a verification that failed with this code.
  init(verificationCode code: Int32) {
    switch code {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
      X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_CHAIN_TOO_LONG, X509_V_ERR_PATH_LENGTH_EXCEEDED,
      X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_INVALID_CA:
      self = .unknownCA
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE,
      X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CRL_NOT_YET_VALID,
      X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD,
      X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
      X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_CERT_REJECTED, X509_V_ERR_HOSTNAME_MISMATCH,
      X509_V_ERR_EMAIL_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH, X509_V_ERR_DANE_NO_MATCH,
      X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK,
      X509_V_ERR_EC_KEY_EXPLICIT_PARAMS:
      self = .badCertificate
    case X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_CRL_SIGNATURE_FAILURE: self = .decryptError
    case X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CRL_HAS_EXPIRED: self = .certificateExpired
    case X509_V_ERR_CERT_REVOKED: self = .certificateRevoked
    case X509_V_ERR_INVALID_PURPOSE: self = .unsupportedCertificate
    case X509_V_ERR_APPLICATION_VERIFICATION: self = .handshakeFailure
    case X509_V_ERR_UNSPECIFIED, X509_V_ERR_OUT_OF_MEM, X509_V_ERR_INVALID_CALL, X509_V_ERR_STORE_LOOKUP:
      self = .internalError
    default: self = .certificateUnknown
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
