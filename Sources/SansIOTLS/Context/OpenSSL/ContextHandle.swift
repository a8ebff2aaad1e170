internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

/// Owns one `SSL_CTX`.
///
/// `@unchecked Sendable`: it is written in init alone; libssl synchronizes its later changes (reference counts, ticket
/// keys, statistics) itself.
@safe
final class ContextHandle: @unchecked Sendable {
  let context: OpaquePointer
  let callbacks: ContextCallbackState
  let library: TLSLibraryContext
  let ticketCipher: TicketCipher?
  /// The identity of this context in the sessions that it creates.
  var origin: TLSSession.Origin { callbacks.origin }
  let warnings: [TLSContext.Warning]

  init(_ configuration: TLSContext.Configuration, library: TLSLibraryContext) throws(TLSError) {
    ErrorQueue.clear()
    try SystemPolicy.check()
    var configuration = configuration
    for index in configuration.identities.indices {
      configuration.identities[index] = try configuration.identities[index].copied(to: library)
    }
    guard let context = unsafe SSL_CTX_new_ex(library.pointer, nil, TLS_method()) else {
      throw SystemPolicy.refusal(ErrorQueue.take())
    }
    let isServer = configuration.role == .server
    let callbacks: ContextCallbackState
    let builder = unsafe ContextBuilder(context: context, configuration: configuration, library: library)
    var warnings: [TLSContext.Warning] = SystemPolicy.ignoredCommands.map { .ignoredPolicy(command: $0.text) }
    let ticketCipher: TicketCipher?
    do throws(TLSError) {
      callbacks = try ContextCallbackState(configuration, library)
      builder.setDefaults()
      ticketCipher = try builder.setSessions()
      try builder.setSecurityLevel()
      try builder.setVersions()
      try builder.setEarlyData(configuration.earlyDataReplayFilter)
      try builder.setCiphers()
      try builder.removeUnsafeCiphers()
      try builder.setPreSharedKeys(&warnings)
      try builder.setGroups(&warnings)
      try builder.setSignatureSchemes(&warnings)
      try builder.setIdentities(&warnings)
      try builder.setTrust(&warnings)
      try builder.setVerification()
      try builder.prepareQuestions()
      if let keys = callbacks.rawPublicKeys, unsafe !keys.apply(to: context) {
        throw builder.refuse(.openSSLFailure, "libssl does not accept raw public keys", .local)
      }
      try builder.setRevocation(&warnings)
      try builder.setRecords(&warnings)
      builder.setRenegotiation()
      builder.checkDates(&warnings)
      try builder.setApplicationProtocols(callbacks)
    } catch {
      unsafe SSL_CTX_free(context)
      throw error
    }
    unsafe SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(callbacks).toOpaque())
    if configuration.tracesMessages || configuration.pausesAtClientHello {
      unsafe SSL_CTX_set_msg_callback(context, Callbacks.message)
    }
    if configuration.keyLog != nil { unsafe SSL_CTX_set_keylog_callback(context, Callbacks.keyLog) }
    if isServer {
      unsafe sitls_ctx_set_server_name_callback(
        context,
        configuration.serverNameMismatch == .refuse ? Callbacks.serverNameOfCertificates : Callbacks.serverName)
      unsafe SSL_CTX_set_client_hello_cb(context, Callbacks.clientHello, nil)
      if !callbacks.identities.isEmpty { unsafe SSL_CTX_set_cert_cb(context, Callbacks.chooseServerCertificates, nil) }
      unsafe SSL_CTX_set_session_ticket_cb(context, Callbacks.prepareTicket, Callbacks.openTicket, nil)
    } else {
      unsafe SSL_CTX_sess_set_new_cb(context, Callbacks.newSession)
      if configuration.pausesAtCertificateRequest || configuration.offersPostHandshakeAuthentication {
        unsafe SSL_CTX_set_post_handshake_auth(context, 1)
      }
      if !configuration.identities.isEmpty || configuration.pausesAtCertificateRequest {
        unsafe SSL_CTX_set_cert_cb(context, Callbacks.chooseClientCertificate, nil)
      }
    }
    unsafe library.adapt?(context)
    ErrorQueue.clear()
    unsafe self.context = context
    self.library = library
    self.callbacks = callbacks
    self.ticketCipher = ticketCipher
    self.warnings = warnings
  }

  /// The identity with keys of this context's library.
  func adapted(_ identity: TLSIdentity) throws(TLSError) -> TLSIdentity {
    try identity.copied(to: library)
  }

  deinit { unsafe SSL_CTX_free(context) }
}
