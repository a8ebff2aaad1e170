import CSansIOTLSOpenSSL

/// Certificates with trust settings of OpenSSL, the form `TRUSTED CERTIFICATE`.
enum TrustedCertificate {
  /// The PEM text of a certificate.
  ///
  /// - Parameters:
  ///   - der: the certificate.
  ///   - rejectsServers: it is rejected for servers, and otherwise trusted for them.
  static func pem(_ der: [UInt8], rejectsServers: Bool) -> [UInt8] {
    unsafe der.withUnsafeBufferPointer { bytes in
      var cursor = bytes.baseAddress
      let x509 = unsafe d2i_X509(nil, &cursor, bytes.count)
      let purpose = unsafe OBJ_nid2obj(NID_server_auth)
      if rejectsServers {
        unsafe X509_add1_reject_object(x509, purpose)
      } else {
        unsafe X509_add1_trust_object(x509, purpose)
      }
      let sink = unsafe BIO_new(BIO_s_mem())
      defer {
        unsafe BIO_free(sink)
        unsafe X509_free(x509)
      }
      unsafe PEM_write_bio_X509_AUX(sink, x509)
      var text = [UInt8](repeating: 0, count: 8192)
      let count = unsafe BIO_read(sink, &text, Int32(text.count))
      return Array(text.prefix(max(Int(count), 0)))
    }
  }
}
