internal import CSansIOTLSOpenSSL

/// The rules by which a server name is matched with a certificate.
enum NameMatching {
  /// A wildcard matches a whole label, and the subject's common name counts only in a certificate without subject
  /// alternative names of any kind; libcrypto alone would accept it in addition to an address or a URI too.
  ///
  /// - Parameter leaf: an `X509`, valid during the call, or `nil`.
  static func flags(for leaf: OpaquePointer?) -> UInt32 {
    let hasNames = unsafe leaf.map { unsafe X509_get_ext_by_NID($0, NID_subject_alt_name, -1) >= 0 } ?? false
    return UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | (hasNames ? X509_CHECK_FLAG_NEVER_CHECK_SUBJECT : 0))
  }

  /// Sets the rules of a verification that is about to run: `X509_verify_cert(3)` matches the name too.
  static func setFlags(of check: OpaquePointer) {
    unsafe X509_VERIFY_PARAM_set_hostflags(
      X509_STORE_CTX_get0_param(check), flags(for: X509_STORE_CTX_get0_cert(check)))
  }
}
