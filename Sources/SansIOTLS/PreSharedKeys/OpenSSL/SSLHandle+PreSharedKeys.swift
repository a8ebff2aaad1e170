internal import CSansIOTLSOpenSSL
internal import CSansIOTLSShims

extension CallbackState {
  /// The state of the connection's pre-shared keys, which is made when it is first needed.
  mutating func sharedKeys() -> PreSharedKeyState {
    let state = preSharedKeys ?? PreSharedKeyState()
    preSharedKeys = state
    return state
  }
}

extension SSLHandle {
  /// A server's key of an identity: one of the answer's, or one of the context that serves.
  static func preSharedKey(
    of identity: UnsafeBufferPointer<UInt8>, for ssl: OpaquePointer,
    _ callbackState: UnsafeMutablePointer<CallbackState>
  ) -> TLSPreSharedKey? {
    let answered = unsafe callbackState.pointee.preSharedKeys?.answered ?? []
    return unsafe answered.first { unsafe $0.identity.elementsEqual(identity) }
      ?? ContextCallbackState.of(ssl)?.preSharedKey(of: Array(identity))
  }

  /// Prepares a server for the identities of a ClientHello, whose bytes libssl has. libssl chooses the suite before it
  /// looks for a key, and silently drops a key of another hash: a key that is known decides the hash.
  static func preparePreSharedKey(for ssl: OpaquePointer, _ callbackState: UnsafeMutablePointer<CallbackState>) {
    let callbacks = unsafe ContextCallbackState.of(ssl)
    // What the first ClientHello had does not count for the second.
    unsafe callbackState.pointee.preSharedKeys?.key = nil
    let isAnswered = unsafe callbackState.pointee.preSharedKeys != nil
    guard callbacks?.hasPreSharedKeys == true || isAnswered else { return }
    let identities = TLSEngine.ClientHello.preSharedKeyIdentities(
      in: unsafe TLSEngine.ClientHello.extensionBytes(UInt32(TLSEXT_TYPE_psk), of: ssl))
    unsafe callbackState.pointee.sharedKeys().isOffered = !identities.isEmpty
    let keys = identities.lazy.compactMap { identity in
      unsafe identity.withUnsafeBufferPointer { unsafe preSharedKey(of: $0, for: ssl, callbackState) }
    }
    guard let key = keys.first else { return }
    let names = unsafe CipherSuites.tls13(of: ssl, hash: key.hash).map { unsafe CipherSuites.name($0) }
    if names.isEmpty { return }
    // libssl's own names contain no NUL, and a list of its own suites is one that it accepts.
    _ = try? unsafe names.joined(separator: ":").withCText("cipherSuites") { unsafe SSL_set_ciphersuites(ssl, $0) }
  }

  /// Adds the keys of an answer to the ClientHello, in place of those of an answer that was refused.
  func answer(preSharedKeys keys: [TLSPreSharedKey]) {
    let isNew = unsafe callbackState.pointee.preSharedKeys == nil
    if !keys.isEmpty || !isNew { unsafe callbackState.pointee.sharedKeys().answered = keys }
  }

  /// Notes, when the handshake is done, whether it was authenticated by a pre-shared key of TLS 1.3.
  func notePreSharedKey() {
    guard let state = unsafe callbackState.pointee.preSharedKeys, let key = state.key,
      unsafe SSL_version(ssl) >= TLS1_3_VERSION
    else { return }
    // A server's key of the right hash is the one that libssl takes. A client may offer a ticket too, whose session has
    // another secret.
    state.isChosen =
      unsafe SSL_session_reused(ssl) == 1
      && (SSL_is_server(ssl) == 1 || key.secret.isSecret(of: SSL_get_session(ssl)))
    // A ticket that was offered beside it was not taken.
    if state.isChosen, unsafe callbackState.pointee.offered != nil { unsafe callbackState.pointee.resumption = .none }
  }

  /// Whether an earlier session was resumed. libssl counts a pre-shared key of TLS 1.3 as one.
  var isResumed: Bool {
    unsafe SSL_session_reused(ssl) == 1 && callbackState.pointee.preSharedKeys?.isChosen != true
  }

  /// The identity of the key that this connection, or the first one of its session, was authenticated by.
  var preSharedIdentity: [UInt8]? { unsafe Self.preSharedIdentity(of: ssl, callbackState) }

  static func preSharedIdentity(
    of ssl: OpaquePointer, _ callbackState: UnsafeMutablePointer<CallbackState>
  ) -> [UInt8]? {
    let state = unsafe callbackState.pointee.preSharedKeys
    if let state, state.isChosen { return state.key?.identity }
    // TLS 1.2 keeps it in the session.
    if let text = unsafe SSL_get_psk_identity(ssl) { return unsafe bytes(ofCText: text) }
    guard unsafe SSL_session_reused(ssl) == 1 else { return nil }
    if unsafe SSL_is_server(ssl) == 1 {
      let identity = unsafe ServerSessions.identity(in: SSL_get_session(ssl))
      return identity.isEmpty ? nil : identity
    }
    return unsafe callbackState.pointee.offered?.reference.provenance.preSharedIdentity
  }

  /// The identity of the key that a server's handshake is authenticated by, before it is done too: tickets are made in
  /// the same call.
  static func chosenIdentity(of ssl: OpaquePointer) -> [UInt8]? {
    guard unsafe SSL_is_server(ssl) == 1 else { return nil }
    if unsafe SSL_version(ssl) == TLS1_2_VERSION {
      return unsafe SSL_get_psk_identity(ssl).map { unsafe bytes(ofCText: $0) }
    }
    guard unsafe SSL_session_reused(ssl) == 1 else { return nil }
    return unsafe CallbackState.of(ssl)?.pointee.preSharedKeys?.key?.identity
  }

  /// The bytes of a C text, which need not be UTF-8.
  static func bytes(ofCText text: UnsafePointer<CChar>) -> [UInt8] {
    var bytes: [UInt8] = []
    while unsafe text[bytes.count] != 0 { bytes.append(UInt8(bitPattern: unsafe text[bytes.count])) }
    return bytes
  }

  /// The facts about a failed handshake; `nil` if neither side uses pre-shared keys.
  func preSharedKeyFailure(_ reason: Int32) -> PreSharedKeyFailure? {
    guard let callbacks = unsafe ContextCallbackState.of(ssl) else { return nil }
    let state = unsafe callbackState.pointee.preSharedKeys
    guard state != nil || callbacks.hasPreSharedKeys || !callbacks.hasIdentities else { return nil }
    let isClient = unsafe SSL_is_server(ssl) == 0
    let suite = unsafe SSL_get_pending_cipher(ssl)
    return PreSharedKeyFailure(
      role: isClient ? .client : .server, report: PreSharedKeyFailure.Report(reason),
      alertReceived: TLSAlert(reason: reason), isIgnored: state?.isIgnored ?? false,
      isOffered: isClient ? callbacks.hasPreSharedKeys : state?.isOffered ?? false,
      isFound: !isClient && state?.key != nil,
      isTLS12Suite: unsafe suite != nil && SSL_CIPHER_get_auth_nid(suite) == NID_auth_psk,
      isUnanswered: unsafe suite == nil || sitls_has_written_client_hello(ssl),
      hasCertificates: callbacks.hasIdentities)
  }
}

extension PreSharedKeyFailure.Report {
  /// - Parameter reason: the first reason of libssl in the error queue.
  init(_ reason: Int32) {
    switch reason {
    case SSL_R_BINDER_DOES_NOT_VERIFY: self = .wrongBinder
    case SSL_R_PSK_IDENTITY_NOT_FOUND: self = .identityNotFound
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, SSL_R_DIGEST_CHECK_FAILED: self = .badRecord
    case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
      self = .nothingInCommon
    default: self = .other
    }
  }
}
