internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension ContextBuilder {
  /// A client's sessions, and those of a server with a store, belong to the application: libssl's own caches stay
  /// empty, unless the server is to have one.
  ///
  /// - Returns: the keys of a server's tickets, if the configuration has some.
  func setSessions() throws(TLSError) -> TicketCipher? {
    let isServer = configuration.role == .server
    let resumption = configuration.resumption
    unsafe sitls_ctx_set_session_cache_mode(
      context,
      isServer ? cacheMode(of: resumption.place) : SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL)
    if isServer { setServerSessions(resumption) }
    // A server that asks about its clients' certificates sends the tickets after the answer.
    let isHeld = isServer && (configuration.pausesAtPeerCertificates || resumption.timing != .afterHandshake)
    unsafe SSL_CTX_set_num_tickets(context, isHeld ? 0 : resumption.ticketCount)
    // The number of tickets is that of TLS 1.3; the option switches them off in TLS 1.2, and in TLS 1.3 it makes them
    // identifiers of sessions that the server keeps.
    if isServer, resumption.ticketCount == 0 || resumption.isStateful {
      unsafe SSL_CTX_set_options(context, sitls_op_no_ticket)
    }
    if isServer, let lifetime = resumption.lifetime { unsafe SSL_CTX_set_timeout(context, lifetime) }
    try setSessionIdentifier(isServer)
    guard isServer, let keys = resumption.keys else { return nil }
    unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context, Callbacks.ticketKey)
    return try TicketCipher(keys, library)
  }

  private func cacheMode(of place: TLSContext.Configuration.Resumption.Place) -> Int32 {
    switch place {
    case .nowhere, .tickets: SSL_SESS_CACHE_OFF
    case .cache: SSL_SESS_CACHE_SERVER
    case .applicationStore: SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL
    }
  }

  private func setServerSessions(_ resumption: TLSContext.Configuration.Resumption) {
    switch resumption.place {
    case .nowhere, .tickets: break
    case .cache(let count):
      // Facts: a cache of n holds n - 1.
      unsafe sitls_ctx_set_session_cache_size(context, count + 1)
      unsafe SSL_CTX_sess_set_new_cb(context, Callbacks.newServerSession)
    case .applicationStore:
      unsafe SSL_CTX_sess_set_new_cb(context, Callbacks.newServerSession)
      unsafe SSL_CTX_sess_set_get_cb(context, Callbacks.findSession)
    }
  }

  /// The session id context of every client, for its pre-shared keys too.
  static let clientSessionIdentifier = [UInt8](repeating: 0, count: Int(SSL_MAX_SID_CTX_LENGTH))

  /// Without a session id context, client certificates and resumption together fail the handshake. libssl ignores a
  /// ticket of another id: a ticket, which is encrypted by the keys of the context that a connection began with or that
  /// other processes share, must not be valid for a context that requires more from its clients. By default a server's
  /// is unique; where contexts resume each other's sessions, it is derived from what they require.
  private func setSessionIdentifier(_ isServer: Bool) throws(TLSError) {
    // A client's is not secret and must not differ: libssl fails a resumption across contexts instead of a full
    // handshake.
    var identifier = Self.clientSessionIdentifier
    var isMade = true
    if isServer, configuration.resumption.keys != nil || configuration.sessionDomain != nil {
      identifier = SHA256.digest(of: SessionPolicy(configuration).bytes[...])
      isMade = identifier.count == SHA256.size
    } else if isServer {
      isMade = unsafe RAND_bytes_ex(library.pointer, &identifier, identifier.count, 0) == 1
    }
    let isSet = unsafe SSL_CTX_set_session_id_context(context, &identifier, UInt32(clamping: identifier.count)) == 1
    if !isMade || !isSet {
      throw TLSError(
        .openSSLFailure, .local, hint: "libcrypto could not generate random bytes or a digest; check its configuration",
        openSSLErrors: ErrorQueue.take())
    }
  }
}
