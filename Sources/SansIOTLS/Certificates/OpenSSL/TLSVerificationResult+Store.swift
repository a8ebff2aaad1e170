internal import CSansIOTLSOpenSSL

extension TLSVerificationResult {
  /// Reads the result out of a store context while its callback runs.
  init(of store: OpaquePointer) {
    let code = unsafe X509_STORE_CTX_get_error(store)
    let certificate = unsafe X509_STORE_CTX_get_current_cert(store)
    unsafe self.init(
      code: Int(code),
      text: OwnRefusal(rawValue: Int(code))?.text ?? String(cString: X509_verify_cert_error_string(Int(code))),
      depth: Int(X509_STORE_CTX_get_error_depth(store)),
      subject: certificate.map { unsafe Self.text(of: X509_get_subject_name($0)) } ?? "")
  }

  /// A name as text, at most 1,024 scalars of it, so that an error stays small.
  static func text(of name: OpaquePointer?) -> String {
    String(unsafe TLSDistinguishedName(of: name).description.unicodeScalars.prefix(1024))
  }

  /// The result that a session keeps of the verification in its first handshake.
  init(code: Int32, subject: String) {
    self.init(
      code: Int(code), text: unsafe String(cString: X509_verify_cert_error_string(Int(code))),
      subject: code == X509_V_OK ? "" : subject)
  }
}
