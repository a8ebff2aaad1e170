internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension ContextBuilder {
  /// A server resumes by tickets alone and a client's sessions belong to its application: libssl's own caches stay
  /// empty.
  func setSessions(_ library: LibraryContext?) throws(TLSError) {
    let isServer = configuration.role == .server
    unsafe sitls_ctx_set_session_cache_mode(
      context, isServer ? SSL_SESS_CACHE_OFF : SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL)
    unsafe SSL_CTX_set_num_tickets(context, configuration.resumption.ticketCount)
    // The number of tickets is that of TLS 1.3; the option switches them off in TLS 1.2.
    if isServer, configuration.resumption.ticketCount == 0 { unsafe SSL_CTX_set_options(context, sitls_op_no_ticket) }
    try setSessionIdentifier(isServer, library)
  }

  /// Without a session id context, client certificates and resumption together fail the handshake. A server's is
  /// unique: a ticket, which is encrypted by the keys of the context that a connection began with, must not be valid
  /// for another context that the ClientHello selects and that requires more from its clients. libssl ignores a ticket
  /// of another id.
  private func setSessionIdentifier(_ isServer: Bool, _ library: LibraryContext?) throws(TLSError) {
    var identifier = [UInt8](repeating: 0, count: Int(SSL_MAX_SID_CTX_LENGTH))
    // A client's is not secret and must not differ: libssl fails a resumption across contexts instead of a full
    // handshake.
    let isRandom = unsafe !isServer || RAND_bytes_ex(library?.pointer, &identifier, identifier.count, 0) == 1
    let isSet = unsafe SSL_CTX_set_session_id_context(context, &identifier, UInt32(clamping: identifier.count)) == 1
    if !isRandom || !isSet {
      throw TLSError(
        .openSSLFailure, .local, hint: "libcrypto could not generate random bytes; check its configuration",
        openSSLErrors: ErrorQueue.take())
    }
  }
}
