internal import CSansIOTLSOpenSSL

extension TLSVerificationResult {
  /// The code of a refusal that has its own; `nil` for the others, and for success.
  var refusal: TLSError.Code? {
    if let own = OwnRefusal(rawValue: code) { return own.code }
    return switch Int32(truncatingIfNeeded: code) {
    case X509_V_ERR_CERT_REVOKED: .certificateRevoked
    case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_DIFFERENT_CRL_SCOPE: .revocationListMissing
    case X509_V_ERR_CRL_HAS_EXPIRED: .revocationListExpired
    case X509_V_ERR_CRL_NOT_YET_VALID: .revocationListNotYetValid
    case X509_V_ERR_CRL_SIGNATURE_FAILURE, X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE,
      X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
      X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,
      X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, X509_V_ERR_UNSUPPORTED_EXTENSION_FEATURE,
      X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
      .revocationListRefused
    default: nil
    }
  }
}
