internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Owns one `SSL_CTX`.
///
/// `@unchecked Sendable`: it is written in init alone; what libssl changes in it later (reference counts, ticket keys,
/// statistics) it guards itself.
@safe
final class ContextHandle: @unchecked Sendable {
  let context: OpaquePointer
  let callbacks: ContextCallbackState
  private let library: LibraryContext?
  /// What sessions made with this context are known by.
  var origin: TLSSession.Origin { callbacks.origin }
  let warnings: [TLSContext.Warning]

  init(_ configuration: TLSContext.Configuration, library: LibraryContext?) throws(TLSError) {
    ErrorQueue.clear()
    var configuration = configuration
    if let library {
      for index in configuration.identities.indices {
        configuration.identities[index] = try configuration.identities[index].copied(to: library)
      }
    }
    guard let context = unsafe SSL_CTX_new_ex(library?.pointer, nil, TLS_method()) else {
      throw TLSError(
        .library, .local, hint: "libssl could not make a context; its configuration file may be at fault",
        library: ErrorQueue.take())
    }
    let isServer = configuration.role == .server
    let callbacks = ContextCallbackState(configuration)
    let builder = unsafe ContextBuilder(context: context, configuration: configuration)
    var warnings: [TLSContext.Warning] = []
    do throws(TLSError) {
      unsafe sitls_ctx_apply_defaults(context, configuration.releasesBuffers)
      unsafe sitls_ctx_set_session_policy(context, isServer)
      unsafe SSL_CTX_set_num_tickets(context, configuration.sessionTickets)
      if isServer, configuration.sessionTickets == 0 { unsafe SSL_CTX_set_options(context, sitls_no_ticket) }
      try unsafe Self.setSessionIdentifier(of: context, isServer, library)
      try builder.setSecurityLevel()
      try builder.setVersions()
      try builder.setCiphers()
      try builder.removeUnsafeCiphers()
      try builder.setGroups(&warnings)
      try builder.setSignatureAlgorithms(&warnings)
      try builder.setIdentities(&warnings)
      try builder.setTrust(&warnings)
      try builder.setVerification()
      builder.checkDates(&warnings)
      try builder.setApplicationProtocols(callbacks)
    } catch {
      unsafe SSL_CTX_free(context)
      throw error
    }
    unsafe SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(callbacks).toOpaque())
    if configuration.tracesMessages { unsafe SSL_CTX_set_msg_callback(context, Callbacks.message) }
    if configuration.keyLog != nil { unsafe SSL_CTX_set_keylog_callback(context, Callbacks.keyLog) }
    if isServer {
      unsafe sitls_ctx_acknowledge_server_name(context)
      unsafe SSL_CTX_set_client_hello_cb(context, Callbacks.clientHello, nil)
      unsafe SSL_CTX_set_session_ticket_cb(context, library?.prepareTicket, Callbacks.openTicket, nil)
    } else {
      unsafe SSL_CTX_sess_set_new_cb(context, Callbacks.newSession)
      if !configuration.identities.isEmpty {
        unsafe SSL_CTX_set_cert_cb(context, Callbacks.chooseClientCertificate, nil)
      }
    }
    unsafe library?.adapt(context)
    ErrorQueue.clear()
    unsafe self.context = context
    self.library = library
    self.callbacks = callbacks
    self.warnings = warnings
  }

  /// Without a session id context, client certificates and resumption together fail the handshake. A server's is its own: a
  /// ticket, which is sealed by the keys of the context that a connection began with, must not open another context that the
  /// ClientHello chooses and that asks more of its clients. libssl ignores a ticket of another id.
  private static func setSessionIdentifier(
    of context: OpaquePointer, _ isServer: Bool, _ library: LibraryContext?
  ) throws(TLSError) {
    var identifier = [UInt8](repeating: 0, count: Int(SSL_MAX_SID_CTX_LENGTH))
    // A client's is not secret and must not differ: libssl fails a resumption across contexts instead of going without.
    let isRandom = unsafe !isServer || RAND_bytes_ex(library?.pointer, &identifier, identifier.count, 0) == 1
    let isSet = unsafe SSL_CTX_set_session_id_context(context, &identifier, UInt32(clamping: identifier.count)) == 1
    if !isRandom || !isSet {
      throw TLSError(
        .library, .local, hint: "libcrypto gives no random bytes; its configuration may be at fault",
        library: ErrorQueue.take())
    }
  }

  deinit { unsafe SSL_CTX_free(context) }
}
