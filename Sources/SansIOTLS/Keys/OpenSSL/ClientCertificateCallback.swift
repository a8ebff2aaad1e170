internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension Callbacks {
  /// Selects the certificate of a TLS 1.2 client, which sends libssl's current certificate or none: the first that the
  /// server requested and can verify becomes current; without one, all are removed.
  static let chooseClientCertificate: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _ in
    ErrorQueue.preserving {
      guard let ssl = unsafe ssl, let questions = unsafe CallbackState.of(ssl)?.pointee.questions,
        questions.pausesAtCertificateRequest
      else {
        unsafe makeFittingCertificateCurrent(ssl)
        return 1
      }
      return unsafe ask(questions, ssl)
    }
  }

  /// Suspends the handshake until there is an answer, and follows it. The next request is another question.
  ///
  /// - Returns: -1 to suspend, 1 to continue.
  private static func ask(_ questions: QuestionState, _ ssl: OpaquePointer) -> Int32 {
    switch questions.certificateRequest {
    case .none, .asked:
      // After close_notify libssl writes to a BIO of its own, and the reply is discarded.
      let output = unsafe SSL_get_wbio(ssl)
      let isHeard = unsafe output == SSL_get_rbio(ssl) || output == CallbackState.of(ssl)?.pointee.queue
      return isHeard ? -1 : 1
    case .answered(.proceed):
      unsafe makeFittingCertificateCurrent(ssl)
      fallthrough
    case .answered:
      questions.certificateRequest = .none
      return 1
    }
  }

  private static func makeFittingCertificateCurrent(_ ssl: OpaquePointer?) {
    var types: UnsafePointer<UInt8>?
    let typeCount = unsafe sitls_certificate_types(ssl, &types)
    let requested = unsafe UnsafeBufferPointer(start: types, count: Int(typeCount))
    var position = Int(SSL_CERT_SET_FIRST)
    while unsafe SSL_ctrl(ssl, SSL_CTRL_SET_CURRENT_CERT, position, nil) == 1 {
      defer { position = Int(SSL_CERT_SET_NEXT) }
      let type = unsafe certificateType(of: SSL_get_privatekey(ssl))
      // TLS 1.3 has no types.
      guard unsafe requested.isEmpty || type.map(requested.contains) ?? true else { continue }
      let fitness = unsafe SSL_check_chain(ssl, SSL_get_certificate(ssl), SSL_get_privatekey(ssl), nil)
      // The server can verify the signatures of this key, and the certificate is valid or of a requested type.
      if fitness & CERT_PKEY_SIGN != 0, fitness & (CERT_PKEY_VALID | CERT_PKEY_CERT_TYPE) != 0 { return }
    }
    if requested.isEmpty {
      unsafe SSL_ctrl(ssl, SSL_CTRL_SET_CURRENT_CERT, Int(SSL_CERT_SET_FIRST), nil)
    } else {
      unsafe SSL_certs_clear(ssl)
    }
  }

  /// The certificate type of this key in a TLS 1.2 server's request (RFC 5246, section 7.4.4; RFC 8422, section 5.5);
  /// `nil` if its kind has none.
  static func certificateType(of key: OpaquePointer?) -> UInt8? {
    switch unsafe EVP_PKEY_get_base_id(key) {
    case EVP_PKEY_RSA, EVP_PKEY_RSA_PSS: UInt8(TLS_CT_RSA_SIGN)
    case EVP_PKEY_DSA: UInt8(TLS_CT_DSS_SIGN)
    case EVP_PKEY_EC, EVP_PKEY_ED25519, EVP_PKEY_ED448: UInt8(TLS_CT_ECDSA_SIGN)
    default: nil
    }
  }
}
