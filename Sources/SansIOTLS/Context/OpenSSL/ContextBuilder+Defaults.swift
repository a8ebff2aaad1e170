internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Safe defaults that no configuration switches off.
extension ContextBuilder {
  func setDefaults() {
    // Renegotiation lets a peer restart the handshake at will; compression leaks what it compresses.
    unsafe SSL_CTX_set_options(
      context, sitls_op_no_renegotiation | sitls_op_no_compression | sitls_op_cipher_server_preference)
    // SSL_OP_NO_TX_CERTIFICATE_COMPRESSION and …_RX_… of 3.2: what a peer sends must not grow past the limits by
    // unpacking. By number, because a program may run with a later libssl than it was compiled against; an earlier one
    // ignores options that it does not know.
    unsafe SSL_CTX_set_options(context, 3 << 32)
    unsafe SSL_CTX_clear_options(context, sitls_op_allow_unsafe_legacy_renegotiation)
    unsafe SSL_CTX_clear_options(context, sitls_op_allow_client_renegotiation)
    // A policy may allow pre-shared keys and resumptions without forward secrecy in TLS 1.3 (psk_ke).
    unsafe SSL_CTX_clear_options(context, sitls_op_allow_no_dhe_kex)
    // The end of input without close_notify stays an error.
    unsafe SSL_CTX_clear_options(context, sitls_op_ignore_unexpected_eof)
    // NO_AUTO_CHAIN: no chain is guessed from the trust store.
    unsafe sitls_ctx_set_mode(
      context,
      UInt32(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN))
    // One return of libssl for each message after the handshake: the engine counts and answers each.
    unsafe sitls_ctx_clear_mode(context, UInt32(SSL_MODE_AUTO_RETRY))
    if configuration.releasesBuffers { unsafe sitls_ctx_set_mode(context, UInt32(SSL_MODE_RELEASE_BUFFERS)) }
    // Bytes after close_notify stay in the buffer, where `takeTrailingInput()` finds them.
    unsafe sitls_ctx_set_read_ahead(context, 0)
    // Padding to blocks, which openssl.cnf may ask for, would pad alerts past the room that is kept for them.
    unsafe SSL_CTX_set_block_padding(context, 0)
  }
}
