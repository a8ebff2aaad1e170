internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension Callbacks {
  /// Hands out the staple of the identity that libssl selected, as its holder has it now. libssl calls it in full
  /// handshakes with clients that ask.
  static let sendStaple: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { ssl, _ in
    ErrorQueue.preserving {
      guard let callbacks = unsafe ContextCallbackState.of(ssl), let leaf = unsafe SSL_get_certificate(ssl),
        let holder = unsafe callbacks.stapleHolder(of: leaf), let response = holder.response
      else { return SSL_TLSEXT_ERR_NOACK }
      let isSet = unsafe response.withUnsafeBufferPointer {
        unsafe sitls_set_staple(ssl, $0.baseAddress, Int32(clamping: $0.count))
      }
      return isSet ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
    }
  }
}

extension ContextCallbackState {
  /// The holder that belongs to the identity with this certificate.
  func stapleHolder(of leaf: OpaquePointer) -> TLSStapleHolder? {
    stapled.first { unsafe X509_cmp($0.chain[0].reference.x509, leaf) == 0 }?
      .stapleHolder
  }
}
