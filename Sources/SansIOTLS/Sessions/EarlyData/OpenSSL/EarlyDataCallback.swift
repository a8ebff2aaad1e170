internal import CSansIOTLSOpenSSL

extension Callbacks {
  /// Notes the token of a client's offer, inside the ClientHello callback.
  static func noteEarlyData(of ssl: OpaquePointer, _ early: EarlyData) {
    var bytes: UnsafePointer<UInt8>?
    var count = 0
    early.token = nil
    early.hasAge = true
    guard unsafe SSL_client_hello_get0_ext(ssl, UInt32(TLSEXT_TYPE_early_data), &bytes, &count) == 1,
      unsafe SSL_client_hello_get0_ext(ssl, UInt32(TLSEXT_TYPE_psk), &bytes, &count) == 1
    else { return }
    early.token = unsafe TLSEngine.ClientHello.earlyDataToken(
      ofKeys: [UInt8](UnsafeBufferPointer(start: bytes, count: count)))
  }

  /// Decides about early data, which libssl itself would accept: the session is resumed, the binder is right, and the
  /// ticket's age is the one that the client states. Either the answer to the ClientHello has decided, or the replay
  /// filter does.
  static let allowEarlyData: SSL_allow_early_data_cb_fn = { ssl, _ in
    guard let ssl = unsafe ssl, let early = unsafe CallbackState.of(ssl)?.pointee.early,
      let callbacks = unsafe ContextCallbackState.of(ssl), let token = early.token
    else { return 0 }
    // A ticket of a time when more was allowed: what is kept for the application is bounded by today's limit.
    if unsafe SSL_SESSION_get_max_early_data(SSL_get_session(ssl)) > SSL_get_max_early_data(ssl) { return 0 }
    // Who answers forgets a token after the window, and a copy without age comes after it.
    if let answer = early.answer { return answer && early.hasAge ? 1 : 0 }
    guard let filter = callbacks.replayFilter else { return 0 }
    let isNew = ErrorQueue.preserving {
      let time = unsafe VerificationClock.now(of: SSL_get0_param(ssl))
      return filter.admits(token, at: time, forgets: early.hasAge)
    }
    return isNew ? 1 : 0
  }
}
