internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Settings that the questions need beside their callbacks.
extension ContextBuilder {
  func prepareQuestions() throws(TLSError) {
    // A ClientHello's list of extensions has room for those of the context that receives it: one that selects another
    // context must have what the other has, or libssl reads past the end of the list.
    if configuration.role == .server, configuration.pausesAtPeerCertificates || configuration.pausesAtClientHello {
      try setRefusal()
    }
    if configuration.role == .client, configuration.pausesAtPeerCertificates, !sitls_can_suspend_verification() {
      throw refuse(.unsupported, "this libssl cannot suspend a certificate check; it needs 3.0.2 or later", .local)
    }
  }

  /// Prepares the refusal of a client after a TLS 1.3 handshake. The extension is never sent, and one of its number in
  /// a ClientHello has no effect. The number is for private use (RFC 8446, section 11).
  private func setRefusal() throws(TLSError) {
    let isSet = unsafe SSL_CTX_add_custom_ext(
      context, 0xffa7,
      UInt32(SSL_EXT_TLS1_3_ONLY | SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_NEW_SESSION_TICKET),
      Callbacks.refuseByTicket, nil, nil, nil, nil)
    if isSet != 1 { throw refuse(.openSSLFailure, "libssl does not accept an extension of tickets", .local) }
  }
}
