internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Sizes and padding of records, and renegotiation.
extension ContextBuilder {
  /// Small records at the start are the engine's: it passes libssl as much as a record carries.
  func setRecords(_ warnings: inout [TLSContext.Warning]) throws(TLSError) {
    let records = configuration.records
    // Where a ClientHello is asked about, the answer says whose maximum counts: libssl has allocated its buffer by the
    // first one then, and could not raise it.
    let maximum = configuration.pausesAtClientHello ? TLSEngine.recordSize : records.maximumByteCount
    // A lower maximum lowers the size at which libssl would divide data among several ciphers at once.
    var isSet = unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_SEND_FRAGMENT, maximum, nil) == 1
    if let padding = records.paddingByteCount {
      isSet = unsafe isSet && SSL_CTX_set_block_padding(context, padding) == 1
      if unsafe sitls_ctx_min_version(context) <= TLS1_2_VERSION { warnings.append(.unpaddedRecords(.tls12)) }
    }
    if let code = records.fragmentLengthCode {
      isSet = unsafe isSet && SSL_CTX_set_tlsext_max_fragment_length(context, code) == 1
    }
    if !isSet { throw refuse(.openSSLFailure, "libssl does not accept the sizes of records", .local) }
  }

  /// Renegotiation lets a peer restart the handshake at will: off, or counted. A renegotiation that resumed the session
  /// would ask for no certificate.
  func setRenegotiation() {
    guard configuration.acceptsRenegotiation else { return }
    unsafe SSL_CTX_clear_options(context, sitls_op_no_renegotiation)
    unsafe SSL_CTX_set_options(context, sitls_op_allow_client_renegotiation | sitls_op_no_resumption_on_renegotiation)
  }
}
