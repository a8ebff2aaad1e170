internal import CSansIOTLSOpenSSL

extension SSLHandle {
  /// The chain of this connection's own verification. libssl keeps one of a failed verification too, and an answer of
  /// the application replaces its result.
  var verifiedChain: [TLSCertificate] {
    guard unsafe SSL_get_verify_result(ssl) == Int(X509_V_OK),
      unsafe callbackState.pointee.verification?.isAccepted ?? true
    else { return [] }
    return unsafe TLSCertificate.references(in: SSL_get0_verified_chain(ssl))
  }

  /// The name in the peer's certificate by which it is the one asked for. libssl's own record of it is lost if the
  /// verification was suspended, and absent after a resumption; the certificate is there.
  var matchedName: String? {
    guard let leaf = unsafe SSL_get0_peer_certificate(ssl) else { return nil }
    return ErrorQueue.preserving {
      let parameters = unsafe SSL_get0_param(ssl)
      let flags = unsafe NameMatching.flags(for: leaf)
      var index: CInt = 0
      while let host = unsafe X509_VERIFY_PARAM_get0_host(parameters, index) {
        var name: UnsafeMutablePointer<CChar>?
        if unsafe X509_check_host(leaf, host, 0, flags, &name) == 1 {
          defer { unsafe CRYPTO_free(name, nil, 0) }
          return unsafe name.map { unsafe String(cString: $0) }
        }
        index += 1
      }
      guard let address = unsafe X509_VERIFY_PARAM_get1_ip_asc(parameters) else { return nil }
      defer { unsafe CRYPTO_free(address, nil, 0) }
      guard unsafe X509_check_ip_asc(leaf, address, flags) == 1 else { return nil }
      return unsafe IPAddress.octets(of: Array(String(cString: address).utf8)).flatMap(IPAddress.text)
    }
  }
}
