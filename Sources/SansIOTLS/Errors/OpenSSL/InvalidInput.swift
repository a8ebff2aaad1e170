internal import CSansIOTLSOpenSSL

extension [TLSError.OpenSSLEntry] {
  /// Whether the entries of a failure for which libssl sent internal_error show that the peer's input was invalid.
  ///
  /// libssl sends that alert for each failure that it does not expect, and it leaves some checks of input to libcrypto.
  /// The cause is then the last entry before libssl's own, or libssl's first if it has no other: an entry that precedes
  /// the cause may be of something that failed and was handled.
  var showInvalidInput: Bool { (prefix { !$0.isFromLibSSL }.last ?? first)?.reportsInvalidInput ?? false }
}

extension TLSError.OpenSSLEntry {
  /// Whether libcrypto or libssl reports this reason for nothing but received bytes, during libssl's I/O calls.
  fileprivate var reportsInvalidInput: Bool {
    // Of libssl 3.5, wrong ciphertext size: the headers of 3.0 have no name for it.
    let wrongCiphertextSize: Int32 = 251
    return switch (ERR_GET_LIB(CUnsignedLong(code)), Int32(reasonCode)) {
    // A record of TLS 1.2 is shorter than the nonce and tag of AES-GCM; of ChaCha20-Poly1305 or AES-CCM.
    case (ERR_LIB_PROV, PROV_R_INVALID_AAD), (ERR_LIB_PROV, PROV_R_INVALID_DATA): true
    // A key share: outside the subgroup of a finite field; not a point of the curve; of low order; too short or long.
    case (ERR_LIB_DH, DH_R_CHECK_PUBKEY_INVALID): true
    case (ERR_LIB_EC, EC_R_POINT_IS_NOT_ON_CURVE), (ERR_LIB_EC, EC_R_INVALID_ENCODING): true
    case (ERR_LIB_PROV, PROV_R_FAILED_DURING_DERIVATION), (ERR_LIB_PROV, wrongCiphertextSize): true
    // The signature algorithms of a CertificateRequest of TLS 1.2: none, or half of one.
    case (ERR_LIB_SSL, SSL_R_SIGNATURE_ALGORITHMS_ERROR): true
    default: false
    }
  }
}
